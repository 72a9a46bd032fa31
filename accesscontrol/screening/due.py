"""Starts, once, the screenings that instants already passed have made necessary."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from accesscontrol.models import Boundary, Release, ScreeningRun
from accesscontrol.screening.runs import start


def due_boundaries(at: datetime) -> list[ScreeningRun]:
    """Start the screenings that instants not after ``at`` need, each exactly once.

    One that concerns everyone makes one full screening, and the rest of what is due goes with it.
    """
    with transaction.atomic():
        due = list(
            Boundary.objects.select_for_update(skip_locked=True)
            .filter(run=None, at__lte=at)
            .order_by("at", "id")
        )
        if not due or not Release.objects.exists():
            return []
        run = _start(due, at)
        Boundary.objects.filter(id__in=[boundary.id for boundary in due]).update(run=run)
    return [run]


def papers_due(at: datetime) -> bool:
    """Whether what is due can also move matches or ownership: a grant or a hold cannot."""
    due = Boundary.objects.filter(run=None, at__lte=at).exclude(what__startswith="entitlement")
    return due.exists() and Release.objects.exists()


def _start(due: Sequence[Boundary], at: datetime) -> ScreeningRun:
    everyone = any(boundary.licensee_id is None for boundary in due)
    run = start(
        cause="boundary",
        subject=_words(boundary.what for boundary in due),
        because=f"Instants up to {at:%Y-%m-%d %H:%M:%S} UTC at which an answer can change.",
        by=None,
        at=at,
        licensees=None if everyone else [b.licensee_id for b in due if b.licensee_id],
    )
    assert run is not None  # a release exists
    return run


def _words(whats: Iterable[str]) -> str:
    names = list(dict.fromkeys(whats))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
