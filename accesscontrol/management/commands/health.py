"""Says whether the product can decide and record, as /readyz does. Exit code 1 if it cannot."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from project import probes


class Command(BaseCommand):
    help = "Whether a question can be decided and recorded here. Exit 0 ready, 1 not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        checks, warnings = probes.check_all()
        ready = all(state == "ok" for state in checks.values())
        if options["format"] == "json":
            self.stdout.write(json.dumps({"ready": ready, "checks": checks, "warnings": warnings}))
        else:
            lines = [f"{name:<12} {state}" for name, state in checks.items()]
            self.stdout.write("\n".join([*lines, *(f"warning      {text}" for text in warnings)]))
        if not ready:
            sys.exit(1)
