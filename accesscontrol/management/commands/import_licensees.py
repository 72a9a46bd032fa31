"""Imports licensees from CSV, all or nothing: manage.py import_licensees FILE.csv [--dry-run].

Exit codes: 0 imported (or, with --dry-run, could be); 1 some rows have errors, nothing was changed;
2 the file as a whole was refused (encoding, delimiter, column), nothing was changed.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accesscontrol import registry
from accesscontrol.errors import Refused


class Command(BaseCommand):
    """Calls registry.import_licensees from a terminal."""

    help = "Import licensees from a CSV file, all or nothing."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, UTF-8, first line ref,name,country,…")
        parser.add_argument("--dry-run", action="store_true", help="check, and change nothing")
        parser.add_argument("--because", default="", help="why, for the log")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            result = registry.import_licensees(
                data=file.read_bytes(),
                file_name=file.name,
                by=None,
                at=timezone.now(),
                because=options["because"] or "Imported from the command line.",
                dry_run=options["dry_run"],
            )
        except (Refused, OSError) as problem:
            self._refuse(str(problem), options["format"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(result.to_json(), ensure_ascii=False))
        else:
            self._print(result)
        if result.problems:
            raise SystemExit(1)

    def _print(self, result: registry.ImportResult) -> None:
        for bad in result.problems:
            where = f"row {bad.row}" + (f", {bad.column} “{bad.value}”" if bad.column else "")
            hint = f" ({bad.suggestion})" if bad.suggestion else ""
            self.stderr.write(f"{where}: {bad.problem}{hint}")
        numbers = result.to_json()
        self.stdout.write(
            f"{numbers['rows']} rows: {numbers['new']} new, {numbers['changed']} changed, "
            f"{numbers['unchanged']} unchanged, {len(result.problems)} errors. "
            + ("Imported." if result.applied else "Nothing was changed.")
        )
        if result.applied and result.waiting:
            self.stdout.write(
                f"{len(result.waiting)} licensees would get an easier standing: their changes "
                "wait for a second person."
            )

    def _refuse(self, message: str, format_: str) -> None:
        if format_ == "json":
            self.stdout.write(json.dumps({"error": message}, ensure_ascii=False))
        self.stderr.write(message)
        raise SystemExit(2)
