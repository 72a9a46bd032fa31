"""Loads the demo: a person of each role, models, a thousand licensees, a first screening."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accesscontrol.management.demo import cast
from accesscontrol.management.demo.loading import load_demo

# Every reader of this file knows it, so it is for a trial on one's own machine only.
DEMO_PASSWORD = "made-up-for-the-demo"  # noqa: S105


class Command(BaseCommand):
    """`manage.py load_demo`: changes nothing if there are licensees already."""

    help = "Load the demo's people, models and licensees. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--password", default="", help="For all demo users")
        parser.add_argument("--crowd", type=int, default=1_000, help="Generated licensees")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or self._default_password()
        if not load_demo(at=datetime.now(UTC), password=password, crowd_size=options["crowd"]):
            self.stdout.write("Licensees stand already, so nothing was changed.")
            return
        self.stdout.write(f"{len(cast.MEMBERS) + options['crowd']} licensees are loaded.")
        for person in cast.PEOPLE:
            self.stdout.write(f"  {person.role:<9} {person.username:<8} {password}")

    def _default_password(self) -> str:
        if not getattr(settings, "EMBEDDED", False):
            raise CommandError("Give --password: this is not the machine's own trial database.")
        return DEMO_PASSWORD
