"""`manage.py screen`: starts a full screening. With --wait it does the work here."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accesscontrol import screening
from accesscontrol.models import ScreeningRun, User

ENDED = {"done", "failed", "cancelled", "overtaken"}


class Command(BaseCommand):
    help = (
        "Screen every licensee for every offering. Exit codes: 0 done or started, "
        "1 some licensees failed or the run was stopped, 2 it could not be started."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", action="store_true", help="do the work here, show progress")
        parser.add_argument("--by", default="", help="user name of the person who asks for it")
        parser.add_argument("--because", default="Started by hand.", help="the reason")
        parser.add_argument("--dry-run", action="store_true", help="say what would be screened")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            return self._say(options, _planned())
        run = _start(options["by"], options["because"])
        if options["wait"]:
            _work(run, show=options["format"] == "text" and sys.stderr.isatty())
        self._say(options, _result(run))
        if options["wait"] and run.state != "done":
            raise SystemExit(1)
        return None

    def _say(self, options: dict[str, Any], result: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(json.dumps(result))
        else:
            self.stdout.write(", ".join(f"{name} {value}" for name, value in result.items()))


def _now() -> datetime:
    return datetime.now(UTC)


def _start(name: str, because: str) -> ScreeningRun:
    by = User.objects.filter(username=name, is_active=True).first() if name else None
    if name and by is None:
        raise CommandError(f"There is no active person {name}.", returncode=2)
    with transaction.atomic():
        run = screening.start(cause="manual", by=by, at=_now(), because=because)
    if run is None:
        raise CommandError("No release is published yet: publish a rule first.", returncode=2)
    return run


def _work(run: ScreeningRun, *, show: bool) -> None:
    """Screen chunks until the run has ended. Wait for the chunks that workers have taken."""
    while (progress := screening.progress(run, at=_now())).state not in ENDED:
        if show:
            _bar(progress)
        if not screening.next_chunk(at=_now()):
            time.sleep(0.2)
    if show:
        _bar(progress)
        sys.stderr.write("\n")


def _bar(progress: screening.Progress) -> None:
    width = 30
    full = "█" * (progress.percent * width // 100)
    rate = f"{progress.rate:,.0f}/s" if progress.rate else "…"
    left = f", {progress.left_s:,.0f} s left" if progress.left_s else ""
    done = f"{progress.done:,} of {progress.total:,}"
    sys.stderr.write(f"\r{full:<{width}} {progress.percent:3d} %  {done}  {rate}{left}  ")
    sys.stderr.flush()


def _planned() -> dict[str, Any]:
    from accesscontrol.models import Licensee, Offering

    return {"licensees": Licensee.objects.count(), "offerings": Offering.objects.count()}


def _result(run: ScreeningRun) -> dict[str, Any]:
    run.refresh_from_db()
    return {
        "run": run.pk,
        "state": run.state,
        "release": run.release.number,
        "total": run.total,
        "changed": run.changed,
        "unchanged": run.unchanged,
        "failed": run.failed,
    }
