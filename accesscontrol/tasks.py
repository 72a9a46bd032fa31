"""Celery is only the clock: it wakes workers; the work, and what is left of it, is in the database.

A message that is lost, doubled or late changes nothing: whoever wakes takes the next waiting chunk,
and finds none where another has done it.
"""

import time
from datetime import UTC, datetime

from celery import current_app, shared_task
from celery.schedules import crontab

from accesscontrol import orders, parties, screening
from accesscontrol.screening import preview as impact_preview

# A worker looks for work this long at a stretch, far below the broker's visibility timeout; beat
# sends it back to work a second later.
STRETCH_S = 60.0


def _now() -> datetime:
    return datetime.now(UTC)


@shared_task(name="accesscontrol.tasks.screen", ignore_result=True)
def screen() -> int:
    """Start what boundaries in time need, then work on previews and chunks until none is left.

    A preview comes first: somebody waits for it, and it takes seconds.
    """
    until = time.monotonic() + STRETCH_S
    chunks = 0
    while time.monotonic() < until:
        _let_time_pass(_now())
        if impact_preview.work(at=_now()):
            continue
        if not screening.next_chunk(at=_now()):
            break
        chunks += 1
    return chunks


def _let_time_pass(at: datetime) -> None:
    """Recompute what rests on dated papers, then start what is due.

    In this order: a worker that dies in between leaves the boundary to the next one, and no run
    judges by an ownership that is out of date.
    """
    if screening.papers_due(at):
        parties.refresh(at=at)
    screening.due_boundaries(at)


@shared_task(name="accesscontrol.tasks.nightly", ignore_result=True)
def nightly() -> None:
    """Bring matches and ownership up to date, then screen everyone: it must find nothing."""
    parties.refresh(at=_now())
    screening.nightly(at=_now())


@shared_task(name="accesscontrol.tasks.emergencies", ignore_result=True)
def emergencies() -> None:
    """Raise the alarm over emergency denials that no second person has confirmed in a day."""
    orders.alarm_overdue_emergencies(at=_now())


# A wake-up that no worker took within a second is worth nothing, since the next one is there.
current_app.conf.beat_schedule = {
    **(current_app.conf.beat_schedule or {}),
    "screen": {"task": screen.name, "schedule": 1.0, "options": {"expires": 5}},
    "emergencies": {"task": emergencies.name, "schedule": 60.0, "options": {"expires": 60}},
    "nightly": {"task": nightly.name, "schedule": crontab(hour=3, minute=0)},
}
