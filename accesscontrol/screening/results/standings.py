"""Stores what a screening found: standings where they differ, and each change of one."""

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
from accesscontrol.screening.results import content_store, feed, outcome_changes

Numbers = NDArray[Any]

CHANGED = "eg_changed"  # a temporary table of this transaction: whose standing changed, and how
FORGET = f"DROP TABLE IF EXISTS {CHANGED}"
TOLD = (
    f"CREATE TEMPORARY TABLE {CHANGED} (licensee_id bigint, old_sheet int, sheet_id int)"
    " ON COMMIT DROP"
)
MOVE = """
    UPDATE accesscontrol_standing AS s SET sheet_id = t.sheet_id, chunk_id = %s
    FROM eg_changed AS t WHERE s.licensee_id = t.licensee_id AND s.sheet_id = t.old_sheet
      AND s.licensee_id {which}
"""
SHEETS = "SELECT id, findings FROM accesscontrol_sheet WHERE id = ANY(%s::int[])"
OUTCOMES = "SELECT id, outcome FROM accesscontrol_finding WHERE id = ANY(%s::int[])"
FEW = 10_000

DIGESTED = np.dtype([("licensee", ">i8"), ("old", ">i4"), ("new", ">i4"), ("outcome", "u1")])


class ChangedMeanwhile(Exception):
    """Somebody else moved a standing that this chunk holds; the chunk is taken again."""


@dataclass(frozen=True)
class Written:
    """Whose standing changed (ids in order), flips of outcomes by pair, the change rows' digest.

    ``flipped``: of those whose outcome changed the last few.
    """

    changed: Numbers
    outcome_changes: Counter[str]
    digest: str
    flipped: Sequence[int]


@dataclass(frozen=True)
class Changes:
    """Old and new sheets of licensees in order of their ids; an old one of 0: none yet."""

    ids: Numbers
    old: Numbers
    new: Numbers
    outcome_changed: Numbers

    def only(self, which: Numbers) -> "Changes":
        """Those where ``which`` is true."""
        return Changes(
            self.ids[which], self.old[which], self.new[which], self.outcome_changed[which]
        )


def sheets_of(ids: Numbers) -> Numbers:
    """The numbers of these licensees' sheets now, 0 where there is no standing yet."""
    sheets = np.zeros(len(ids), "i4")
    if not len(ids):
        return sheets
    select = f"FROM accesscontrol_standing WHERE licensee_id {_which(ids)}"
    stored = binary_copy.columns(select, {"licensee_id": "i8", "sheet_id": "i4"})
    at = np.searchsorted(ids, stored["licensee_id"])
    mine = ids[np.minimum(at, len(ids) - 1)] == stored["licensee_id"]
    sheets[at[mine]] = stored["sheet_id"][mine]
    return sheets


def _which(ids: Numbers) -> str:
    """Few are looked up, of many the whole range is read: in order, and some more than these."""
    if len(ids) <= FEW:
        named = ",".join(map(str, ids.tolist()))
        return f"= ANY('{{{named}}}'::bigint[])"
    return f"BETWEEN {ids[0]:d} AND {ids[-1]:d}"


def write(chunk: ScreeningChunk, evaluator: Evaluator, ids: Numbers, answers: Numbers) -> Written:
    """Store a chunk's answers: an evaluator's sheet for each of ``ids``, which are in order.

    Raises ChangedMeanwhile if a standing moves under it. Leaves the table CHANGED.
    """
    used = np.unique(answers)
    numbers = content_store.sheet_ids(evaluator, used)
    old, new = sheets_of(ids), numbers[answers].astype("i4")
    differ = old != new
    known, after = process_cache.of_database(), outcome_changes.outcomes(evaluator)
    turned, counts = outcome_changes.between(
        old[differ], answers[differ], _before(known, old[differ]), after
    )
    _remember(known, dict(zip(numbers[used].tolist(), used.tolist(), strict=True)), after)
    changes = Changes(ids[differ], old[differ], new[differ], turned)
    _tell(changes)
    first = changes.old == 0
    _append(chunk, changes.only(~first))
    _append(chunk, changes.only(first))
    _move(chunk, changes.ids[~first])
    _begin(chunk, changes.only(first))
    flipped = changes.ids[turned][-feed.SHOWN :].tolist()
    return Written(changes.ids, counts, _digest(changes), flipped)


def _tell(changes: Changes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(TOLD)
    rows = {"licensee_id": changes.ids, "old_sheet": changes.old, "sheet_id": changes.new}
    binary_copy.insert(CHANGED, rows, len(changes.ids))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {CHANGED}")


def _append(chunk: ScreeningChunk, changes: Changes) -> None:
    """All of ``changes`` had a standing before, or none had."""
    rows = {
        "chunk_id": np.int32(chunk.pk),
        "licensee_id": changes.ids,
        "new_sheet_id": changes.new,
        "outcome_changed": changes.outcome_changed,
    }
    if changes.old.any():
        rows["old_sheet_id"] = changes.old
    binary_copy.insert("accesscontrol_standingchange", rows, len(changes.ids))


def _begin(chunk: ScreeningChunk, changes: Changes) -> None:
    rows = {
        "licensee_id": changes.ids,
        "sheet_id": changes.new,
        "chunk_id": np.int32(chunk.pk),
    }
    binary_copy.insert("accesscontrol_standing", rows, len(changes.ids))


def _move(chunk: ScreeningChunk, ids: Numbers) -> None:
    if not len(ids):
        return
    with connection.cursor() as cursor:
        cursor.execute(MOVE.format(which=_which(ids)), [chunk.pk])
        if cursor.rowcount != len(ids):
            raise ChangedMeanwhile(f"{len(ids)} standings expected, {cursor.rowcount} found")


def _digest(changes: Changes) -> str:
    """SHA-256 of the change rows as StandingChange says, for the chunk's one audit event."""
    rows = np.zeros(len(changes.ids), DIGESTED)
    rows["licensee"], rows["outcome"] = changes.ids, changes.outcome_changed
    rows["old"], rows["new"] = changes.old, changes.new
    assert (rows["new"] == changes.new).all(), "a sheet's number no longer fits the digest"
    return sha256(rows.tobytes()).hexdigest()


def _before(known: process_cache.Remembered, sheets: Numbers) -> Mapping[int, bytes]:
    """Of stored sheets the codes of their outcomes by position, 0 where no offering stood."""
    wanted = [pk for pk in np.unique(sheets).tolist() if pk]
    codes = {pk: said for pk in wanted if (said := known.outcomes.get(pk)) is not None}
    new = _stored([pk for pk in wanted if pk not in codes])
    transaction.on_commit(partial(process_cache.add, known.outcomes, new))
    return codes | new


def _stored(sheets: list[int]) -> dict[int, bytes]:
    if not sheets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SHEETS, [sheets])
        stored = dict(cursor.fetchall())
        ids = {finding for findings in stored.values() for finding in findings}
        cursor.execute(OUTCOMES, [list(ids)])
        code = {0: 0} | {pk: outcome_changes.CODES[outcome] for pk, outcome in cursor.fetchall()}
    return {pk: bytes([code[each] for each in found]) for pk, found in stored.items()}


def _remember(known: process_cache.Remembered, indices: Mapping[int, int], after: Numbers) -> None:
    """``indices``: the row in ``after`` by a sheet's number."""
    new = {pk: after[n].tobytes() for pk, n in indices.items() if pk not in known.outcomes}
    transaction.on_commit(partial(process_cache.add, known.outcomes, new))
