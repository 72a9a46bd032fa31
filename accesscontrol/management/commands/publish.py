"""Publishes an approved rule version from the command line, as a named person."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accesscontrol import orders
from accesscontrol.errors import Refused
from accesscontrol.models import RuleVersion, User


class Command(BaseCommand):
    """`manage.py publish R-0042 --by jane`: exit 0 published (or publishable), 1 refused."""

    help = "Put the approved version of a rule in force: a release, its record, a screening."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", help="The rule's reference, such as R-0042")
        parser.add_argument("--by", required=True, help="User name of the officer or approver")
        parser.add_argument("--because", default="", help="Why, kept with the release")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        at = datetime.now(UTC)
        person = User.objects.filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"There is no user {options['by']}.")
        version = _open_version(options["rule"])
        try:
            if options["dry_run"]:
                planned = orders.ensure_publishable(version, at=at)
                self.stdout.write(f"{version} can be published. {planned.in_words()}")
                return
            release = orders.publish(version=version, by=person, at=at, because=options["because"])
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(
            f"Release {release.number} puts {version} in force; everyone is screened."
        )


def _open_version(ref: str) -> RuleVersion:
    """The rule's open version. The verb that publishes it checks that it is approved."""
    versions = RuleVersion.objects.filter(rule__ref=ref).select_related("rule__order")
    version = versions.filter(state__in=["draft", "submitted", "approved"]).first()
    if version is None:
        raise CommandError(f"{ref} has no version that waits to be published.")
    return version
