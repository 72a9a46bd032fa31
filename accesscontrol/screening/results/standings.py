"""Stores what a screening found: the standings that differ, and each change of a standing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from accesscontrol.models import ScreeningChunk
from accesscontrol.screening.judge.evaluators import Evaluator
from accesscontrol.screening.register import binary_copy, process_cache
from accesscontrol.screening.register.process_cache import ContentCache
from accesscontrol.screening.results import content_store, feed, outcome_changes

Numbers = NDArray[Any]

# A temporary table of this transaction: the licensees whose standing changed, and how.
CHANGED = "eg_changed"
DROP_CHANGED = f"DROP TABLE IF EXISTS {CHANGED}"
CREATE_CHANGED = (
    f"CREATE TEMPORARY TABLE {CHANGED} (licensee_id bigint, old_sheet int, sheet_id int)"
    " ON COMMIT DROP"
)
UPDATE_STANDINGS = """
    UPDATE accesscontrol_standing AS s SET sheet_id = t.sheet_id, chunk_id = %s
    FROM eg_changed AS t WHERE s.licensee_id = t.licensee_id AND s.sheet_id = t.old_sheet
      AND s.licensee_id {which}
"""
SELECT_SHEETS = "SELECT id, findings FROM accesscontrol_sheet WHERE id = ANY(%s::int[])"
SELECT_OUTCOMES = "SELECT id, outcome FROM accesscontrol_finding WHERE id = ANY(%s::int[])"
FEW = 10_000  # licensees that are looked up by id; for more the whole range is read

DIGESTED = np.dtype([("licensee", ">i8"), ("old", ">i4"), ("new", ">i4"), ("outcome", "u1")])


class ChangedMeanwhile(Exception):
    """Another transaction changed a standing of this chunk's; the chunk is taken again."""


@dataclass(frozen=True)
class StoredChanges:
    """What a chunk changed.

    ``changed``: the ids of the licensees whose standing changed, in order. ``outcome_changes``
    counts the outcomes that changed, as 'permit>deny': n. ``digest`` is that of the change rows.
    ``flipped``: the last few licensees of which an outcome changed.
    """

    changed: Numbers
    outcome_changes: Counter[str]
    digest: str
    flipped: Sequence[int]


@dataclass(frozen=True)
class SheetChanges:
    """Ids of old and new sheets of licensees, in order of licensees; an old 0: none yet."""

    ids: Numbers
    old: Numbers
    new: Numbers
    outcome_changed: Numbers

    def only(self, which: Numbers) -> "SheetChanges":
        """Those where ``which`` is true."""
        return SheetChanges(
            self.ids[which], self.old[which], self.new[which], self.outcome_changed[which]
        )


def stored_sheets(ids: Numbers) -> Numbers:
    """The ids of these licensees' sheets now, 0 where there is no standing yet."""
    sheets = np.zeros(len(ids), "i4")
    if not len(ids):
        return sheets
    select = f"FROM accesscontrol_standing WHERE licensee_id {_which(ids)}"
    stored = binary_copy.columns(select, {"licensee_id": "i8", "sheet_id": "i4"})
    places = np.searchsorted(ids, stored["licensee_id"])
    wanted = ids[np.minimum(places, len(ids) - 1)] == stored["licensee_id"]
    sheets[places[wanted]] = stored["sheet_id"][wanted]
    return sheets


def _which(ids: Numbers) -> str:
    """A condition in SQL for these licensees; of many it is the range, which has others too."""
    if len(ids) <= FEW:
        named = ",".join(map(str, ids.tolist()))
        return f"= ANY('{{{named}}}'::bigint[])"
    return f"BETWEEN {ids[0]:d} AND {ids[-1]:d}"


def store(
    chunk: ScreeningChunk, evaluator: Evaluator, ids: Numbers, sheets: Numbers
) -> StoredChanges:
    """Store the standings of a chunk: of each of ``ids``, in order, an evaluator's sheet by index.

    1. Store the sheets that are new, and compare with the sheets that the licensees have now.
    2. Count the outcomes that differ.
    3. Write the licensees that differ into the table CHANGED, which stays for those who follow.
    4. Append a row for each change; then change the standings that there were, and add new ones.

    Raises ChangedMeanwhile if another transaction changes one of these standings meanwhile.
    """
    used = np.unique(sheets)
    sheet_ids = content_store.sheet_ids(evaluator, used)
    old, new = stored_sheets(ids), sheet_ids[sheets].astype("i4")
    differ = old != new
    cache, after = process_cache.of_database(), outcome_changes.outcomes(evaluator)
    outcome_changed, counts = outcome_changes.between(
        old[differ], sheets[differ], _outcomes_of_stored(cache, old[differ]), after
    )
    _remember(cache, dict(zip(sheet_ids[used].tolist(), used.tolist(), strict=True)), after)
    changes = SheetChanges(ids[differ], old[differ], new[differ], outcome_changed)
    _create_table(changes)
    first = changes.old == 0
    _append(chunk, changes.only(~first))
    _append(chunk, changes.only(first))
    _update(chunk, changes.ids[~first])
    _insert(chunk, changes.only(first))
    flipped = changes.ids[outcome_changed][-feed.SHOWN :].tolist()
    return StoredChanges(changes.ids, counts, _digest(changes), flipped)


def _create_table(changes: SheetChanges) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DROP_CHANGED)
        cursor.execute(CREATE_CHANGED)
    rows = {"licensee_id": changes.ids, "old_sheet": changes.old, "sheet_id": changes.new}
    binary_copy.insert(CHANGED, rows, len(changes.ids))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {CHANGED}")


def _append(chunk: ScreeningChunk, changes: SheetChanges) -> None:
    """Append change rows; of all licensees in ``changes`` there was a standing, or of none."""
    rows = {
        "chunk_id": np.array(chunk.pk, "i4"),
        "licensee_id": changes.ids,
        "new_sheet_id": changes.new,
        "outcome_changed": changes.outcome_changed,
    }
    if changes.old.any():
        rows["old_sheet_id"] = changes.old
    binary_copy.insert("accesscontrol_standingchange", rows, len(changes.ids))


def _insert(chunk: ScreeningChunk, changes: SheetChanges) -> None:
    rows = {
        "licensee_id": changes.ids,
        "sheet_id": changes.new,
        "chunk_id": np.array(chunk.pk, "i4"),
    }
    binary_copy.insert("accesscontrol_standing", rows, len(changes.ids))


def _update(chunk: ScreeningChunk, ids: Numbers) -> None:
    if not len(ids):
        return
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_STANDINGS.format(which=_which(ids)), [chunk.pk])
        if cursor.rowcount != len(ids):
            raise ChangedMeanwhile(f"{len(ids)} standings expected, {cursor.rowcount} found")


def _digest(changes: SheetChanges) -> str:
    """SHA-256 of the change rows, as StandingChange defines it, for the chunk's one audit event."""
    rows = np.zeros(len(changes.ids), DIGESTED)
    rows["licensee"], rows["outcome"] = changes.ids, changes.outcome_changed
    rows["old"], rows["new"] = changes.old, changes.new
    assert (rows["new"] == changes.new).all(), "a sheet's id no longer fits the digest"
    return sha256(rows.tobytes()).hexdigest()


def _outcomes_of_stored(cache: ContentCache, sheets: Numbers) -> Mapping[int, bytes]:
    """Of stored sheets, by id, the codes of their outcomes by position; 0 without an offering."""
    wanted = [pk for pk in np.unique(sheets).tolist() if pk]
    known = {pk: codes for pk in wanted if (codes := cache.outcomes.get(pk)) is not None}
    new = _read_outcomes([pk for pk in wanted if pk not in known])
    transaction.on_commit(partial(process_cache.add, cache.outcomes, new))
    return known | new


def _read_outcomes(sheets: list[int]) -> dict[int, bytes]:
    if not sheets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SELECT_SHEETS, [sheets])
        stored = dict(cursor.fetchall())
        ids = {finding for findings in stored.values() for finding in findings}
        cursor.execute(SELECT_OUTCOMES, [list(ids)])
        code = {0: 0} | {pk: outcome_changes.CODES[outcome] for pk, outcome in cursor.fetchall()}
    return {pk: bytes([code[each] for each in findings]) for pk, findings in stored.items()}


def _remember(cache: ContentCache, indices: Mapping[int, int], after: Numbers) -> None:
    """``indices``: by a sheet's id its row in ``after``."""
    new = {pk: after[n].tobytes() for pk, n in indices.items() if pk not in cache.outcomes}
    transaction.on_commit(partial(process_cache.add, cache.outcomes, new))
