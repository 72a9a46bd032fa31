"""What is left after runs whose workers were killed, compared with what has to be there."""

import hashlib
import json
import struct
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from accesscontrol import releases, screening
from accesscontrol.models import (
    AuditEvent,
    Finding,
    Hold,
    OutboxMessage,
    ScreeningChunk,
    ScreeningRun,
    Sheet,
    Standing,
    StandingChange,
)
from accesscontrol.screening.judge.one_by_one import Judge

# Every change begins where the one before it ended, the first at nothing, the last at the standing.
BROKEN_CHAINS = """
SELECT count(*) FROM (
    SELECT s.licensee_id, s.old_sheet_id, s.new_sheet_id,
           lag(s.new_sheet_id) OVER of_one AS before, lead(s.chunk_id) OVER of_one AS next
    FROM accesscontrol_standingchange AS s
    JOIN accesscontrol_screeningchunk AS c ON c.id = s.chunk_id
    WINDOW of_one AS (PARTITION BY s.licensee_id ORDER BY c.feed)
) AS t
LEFT JOIN accesscontrol_standing AS now ON now.licensee_id = t.licensee_id
WHERE t.old_sheet_id IS DISTINCT FROM t.before
   OR t.next IS NULL AND now.sheet_id IS DISTINCT FROM t.new_sheet_id
"""


def aftermath(runs: Sequence[int], sample: Sequence[int]) -> dict[str, Any]:
    """Zero or an empty list wherever nothing is wrong."""
    return {
        "runs": ScreeningRun.objects.count(),
        "change_rows": StandingChange.objects.count(),
        "interrupted": sum(
            attempts - 1
            for attempts in ScreeningChunk.objects.filter(attempts__gt=1).values_list(
                "attempts", flat=True
            )
        ),
        "runs_not_done": list(
            ScreeningRun.objects.exclude(state="done").values_list("id", "state")
        ),
        "runs_that_do_not_add_up": _not_adding_up(),
        "broken_chains": _one(BROKEN_CHAINS),
        "chunks_told_otherwise": _told_otherwise(),
        "runs_not_closed_once": _not_closed_once(),
        "gaps_in_feed": _gaps(),
        "doubled_holds": _doubled_holds(),
        "one_by_one_differs": len(_one_by_one(sample)),
        "recount_changes": _recount(),
        "judged_one_by_one": len(sample),
    }


def _one(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def _not_adding_up() -> list[int]:
    """Runs whose totals are not those of their chunks, or of the rows that stand for them."""
    rows = Counter(StandingChange.objects.values_list("chunk__run", flat=True).iterator())
    wrong = []
    for run in ScreeningRun.objects.all():
        chunks = list(run.chunks.values_list("licensees", "changed", "unchanged", "state"))
        sums = [sum(each[n] for each in chunks) for n in range(3)]
        fits = [run.total, run.changed, run.unchanged] == sums and run.total == sums[1] + sums[2]
        if not fits or run.failed or rows[run.pk] != run.changed:
            wrong.append(run.pk)
    return wrong


def _told_otherwise() -> list[int]:
    """Chunks of which the log tells nothing, twice, or another digest than their rows have."""
    told: dict[str, list[str]] = {}
    for text in AuditEvent.objects.values_list("payload", flat=True).iterator():
        event = json.loads(text)
        if event["kind"] == "run.chunk_done":
            told.setdefault(event["subject"]["id"], []).append(event["details"]["changes_sha256"])
    digests: dict[int, Any] = {}
    rows = StandingChange.objects.order_by("chunk", "licensee").values_list(
        "chunk", "licensee", "old_sheet", "new_sheet", "outcome_changed"
    )
    for chunk, licensee, old, new, outcome in rows.iterator():
        row = struct.pack(">qii?", licensee, old or 0, new, outcome)
        digests.setdefault(chunk, hashlib.sha256()).update(row)
    nothing = hashlib.sha256()
    return [
        pk
        for pk, digest in ScreeningChunk.objects.values_list("id", "changes_digest")
        if told.get(f"chunk {pk}") != [digest] or digests.get(pk, nothing).hexdigest() != digest
    ]


def _not_closed_once() -> list[int]:
    """Runs without exactly one closing event that says done, and one message a closing."""
    ends: Counter[str] = Counter()
    closings: Counter[str] = Counter()
    for text in AuditEvent.objects.values_list("payload", flat=True).iterator():
        event = json.loads(text)
        ends[event["subject"]["id"]] += event["kind"] == "run.finished"
        closings[event["subject"]["id"]] += event["kind"] in ("run.finished", "run.failed")
    messages = Counter(
        OutboxMessage.objects.filter(kind="run.completed").values_list("data__run", flat=True)
    )
    return [
        pk
        for pk in ScreeningRun.objects.values_list("id", flat=True)
        if ends[str(pk)] != 1 or messages[pk] != closings[str(pk)]
    ]


def _gaps() -> int:
    """Places of the feed that no chunk has; chunks with changes that have no place."""
    places = ScreeningChunk.objects.filter(feed__isnull=False).order_by("feed")
    missing = ScreeningChunk.objects.filter(changed__gt=0, feed=None).count()
    taken = list(places.values_list("feed", flat=True))
    return missing + (taken != list(range(1, len(taken) + 1)))


def _doubled_holds() -> list[int]:
    open_ones = Hold.objects.filter(released_at=None, cause="screening")
    counts = Counter(open_ones.values_list("entitlement", flat=True))
    return [pk for pk, n in counts.items() if n > 1]


def _one_by_one(sample: Sequence[int]) -> list[int]:
    """Licensees whose standing is not what judging one by one, out of the dated facts, says."""
    now = datetime.now(UTC)
    judge = Judge(releases.current().policy, at=now)
    finding = dict(Finding.objects.values_list("id", "digest"))
    sheets = dict(Sheet.objects.values_list("id", "findings"))
    stands = dict(Standing.objects.filter(licensee__in=sample).values_list("licensee", "sheet"))
    return [
        pk
        for pk, answers in judge.findings(sample).items()
        if [each.digest if each else None for each in answers]
        != [finding.get(each) for each in sheets.get(stands.get(pk, 0), [])]
    ]


def _recount() -> int:
    """What a run over everyone, leaving nobody out, still finds to change."""
    at = datetime.now(UTC)
    with transaction.atomic():
        run = screening.start(cause="manual", by=None, at=at)
    assert run is not None
    while screening.next_chunk(at=datetime.now(UTC)):
        pass
    run.refresh_from_db()
    assert run.state == "done", run.state
    everyone = run.changed + run.unchanged
    assert run.judged == run.total == everyone == Standing.objects.count()
    return run.changed
