"""The changes of standings in one order, so that a reader who goes on from a place misses none.

Ids are given before a transaction commits, so that a reader by id would pass over a change that
commits late. Here a chunk that changed a standing takes its place in the order under a lock that is
released by its commit: each change behind a place was committed after it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Max

from accesscontrol.models import (
    Finding,
    Licensee,
    Offering,
    ScreeningChunk,
    ScreeningRun,
    Sheet,
    StandingChange,
)
from accesscontrol.models.screening import LAST

# Change rows that one page reads. Where most changes are of reasons only, it has few changes.
MOST_READ = 5_000
# Licensees of each chunk that are shown to people who watch the run.
SHOWN = 12

SELECT_LOCK = "SELECT pg_advisory_xact_lock(hashtext('screening.feed'))"
# Chunk by chunk along the primary key: the changes need no other index.
SELECT_CHANGES = """
SELECT c.feed, s.licensee_id, s.old_sheet_id, s.new_sheet_id, s.outcome_changed, c.finished_at,
    c.run_id
FROM (
    SELECT id, run_id, feed, last_id, finished_at,
           CASE WHEN feed = %(chunk)s THEN %(licensee)s ELSE first_id - 1 END AS behind
    FROM accesscontrol_screeningchunk
    WHERE feed >= %(chunk)s {of_run} ORDER BY feed LIMIT %(most)s + 1  -- one may be read already
) AS c
CROSS JOIN LATERAL (
    SELECT * FROM accesscontrol_standingchange
    WHERE chunk_id = c.id AND licensee_id > c.behind AND licensee_id <= c.last_id
    ORDER BY licensee_id LIMIT %(most)s
) AS s
ORDER BY c.feed, s.licensee_id LIMIT %(most)s
"""

# Few chunks have the licensee in their range and changed a standing, and the primary key says which
# of them changed that of the licensee. So no index by licensee over all changes is needed.
THAT_CHANGED = f"""
FROM accesscontrol_screeningchunk AS c
JOIN accesscontrol_standingchange AS s ON s.chunk_id = c.id AND s.licensee_id = %(licensee)s
WHERE int8range(c.first_id, least(c.last_id, {LAST}), '[]') @> %(licensee)s::bigint
  AND c.changed > 0
"""
SELECT_CHUNKS_OF_LICENSEE = f"SELECT c.id {THAT_CHANGED} ORDER BY c.feed DESC LIMIT %(most)s"


@dataclass(frozen=True, order=True)
class Place:
    """How far a reader has read: a chunk's place in the feed, and a licensee within the chunk."""

    chunk: int = 0
    licensee: int = 0

    def __str__(self) -> str:
        return f"{self.chunk}.{self.licensee}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """The place that ``str`` wrote; None for anything else."""
        parts = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", text, re.ASCII)
        return cls(int(parts[1]), int(parts[2])) if parts else None


@dataclass(frozen=True)
class OutcomeChange:
    """An offering whose outcome changed; ``before`` is None at the first judgement."""

    model: str
    activity: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Change:
    """A licensee's standing changed in a run; no offering is named where only a reason changed."""

    place: Place
    licensee: str
    name: str
    run: int
    release: int
    at: datetime
    outcome_changed: bool
    offerings: Sequence[OutcomeChange]


@dataclass(frozen=True)
class FeedPage:
    """Some changes in order, the place up to which they were read, whether there are more."""

    changes: Sequence[Change]
    place: Place
    more: bool


@dataclass(frozen=True)
class _ChangeRow:
    place: Place
    licensee: int
    old: int | None
    new: int
    outcome_changed: bool
    at: datetime
    run: int


def take_place(chunk: ScreeningChunk) -> None:
    """Give a chunk the next place in the feed; the last lock that its transaction takes."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_LOCK)
    # A statement of its own, which sees all that committed while this one waited for the lock.
    last = ScreeningChunk.objects.filter(feed__isnull=False).aggregate(last=Max("feed"))["last"]
    chunk.feed = (last or 0) + 1
    chunk.save(update_fields=["feed"])


def changes(
    *, after: Place, most: int, run: ScreeningRun | None = None, reasons: bool = False
) -> FeedPage:
    """At most ``most`` changes behind a place; changes of reasons only are left out unless asked.

    Reads a bounded number of rows: there can be more changes although the page has few or none.
    """
    rows = _rows(after, run)
    page: list[_ChangeRow] = []
    place, more = after, len(rows) == MOST_READ
    for row in rows:
        if row.outcome_changed or reasons:
            if len(page) == most:
                more = True
                break
            page.append(row)
        place = row.place
    return FeedPage(_in_words(page), place, more)


def newest_flips(run: ScreeningRun, *, most: int = SHOWN) -> Sequence[Change]:
    """The licensees of a run whose outcome changed last, the newest chunk first."""
    chunks = run.chunks.filter(feed__isnull=False).exclude(flipped=[]).order_by("-feed")
    rows: list[_ChangeRow] = []
    for chunk in chunks[:most]:
        flipped = StandingChange.objects.filter(chunk=chunk, licensee__in=chunk.flipped)
        rows += [_row(chunk, change) for change in flipped.order_by("-licensee")]
        if len(rows) >= most:
            break
    return _in_words(rows[:most])


def changes_of(licensee: int, *, most: int) -> Sequence[Change]:
    """How a licensee's standing changed, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_CHUNKS_OF_LICENSEE, {"licensee": licensee, "most": most})
        chunks = ScreeningChunk.objects.in_bulk([row[0] for row in cursor.fetchall()])
    changed = StandingChange.objects.filter(chunk__in=chunks, licensee=licensee)
    rows = [_row(chunks[change.chunk_id], change) for change in changed]
    return _in_words(sorted(rows, key=lambda row: row.place, reverse=True))


def _row(chunk: ScreeningChunk, change: StandingChange) -> _ChangeRow:
    assert chunk.finished_at is not None, "a change of a chunk that has not ended"
    return _ChangeRow(
        Place(chunk.feed or 0, change.licensee_id), change.licensee_id, change.old_sheet_id,
        change.new_sheet_id, change.outcome_changed, chunk.finished_at, chunk.run_id,
    )  # fmt: skip


def _rows(after: Place, run: ScreeningRun | None) -> list[_ChangeRow]:
    params = {"chunk": after.chunk, "licensee": after.licensee, "most": MOST_READ}
    statement = SELECT_CHANGES.format(of_run="AND run_id = %(run)s" if run else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, params | ({"run": run.pk} if run else {}))
        return [
            _ChangeRow(Place(place, licensee), licensee, old, new, flipped, at, of_run)
            for place, licensee, old, new, flipped, at, of_run in cursor.fetchall()
        ]


# ---------------------------------------------------------------- in words


def _in_words(rows: Sequence[_ChangeRow]) -> list[Change]:
    sheets = _outcomes({pk for row in rows for pk in (row.old, row.new) if pk})
    ids = {row.licensee for row in rows}
    licensees = {pk: (ref, name) for pk, ref, name in
                 Licensee.objects.filter(id__in=ids).values_list("id", "ref", "name")}  # fmt: skip
    runs = ScreeningRun.objects.filter(id__in={row.run for row in rows})
    release = dict(runs.values_list("id", "release__number"))
    changed = _outcome_changes({(row.old, row.new) for row in rows if row.outcome_changed}, sheets)
    return [
        Change(
            row.place, *licensees[row.licensee], row.run, release[row.run], row.at,
            row.outcome_changed, changed.get((row.old, row.new), ()),
        )
        for row in rows
    ]  # fmt: skip


def _outcome_changes(
    pairs: Iterable[tuple[int | None, int]], sheets: dict[int, list[str]]
) -> dict[tuple[int | None, int], Sequence[OutcomeChange]]:
    """For each pair of sheets the outcomes that differ; many licensees share a pair."""
    offerings = {
        position: (model, activity)
        for position, model, activity in Offering.objects.values_list(
            "position", "model__ref", "activity"
        )
    }
    return {
        (old, new): [
            OutcomeChange(*offerings[position], before, after)
            for position, before, after in _differing(sheets[old] if old else None, sheets[new])
            if position in offerings
        ]
        for old, new in pairs
    }


def _differing(
    before: Sequence[str] | None, after: Sequence[str]
) -> Iterable[tuple[int, str | None, str]]:
    """Positions whose outcome differs; an offering that is new to a judged licensee is not one."""
    for position, now in enumerate(after):
        was = None if before is None else before[position] if position < len(before) else ""
        if now and was != "" and was != now:
            yield position, was, now


def _outcomes(sheets: set[int]) -> dict[int, list[str]]:
    """Outcomes by position of stored sheets, '' without an offering."""
    stored = dict(Sheet.objects.filter(id__in=sheets).values_list("id", "findings"))
    ids = {finding for findings in stored.values() for finding in findings}
    outcome = dict(Finding.objects.filter(id__in=ids).values_list("id", "outcome"))
    return {pk: [outcome.get(each, "") for each in findings] for pk, findings in stored.items()}
