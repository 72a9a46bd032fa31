"""Imports a file of restricted parties: manage.py import_list --source csl FILE.

Exit codes: 0 every row was read; 1 some rows could not be read (they are listed, the others are in
force); 2 the file as a whole was refused and nothing was changed.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accesscontrol import parties
from accesscontrol.errors import Refused


class Command(BaseCommand):
    """Calls parties.import_list from a terminal."""

    help = "Import a file of restricted parties (the US Consolidated Screening List) in one step."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file, as downloaded")
        parser.add_argument("--source", default="csl", help="its format (csl)")
        parser.add_argument("--dry-run", action="store_true", help="say what would change")
        parser.add_argument(
            "--accept-shrink", action="store_true", help="accept a list that lost many parties"
        )
        parser.add_argument("--because", default="", help="why, for the log")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            result = parties.import_list(
                data=file.read_bytes(),
                file_name=file.name,
                source=options["source"],
                by=None,
                at=timezone.now(),
                because=options["because"] or "Imported from the command line.",
                dry_run=options["dry_run"],
                accept_shrink=options["accept_shrink"],
            )
        except (Refused, OSError) as problem:
            self._refuse(str(problem), options["format"])
        if options["format"] == "text":
            self._print(result)
        self.stdout.write(json.dumps(result.to_json(), ensure_ascii=False))
        if result.errors:
            raise SystemExit(1)

    def _print(self, result: parties.Import) -> None:
        for bad in result.errors:
            self.stderr.write(f"line {bad.line}: {bad.reason}")
        for change in result.lists:
            note = f"  {change.kept_because}" if change.kept_because else ""
            self.stdout.write(
                f"{change.code:5} {change.entries:6} entries: {len(change.added)} added, "
                f"{len(change.changed)} changed, {len(change.removed)} removed{note}"
            )

    def _refuse(self, message: str, format_: str) -> None:
        if format_ == "json":
            self.stdout.write(json.dumps({"error": message}, ensure_ascii=False))
        self.stderr.write(message)
        raise SystemExit(2)
