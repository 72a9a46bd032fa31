"""Makes a bearer token for a licensing system and prints it once."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accesscontrol import access
from accesscontrol.errors import Refused
from accesscontrol.models import User

DEFAULT_SCOPES = "decisions:ask"


class Command(BaseCommand):
    help = (
        "Make a bearer token with scopes and an expiry; its text is printed once and kept nowhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the licensing system, as it shall stand in the log")
        parser.add_argument(
            "--scopes",
            default=DEFAULT_SCOPES,
            help=f"comma-separated, {DEFAULT_SCOPES} unless told; all: {_listed(access.SCOPES)}",
        )
        parser.add_argument("--days", type=int, default=90, help="valid so long, 365 at most")
        parser.add_argument("--by", default="", help="the administrator who makes it, by user name")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        at = datetime.now(UTC)
        scopes = [scope for scope in options["scopes"].replace(",", " ").split() if scope]
        try:
            issued = access.issue_token(
                name=options["name"],
                scopes=scopes,
                expires_at=at + timedelta(days=options["days"]),
                by=_person(options["by"]),
                at=at,
            )
        except Refused as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(_printed(issued, options["format"]))


def _person(username: str) -> User | None:
    """The person of this user name. Without a name, the operator acts as the system: None."""
    if not username:
        return None
    person = User.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"There is nobody called {username}.")
    return person


def _printed(issued: access.IssuedToken, style: str) -> str:
    token = issued.token
    if style == "json":
        return json.dumps(
            {
                "name": token.name,
                "key_id": token.key_id,
                "scopes": token.scopes,
                "expires_at": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "token": issued.text,
            }
        )
    until = f"{token.expires_at:%Y-%m-%d}"
    return f"{issued.text}\nShown once. Valid until {until}; scopes {_listed(token.scopes)}."


def _listed(scopes: Iterable[str]) -> str:
    return ", ".join(sorted(scopes))
