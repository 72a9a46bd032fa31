"""The changes of standings in one order that whoever follows them reads without missing any.

Ids are given before a transaction commits, so that a reader by id would pass over what commits
late. Here a chunk that changed something takes its place in the order under a lock that it holds
until it has committed: whatever is seen behind a place was committed after it.
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

# Rows that one reading looks at: where most changes are of reasons only, few of them are told.
LOOKED_AT = 5_000
# Of each chunk, licensees that are shown to whoever watches the run.
SHOWN = 12

LOCK = "SELECT pg_advisory_xact_lock(hashtext('screening.feed'))"
# Chunk by chunk along the primary key: the changes need no other index.
READ = """
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

# Of the chunks that changed something those whose range has the licensee are few, and in which of
# them he is says the primary key: an index by licensee over all changes ever made is not needed.
THAT_CHANGED = f"""
FROM accesscontrol_screeningchunk AS c
JOIN accesscontrol_standingchange AS s ON s.chunk_id = c.id AND s.licensee_id = %(licensee)s
WHERE int8range(c.first_id, least(c.last_id, {LAST}), '[]') @> %(licensee)s::bigint
  AND c.changed > 0
"""
CHANGED_IT = f"SELECT c.id {THAT_CHANGED} ORDER BY c.feed DESC LIMIT %(most)s"


@dataclass(frozen=True, order=True)
class Place:
    """Up to where somebody has read: a chunk's place in the feed, and a licensee within it."""

    chunk: int = 0
    licensee: int = 0

    def __str__(self) -> str:
        return f"{self.chunk}.{self.licensee}"

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """The place that ``str`` wrote; None for anything else."""
        found = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", text, re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True)
class Turned:
    """An offering whose outcome is another one; ``before`` is None at the first judgement."""

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
    offerings: Sequence[Turned]


@dataclass(frozen=True)
class Reading:
    """Some changes in order, the place up to which they were read, whether more are there."""

    changes: Sequence[Change]
    place: Place
    more: bool


@dataclass(frozen=True)
class _Row:
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
        cursor.execute(LOCK)
    # A statement of its own, which sees whatever committed while the lock was waited for.
    last = ScreeningChunk.objects.filter(feed__isnull=False).aggregate(last=Max("feed"))["last"]
    chunk.feed = (last or 0) + 1
    chunk.save(update_fields=["feed"])


def changes(
    *, after: Place, most: int, run: ScreeningRun | None = None, reasons: bool = False
) -> Reading:
    """At most ``most`` changes behind a place, those of reasons only left out unless asked for.

    Looks at a bounded number of rows: there can be more although few or none are told.
    """
    rows = _rows(after, run)
    told: list[_Row] = []
    place, more = after, len(rows) == LOOKED_AT
    for row in rows:
        if row.outcome_changed or reasons:
            if len(told) == most:
                more = True
                break
            told.append(row)
        place = row.place
    return Reading(_in_words(told), place, more)


def newest_flips(run: ScreeningRun, *, most: int = SHOWN) -> Sequence[Change]:
    """The licensees of a run whose outcome changed last, the newest chunk first."""
    chunks = run.chunks.filter(feed__isnull=False).exclude(flipped=[]).order_by("-feed")
    rows: list[_Row] = []
    for chunk in chunks[:most]:
        found = StandingChange.objects.filter(chunk=chunk, licensee__in=chunk.flipped)
        rows += [_row(chunk, change) for change in found.order_by("-licensee")]
        if len(rows) >= most:
            break
    return _in_words(rows[:most])


def changes_of(licensee: int, *, most: int) -> Sequence[Change]:
    """How a licensee's standing changed, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED_IT, {"licensee": licensee, "most": most})
        chunks = ScreeningChunk.objects.in_bulk([row[0] for row in cursor.fetchall()])
    found = StandingChange.objects.filter(chunk__in=chunks, licensee=licensee)
    rows = [_row(chunks[change.chunk_id], change) for change in found]
    return _in_words(sorted(rows, key=lambda row: row.place, reverse=True))


def _row(chunk: ScreeningChunk, change: StandingChange) -> _Row:
    assert chunk.finished_at is not None, "a change of a chunk that has not ended"
    return _Row(
        Place(chunk.feed or 0, change.licensee_id), change.licensee_id, change.old_sheet_id,
        change.new_sheet_id, change.outcome_changed, chunk.finished_at, chunk.run_id,
    )  # fmt: skip


def _rows(after: Place, run: ScreeningRun | None) -> list[_Row]:
    asked = {"chunk": after.chunk, "licensee": after.licensee, "most": LOOKED_AT}
    statement = READ.format(of_run="AND run_id = %(run)s" if run else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, asked | ({"run": run.pk} if run else {}))
        return [
            _Row(Place(place, licensee), licensee, old, new, flipped, at, of_run)
            for place, licensee, old, new, flipped, at, of_run in cursor.fetchall()
        ]


# ---------------------------------------------------------------- in words


def _in_words(rows: Sequence[_Row]) -> list[Change]:
    sheets = _outcomes({pk for row in rows for pk in (row.old, row.new) if pk})
    ids = {row.licensee for row in rows}
    licensees = {pk: (ref, name) for pk, ref, name in
                 Licensee.objects.filter(id__in=ids).values_list("id", "ref", "name")}  # fmt: skip
    runs = ScreeningRun.objects.filter(id__in={row.run for row in rows})
    release = dict(runs.values_list("id", "release__number"))
    turned = _turned({(row.old, row.new) for row in rows if row.outcome_changed}, sheets)
    return [
        Change(
            row.place, *licensees[row.licensee], row.run, release[row.run], row.at,
            row.outcome_changed, turned.get((row.old, row.new), ()),
        )
        for row in rows
    ]  # fmt: skip


def _turned(
    pairs: Iterable[tuple[int | None, int]], sheets: dict[int, list[str]]
) -> dict[tuple[int | None, int], Sequence[Turned]]:
    """For each pair of sheets what turned; many licensees share a pair."""
    offerings = {
        position: (model, activity)
        for position, model, activity in Offering.objects.values_list(
            "position", "model__ref", "activity"
        )
    }
    return {
        (old, new): [
            Turned(*offerings[position], before, after)
            for position, before, after in _flips(sheets[old] if old else None, sheets[new])
            if position in offerings
        ]
        for old, new in pairs
    }


def _flips(
    before: Sequence[str] | None, after: Sequence[str]
) -> Iterable[tuple[int, str | None, str]]:
    """Positions whose outcome differs; an offering that is new to a judged licensee is no flip."""
    for position, now in enumerate(after):
        was = None if before is None else before[position] if position < len(before) else ""
        if now and was != "" and was != now:
            yield position, was, now


def _outcomes(sheets: set[int]) -> dict[int, list[str]]:
    """Outcomes by position of stored sheets, '' where no offering stood."""
    stored = dict(Sheet.objects.filter(id__in=sheets).values_list("id", "findings"))
    ids = {finding for findings in stored.values() for finding in findings}
    outcome = dict(Finding.objects.filter(id__in=ids).values_list("id", "outcome"))
    return {pk: [outcome.get(each, "") for each in findings] for pk, findings in stored.items()}
