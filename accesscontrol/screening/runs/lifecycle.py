"""A screening run from its start, in the transaction of the change, to its one closing event."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection, models, transaction
from django.db.models import Count, Max, Q

from accesscontrol import access, audit, releases, webhooks
from accesscontrol.errors import Refused
from accesscontrol.models import (
    ApiToken,
    Release,
    ScreeningChunk,
    ScreeningRun,
    User,
)
from accesscontrol.screening.narrowing import basis
from accesscontrol.screening.register import boundaries, current_facts
from accesscontrol.screening.runs import id_ranges

log = logging.getLogger(__name__)

# Licensees a chunk: few enough that progress is seen, two workers share and 256 MB suffice; many
# enough that what each chunk costs by itself does not count.
CHUNK = 200_000
TASK = "accesscontrol.tasks.screen"
WAKE_S = 0.5
# A worker that works on a chunk is seen by its lock; one that took none for this long is absent.
WORKER_SEEN = timedelta(seconds=60)
SELECT_CHUNK_LOCKED = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE relation = to_regclass(%s) AND mode = 'RowShareLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid <> pg_backend_pid()
    )
"""
# How far clocks may be apart, or a verb wait for a lock, and still act at the newest instant.
CLOCKS_APART = basis.CLOCKS_APART

State = ScreeningRun.State


class CannotCancel(Refused):
    """The run has already ended."""

    code = "cannot_cancel"


class NothingFailed(Refused):
    """The run has no failed chunk to retry."""

    code = "nothing_failed"


def start(
    *,
    cause: str,
    at: datetime,
    by: User | None,
    release: Release | None = None,
    subject: models.Model | str | None = None,
    because: str = "",
    licensees: Iterable[int] | None = None,
    chunk: int = CHUNK,
) -> ScreeningRun | None:
    """Write a run and its chunks, in the caller's transaction, and wake the workers after it.

    1. Lock the rows of the named licensees, and write them anew.
    2. Write the run with its basis, and its chunks.
    3. For a full run keep the instants ahead at which an answer can change.
    4. Finish a run that has no chunk; else wake the workers once the transaction has committed.

    ``licensees`` (ids) names them; without it every licensee is screened. ``release`` is the newest
    unless given. Returns None where no release was ever published: nothing can be judged yet, and
    the first publication screens every licensee.
    """
    ids = None if licensees is None else sorted(set(licensees))
    if ids:
        with transaction.atomic():
            current_facts.lock(ids)
            current_facts.refresh(ids, at=_not_before_the_last(at))
    release = release or Release.objects.order_by("-number").first()
    if release is None:
        return None
    with transaction.atomic():
        parts = id_ranges.of_everyone(chunk) if ids is None else id_ranges.of_named(ids, chunk)
        run = ScreeningRun.objects.create(
            cause=cause,
            subject=str(subject or "")[:300],
            because=because,
            release=release,
            from_release=_release_before(release),
            full=ids is None,
            basis=basis.choose(cause=cause) if ids is None else None,
            total=sum(part.licensees for part in parts),
            started_by=by if isinstance(by, User) else None,
            created_at=at,
        )
        for part in parts:
            part.run = run
        ScreeningChunk.objects.bulk_create(parts)
        if run.full:
            boundaries.of_release(releases.get(release.number), at=at)
        if not parts:
            finish(run, at=at)
        else:
            transaction.on_commit(wake, robust=True)
    return run


def _not_before_the_last(at: datetime) -> datetime:
    """``at``, or the instant of a newer run: a verb that waited for a lock must not undo that."""
    last = ScreeningRun.objects.order_by("-id").values_list("created_at", flat=True).first()
    return max(at, last) if last is not None and last - at <= CLOCKS_APART else at


def nightly(*, at: datetime) -> ScreeningRun | None:
    """Start the full screening that must find nothing, once a day of UTC however often called."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('screening.nightly'))")
        if ScreeningRun.objects.filter(cause="nightly", created_at__gte=midnight).exists():
            return None
        return start(
            cause="nightly",
            by=None,
            at=at,
            because="The nightly proof: everyone again, and nothing may differ.",
        )


def wake() -> None:
    """Tell a worker that there is work. Beat does so too: without a broker it costs a second.

    The client of a broker that is down tries for several seconds; the caller does not wait for it.
    """
    messenger = threading.Thread(target=_send, name="wake", daemon=True)
    messenger.start()
    messenger.join(WAKE_S)


def _send() -> None:
    try:
        current_app.send_task(TASK, retry=False, expires=60)
    except Exception as error:
        log.warning("workers were not woken, beat will do it: %s", error)


def finish(run: ScreeningRun, *, at: datetime) -> None:
    """Close a run whose last chunk has ended, with its one event; the caller has it locked."""
    run.state = State.FAILED if run.failed else State.DONE
    run.finished_at = at
    run.save(update_fields=["state", "finished_at"])
    audit.record(
        "run.failed" if run.failed else "run.finished",
        run,
        by=run.started_by,
        at=at,
        because=run.because,
        release=run.release,
        details=totals(run) | {"cause": run.cause, "subject": run.subject},
    )
    if run.alarm:
        audit.record(
            "run.alarm",
            run,
            by=None,
            at=at,
            because="A nightly screening found standings that no change explains.",
            release=run.release,
            details={"unexplained": run.alarm},
        )
    webhooks.run_completed(run, at=at)


def cancel(
    run: ScreeningRun, *, by: User | ApiToken | None, at: datetime, because: str = ""
) -> ScreeningRun:
    """Stop a run. What its finished chunks changed stays; a chunk in work is let finish.

    Raises CannotCancel if it has ended.
    """
    access.require(by, "run.manage", at=at)
    with transaction.atomic():
        run = ScreeningRun.objects.select_for_update().get(pk=run.pk)
        if run.state not in (State.QUEUED, State.RUNNING):
            raise CannotCancel(f"The run has ended already: {run.get_state_display().lower()}.")
        close_early(run, State.CANCELLED, by=by, at=at, because=because)
    return run


def close_early(
    run: ScreeningRun,
    state: ScreeningRun.State,
    *,
    by: User | ApiToken | None,
    at: datetime,
    because: str,
) -> None:
    """End a run before its last chunk. A chunk in work is skipped, and let finish."""
    free = run.chunks.filter(state="waiting").select_for_update(skip_locked=True)
    ids = list(free.values_list("id", flat=True))
    ScreeningChunk.objects.filter(id__in=ids).update(state="cancelled", finished_at=at)
    run.state, run.finished_at = state, at
    run.save(update_fields=["state", "finished_at"])
    audit.record(
        f"run.{state}",
        run,
        by=by,
        at=at,
        because=because,
        release=run.release,
        details=totals(run) | {"cause": run.cause, "chunks_not_screened": len(ids)},
    )


def retry_failed(
    run: ScreeningRun, *, by: User | ApiToken | None, at: datetime, because: str = ""
) -> ScreeningRun:
    """Give the failed chunks of a run five more attempts. Raises NothingFailed if it has none."""
    access.require(by, "run.manage", at=at)
    with transaction.atomic():
        run = ScreeningRun.objects.select_for_update().get(pk=run.pk)
        failed = run.chunks.filter(state="failed")
        if run.state != State.FAILED or not failed.exists():
            raise NothingFailed("No chunk of this run has failed, so there is nothing to retry.")
        again = failed.update(
            state="waiting", attempts=0, failed=0, taken_at=None, finished_at=None, problem=""
        )
        run.state, run.failed, run.finished_at = State.RUNNING, 0, None
        run.told = run.chunks.aggregate(newest=Max("feed"))["newest"] or 0
        run.save(update_fields=["state", "failed", "finished_at", "told"])
        audit.record(
            "run.retried", run, by=by, at=at, because=because, release=run.release,
            details={"chunks": again},
        )  # fmt: skip
        transaction.on_commit(wake, robust=True)
    return run


def totals(run: ScreeningRun) -> dict[str, object]:
    """What a run did: changed + unchanged + failed = total once it is done.

    A narrowed run judges fewer: the others are unchanged, since the change cannot affect them.
    """
    return {
        "total": run.total,
        "judged": run.judged,
        "changed": run.changed,
        "unchanged": run.unchanged,
        "failed": run.failed,
        "outcome_changes": run.outcome_changes,
    }


@dataclass(frozen=True)
class Progress:
    """How far a run is; ``rate`` in licensees a second, ``left_s`` in seconds, None if unknown."""

    state: str
    done: int
    total: int
    changed: int
    unchanged: int
    failed: int
    chunks: int
    chunks_waiting: int
    chunks_failed: int
    rate: float | None
    left_s: float | None
    waits_for_worker: bool

    @property
    def percent(self) -> int:
        """Whole percent, 100 only when nothing is left."""
        return 100 if not self.total else min(100, self.done * 100 // self.total)


def progress(run: ScreeningRun, *, at: datetime) -> Progress:
    """How far a run is at an instant, read from its rows."""
    run.refresh_from_db()
    seen = run.chunks.aggregate(
        n=Count("id"),
        waiting=Count("id", filter=Q(state="waiting")),
        failed=Count("id", filter=Q(state="failed")),
        last=Max("taken_at"),
    )
    done = run.changed + run.unchanged + run.failed
    seconds = ((run.finished_at or at) - run.started_at).total_seconds() if run.started_at else 0.0
    rate = done / seconds if seconds > 0 and done else None
    going = run.state in (State.QUEUED, State.RUNNING)
    return Progress(
        state=run.state,
        done=done,
        total=run.total,
        changed=run.changed,
        unchanged=run.unchanged,
        failed=run.failed,
        chunks=seen["n"],
        chunks_waiting=seen["waiting"],
        chunks_failed=seen["failed"],
        rate=rate,
        left_s=(run.total - done) / rate if going and rate else None,
        waits_for_worker=going and not _worker_seen(run, at),
    )


def _worker_seen(run: ScreeningRun, at: datetime) -> bool:
    """Whether a worker has taken a chunk of any run within a minute, or works on one now."""
    of_going = ScreeningChunk.objects.filter(run__state__in=[State.QUEUED, State.RUNNING])
    last = of_going.aggregate(last=Max("taken_at"))["last"]
    if at - max(filter(None, (last, run.created_at))) <= WORKER_SEEN:
        return True
    with connection.cursor() as cursor:
        cursor.execute(SELECT_CHUNK_LOCKED, [ScreeningChunk._meta.db_table])
        return bool(cursor.fetchone()[0])


def _release_before(release: Release) -> Release | None:
    """The release whose standings this run replaces: that of the last full run that was done."""
    last = ScreeningRun.objects.filter(state=State.DONE, full=True).order_by("-id").first()
    if last is not None:
        return last.release
    return Release.objects.filter(number__lt=release.number).order_by("-number").first()
