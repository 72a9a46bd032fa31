"""Starts the screenings that need to be done because an instant has passed, each once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from accesscontrol.models import Boundary, Release, ScreeningRun
from accesscontrol.screening.runs.lifecycle import start


def due_boundaries(at: datetime) -> list[ScreeningRun]:
    """Start the screenings that instants not after ``at`` need, each exactly once.

    One run is for all boundaries that concern every licensee, and one for licensees whose own facts
    begin or end: their rows are written anew, and cases and holds follow, whether or not a standing
    changes.
    """
    with transaction.atomic():
        due = list(
            Boundary.objects.select_for_update(skip_locked=True)
            .filter(run=None, at__lte=at)
            .order_by("at", "id")
        )
        if not due or not Release.objects.exists():
            return []
        own = [boundary for boundary in due if boundary.licensee_id is not None]
        common = [boundary for boundary in due if boundary.licensee_id is None]
        return [_start(part, at) for part in (own, common) if part]


def papers_due(at: datetime) -> bool:
    """Whether a boundary is due that can also change matches or ownership: entitlements cannot."""
    due = Boundary.objects.filter(run=None, at__lte=at).exclude(what__startswith="entitlement")
    return due.exists() and Release.objects.exists()


def _start(due: Sequence[Boundary], at: datetime) -> ScreeningRun:
    """``due``: all of them concern licensees of their own, or all of them every licensee."""
    run = start(
        cause="boundary",
        subject=_words(boundary.what for boundary in due),
        because=f"Instants up to {at:%Y-%m-%d %H:%M:%S} UTC at which an answer can change.",
        by=None,
        at=at,
        licensees=[b.licensee_id for b in due if b.licensee_id is not None] or None,
    )
    assert run is not None  # a release exists
    Boundary.objects.filter(id__in=[boundary.id for boundary in due]).update(run=run)
    return run


def _words(whats: Iterable[str]) -> str:
    names = list(dict.fromkeys(whats))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
