"""Prepares a database that is not embedded: extensions, and a role that owns the audit log."""

from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from project import guard


class Command(BaseCommand):
    help = (
        "Run once with the rights of the database's owner, after the first migrate: makes the "
        "extensions and gives the audit log to a role of its own, so that the product can add to "
        "it and read it, but not change it. Before a later migrate, --release gives it back."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--owner-url",
            required=True,
            help="postgresql://… of a superuser, or of a role that may create roles",
        )
        parser.add_argument("--release", action="store_true", help="give the log back to migrate")

    def handle(self, *args: Any, **options: Any) -> None:
        role = connection.settings_dict["USER"]
        try:
            with psycopg.connect(options["owner_url"]) as owner:
                self.stdout.write(self._words(owner, role, release=options["release"]))
        except psycopg.Error as error:
            raise CommandError(f"The database refused: {error}. Nothing was changed.") from error

    def _words(self, owner: psycopg.Connection, role: str, *, release: bool) -> str:
        if release:
            guard.release(owner, role)
            return f"The audit log belongs to {role} until the next bootstrap_database."
        missing = guard.prepare(owner, role)
        guarded = guard.guard(owner, role)
        words = (
            "The audit log is guarded." if guarded else "There is no audit log yet: migrate first."
        )
        return words + (f" This server lacks {', '.join(missing)}." if missing else "")
