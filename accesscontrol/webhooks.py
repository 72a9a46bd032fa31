"""The outbox of messages to licensing systems: ids and changes, written in one transaction."""

from datetime import datetime

from accesscontrol.models import OutboxMessage, ScreeningRun, StandingChange

# A run that changes more standings than this names its feed instead of sending a message each.
MOST_MESSAGES = 1_000


def run_completed(run: ScreeningRun, *, at: datetime) -> None:
    """Write a message that the run has ended and, for a small run, one per changed standing.

    A run that was retried ends twice. The second time writes no message for a change that has one.
    """
    if run.changed <= MOST_MESSAGES:
        flipped = run.changes.filter(outcome_changed=True, chunk__feed__gt=run.told)
        OutboxMessage.objects.bulk_create(
            OutboxMessage(kind="standing.changed", created_at=at, data=_changed(change, run))
            for change in flipped.select_related("licensee", "chunk")
        )
    OutboxMessage.objects.create(
        kind="run.completed",
        created_at=at,
        data={
            "run": run.pk,
            "release": run.release.number,
            "cause": run.cause,
            "total": run.total,
            "changed": run.changed,
            "unchanged": run.unchanged,
            "failed": run.failed,
            "changes": f"/api/v1/runs/{run.pk}/changes",
        },
    )


def _changed(change: StandingChange, run: ScreeningRun) -> dict[str, object]:
    return {
        "licensee": change.licensee.ref,
        "run": run.pk,
        "release": run.release.number,
        "change": f"{change.chunk.feed}.{change.licensee_id}",  # its cursor in the feed
    }
