"""The Celery tasks. Celery only wakes workers; the work and its progress are in the database.

A message that is lost, doubled or late changes nothing. A worker that wakes takes the next waiting
chunk, and finds none if another worker has done it.
"""

import time
from datetime import UTC, datetime

from celery import current_app, shared_task
from celery.schedules import crontab

from accesscontrol import orders, parties, screening
from accesscontrol.screening import preview as impact_preview

# A worker looks for work this long at a stretch. That is far below the broker's visibility timeout.
# Beat wakes it again a second later.
STRETCH_S = 60.0


def _now() -> datetime:
    return datetime.now(UTC)


@shared_task(name="accesscontrol.tasks.screen", ignore_result=True)
def screen() -> int:
    """Do the waiting work until none is left or the stretch is over. Each turn, in this order:

    1. Start the runs that boundaries in time need.
    2. Work on a preview, since a person waits for it and it takes seconds.
    3. Screen a chunk.
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
    """Recompute what depends on dated papers, then start the runs that are due.

    In this order, no run judges by an ownership that is out of date. A worker that dies between the
    two steps leaves the boundary to the next worker.
    """
    if screening.papers_due(at):
        parties.refresh(at=at)
    screening.due_boundaries(at)


@shared_task(name="accesscontrol.tasks.nightly", ignore_result=True)
def nightly() -> None:
    """Bring matches and ownership up to date, then screen every licensee. It must find nothing."""
    parties.refresh(at=_now())
    screening.nightly(at=_now())


@shared_task(name="accesscontrol.tasks.emergencies", ignore_result=True)
def emergencies() -> None:
    """Raise an alarm for emergency denials that no second person has confirmed within a day."""
    orders.alarm_overdue_emergencies(at=_now())


# A wake-up that no worker has taken in time expires, since the next one is there.
current_app.conf.beat_schedule = {
    **(current_app.conf.beat_schedule or {}),
    "screen": {"task": screen.name, "schedule": 1.0, "options": {"expires": 5}},
    "emergencies": {"task": emergencies.name, "schedule": 60.0, "options": {"expires": 60}},
    "nightly": {"task": nightly.name, "schedule": crontab(hour=3, minute=0)},
}
