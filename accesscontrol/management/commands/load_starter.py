"""Installs the starter policy, the law as rules, if there is no release yet."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from accesscontrol.management.starting import load_starter


class Command(BaseCommand):
    """`manage.py load_starter`: exits 0, even if there is a release already."""

    help = "Install the starter policy: the written law as rules. Safe to run twice."

    def handle(self, *args: Any, **options: Any) -> None:
        release = load_starter(at=datetime.now(UTC))
        if release is None:
            self.stdout.write("A release stands already, so nothing was changed.")
        else:
            self.stdout.write(f"Release {release.number} holds the starter policy.")
