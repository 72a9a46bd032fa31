"""Takes the next waiting chunk, screens it in one transaction, ends the run after the last."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Max, QuerySet, When

from accesscontrol import audit, releases
from accesscontrol.models import Boundary, Licensee, ScreeningChunk, ScreeningRun
from accesscontrol.screening.results import feed
from accesscontrol.screening.runs import chunk_work, id_ranges, lifecycle, work_item

MOST_NAMED = 100  # licensees that a chunk's event names where the nightly proof raises its alarm
# How long a full run waits for runs over named licensees, and the proof for all others. Changes
# that never cease must not delay a rule for ever.
FULL_RUN_WAITS = timedelta(seconds=5)
PROOF_WAITS = timedelta(minutes=10)

RunState = ScreeningRun.State


def next_chunk(*, at: datetime) -> bool:
    """Screen one waiting chunk; False if none can be taken now.

    After five attempts a chunk is failed, shown, and retried by hand: see work_item.py.
    """
    return work_item.work_on_next(
        _waiting(at),
        begin=_begin,
        work=_screen,
        under_way=_under_way,
        fail=_fail,
        failure="chunk %s could not be screened",
        at=at,
    )


def _waiting(at: datetime) -> QuerySet[ScreeningChunk]:
    """Named licensees before full runs, the nightly proof last: by then it should find nothing.

    Chunks of runs that have waited long come in the order in which they were made.
    """
    proof = When(run__cause="nightly", run__created_at__gt=at - PROOF_WAITS, then=2)
    full_run = When(run__full=True, run__created_at__gt=at - FULL_RUN_WAITS, then=1)
    turn = Case(proof, full_run, default=0, output_field=IntegerField())
    return work_item.free(ScreeningChunk.objects.filter(state="waiting")).order_by(turn, "id")


def _begin(chunk: ScreeningChunk, at: datetime) -> None:
    ScreeningChunk.objects.filter(pk=chunk.pk).update(**work_item.attempt(chunk))
    queued = ScreeningRun.objects.filter(pk=chunk.run_id, state=RunState.QUEUED)
    queued.update(state=RunState.RUNNING, started_at=at)


def _screen(pk: int, at: datetime) -> None:
    """Screen a chunk, in the caller's transaction; nothing if another worker has it.

    1. Lock the chunk, and its licensees.
    2. Choose the instant, after the locks: no older than the newest change that is committed.
    3. See whether the chunk is still to be screened, and by which release.
    4. Screen its licensees.
    5. Close the chunk with its event, and the run after its last chunk.
    """
    chunk = (
        ScreeningChunk.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("run__release")
        .filter(pk=pk, state="waiting")
        .first()
    )
    if chunk is None:
        return
    last = id_ranges.lock(chunk)
    at = _not_before_what_is_known(at)
    loaded = releases.current()
    if not _goes_on(chunk, loaded, at):
        return
    _done(chunk, chunk_work.screen(chunk, loaded, last=last, at=at), at)


def _not_before_what_is_known(at: datetime) -> datetime:
    """The instant to judge at: not older than the newest change already committed.

    A worker that waited for a lock, or whose clock is behind, would otherwise read the facts of
    before a change, and write an older standing over a newer one.
    """
    ahead = ScreeningRun.objects.filter(
        created_at__gt=at, created_at__lte=at + lifecycle.CLOCKS_APART
    )
    return ahead.aggregate(newest=Max("created_at"))["newest"] or at


def _goes_on(chunk: ScreeningChunk, loaded: releases.Loaded, at: datetime) -> bool:
    """Whether the chunk is still to be screened; otherwise a newer release's own run does it.

    A run over named licensees, and one that no newer full run replaces, moves on to the newer
    release instead, so that no licensee is left under the old one.
    """
    run = ScreeningRun.objects.select_related("release").get(pk=chunk.run_id)
    if run.state in (RunState.CANCELLED, RunState.OVERTAKEN):
        ScreeningChunk.objects.filter(pk=chunk.pk).update(state="cancelled", finished_at=at)
        return False
    if loaded.number <= run.release.number:
        return True
    newer = ScreeningRun.objects.filter(full=True, release__number__gt=run.release.number)
    if run.full and newer.filter(id__gt=run.pk).exclude(state=RunState.CANCELLED).exists():
        locked = ScreeningRun.objects.select_for_update().get(pk=run.pk)
        if locked.state not in (RunState.CANCELLED, RunState.OVERTAKEN):
            why = f"Release {loaded.number} was published; its own run screens everyone."
            lifecycle.close_early(locked, RunState.OVERTAKEN, by=None, at=at, because=why)
        ScreeningChunk.objects.filter(pk=chunk.pk).update(state="cancelled", finished_at=at)
        return False
    ScreeningRun.objects.filter(pk=run.pk).update(release_id=loaded.id)
    return True


def _done(chunk: ScreeningChunk, screened: chunk_work.ScreenedChunk, at: datetime) -> None:
    changes = screened.changes
    expected, chunk.licensees, chunk.judged = chunk.licensees, screened.licensees, screened.judged
    chunk.state, chunk.finished_at = ScreeningChunk.State.DONE, at
    chunk.changed = len(changes.changed)
    chunk.unchanged = screened.licensees - chunk.changed
    chunk.changes_digest, chunk.problem = changes.digest, ""
    chunk.flipped = changes.flipped
    chunk.save()
    nightly = chunk.run.cause == "nightly"
    differed = sorted({*changes.changed.tolist(), *screened.corrected}) if nightly else []
    unexplained = _unexplained(chunk, differed)
    details = screened.followed | {
        "run": chunk.run_id,
        "licensees": screened.licensees,
        "judged": screened.judged,
        "changed": chunk.changed,
        "unchanged": chunk.unchanged,
        "outcome_changes": dict(changes.outcome_changes),
        "changes_sha256": chunk.changes_digest,
    }
    if unexplained:
        details["unexplained"] = _refs(unexplained[:MOST_NAMED])
    audit.record(
        "run.chunk_done", f"chunk {chunk.pk}", by=None, at=at,
        release=chunk.run.release, details=details,
    )  # fmt: skip
    _close(chunk, screened.licensees - expected, changes.outcome_changes, len(unexplained), at)


def _unexplained(chunk: ScreeningChunk, changed: list[int]) -> list[int]:
    """The licensees of these whose changes no other waiting chunk or due boundary would make."""
    if not changed:
        return []
    others = ScreeningChunk.objects.filter(state="waiting").exclude(run_id=chunk.run_id)
    awaited: set[int] = set()
    for other in others.filter(first_id__lte=changed[-1], last_id__gte=changed[0]):
        inside = [pk for pk in changed if other.first_id <= pk <= other.last_id]
        awaited.update(inside if other.ids is None else set(inside) & set(other.ids))
    due = Boundary.objects.filter(run=None, at__lte=chunk.finished_at)
    if due.filter(licensee=None).exists():
        return []
    awaited.update(due.filter(licensee_id__in=changed).values_list("licensee_id", flat=True))
    return sorted(set(changed) - awaited)


def _refs(ids: list[int]) -> list[str]:
    return list(Licensee.objects.filter(id__in=ids).order_by("id").values_list("ref", flat=True))


def _close(
    chunk: ScreeningChunk, more: int, outcome_changes: Counter[str], unexplained: int, at: datetime
) -> None:
    """Add a chunk that ended to its run, and end the run if it was the last.

    ``more``: licensees that the chunk has beyond those that were expected.
    """
    run = ScreeningRun.objects.select_for_update().get(pk=chunk.run_id)
    if chunk.changed:
        feed.take_place(chunk)
    run.total += more
    run.judged += chunk.judged
    run.changed += chunk.changed
    run.unchanged += chunk.unchanged
    run.failed += chunk.failed
    run.alarm += unexplained
    run.outcome_changes = dict(sorted((Counter(run.outcome_changes) + outcome_changes).items()))
    counts = ["total", "judged", "changed", "unchanged", "failed", "alarm", "outcome_changes"]
    run.save(update_fields=counts)
    if run.state in (RunState.QUEUED, RunState.RUNNING) and not _any_left(run):
        lifecycle.finish(run, at=at)


def _any_left(run: ScreeningRun) -> bool:
    """A chunk that another worker has in work counts as waiting: that worker comes after us."""
    return run.chunks.filter(state="waiting").exists()


def _under_way(pk: int) -> ScreeningChunk | None:
    chunk = ScreeningChunk.objects.select_for_update().get(pk=pk)
    return chunk if chunk.state == ScreeningChunk.State.WAITING else None


def _fail(chunk: ScreeningChunk, problem: str, at: datetime) -> None:
    chunk.state, chunk.failed = ScreeningChunk.State.FAILED, chunk.licensees
    chunk.problem, chunk.finished_at = problem, at
    chunk.save()
    details: dict[str, Any] = {"run": chunk.run_id, "licensees": chunk.failed, "problem": problem}
    audit.record("run.chunk_failed", f"chunk {chunk.pk}", by=None, at=at, details=details)
    _close(chunk, 0, Counter(), 0, at)
