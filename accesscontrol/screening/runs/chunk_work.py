"""Looks at a chunk's licensees: judges them, stores what differs, and lets what hangs on it follow.

All in the caller's transaction. Nothing here is done licensee by licensee: columns of numbers come
out of the database, changes go into it, and holds and cases follow by statements over sets.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accesscontrol import cases, entitlements, releases
from accesscontrol.models import Licensee, ScreeningChunk
from accesscontrol.screening.judge import evaluators
from accesscontrol.screening.narrowing import selection
from accesscontrol.screening.register import current_facts
from accesscontrol.screening.results import standings

LOOKED_AT = "eg_looked_at"  # a temporary table of this transaction: whose holds and cases follow
FORGET = f"DROP TABLE IF EXISTS {LOOKED_AT}"
TOLD = f"CREATE TEMPORARY TABLE {LOOKED_AT} ON COMMIT DROP AS "
# Statements of a few milliseconds each: compiling them takes longer than running them, of a table
# that lives as long as a transaction a small sample says enough, and few licensees are looked up.
SETTINGS = """
    SELECT set_config('jit', 'off', true), set_config('default_statistics_target', '10', true),
           set_config('work_mem', '16MB', true), set_config('random_page_cost', '1.1', true)
"""
STANDING = """
    SELECT l.id AS licensee_id, s.sheet_id
    FROM accesscontrol_licensee l LEFT JOIN accesscontrol_standing s ON s.licensee_id = l.id
"""
BY_NAME = STANDING + " WHERE l.id = ANY(%(ids)s::bigint[])"
BY_RANGE = STANDING + " WHERE l.id BETWEEN %(first)s AND %(last)s"


@dataclass(frozen=True)
class Looked:
    """How many licensees the chunk answers for, how many of them were judged, and what changed.

    ``corrected``: whose row of CurrentFacts the nightly proof found to say something else.
    """

    licensees: int
    judged: int
    written: standings.Written
    followed: dict[str, int]
    corrected: list[int]


def look(chunk: ScreeningChunk, loaded: releases.Loaded, *, last: int, at: datetime) -> Looked:
    """Screen the licensees of a chunk up to ``last``, which the caller holds."""
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
    known = bring_up_to_date(chunk, last=last, at=at)
    narrowed = selection.where(chunk.run, loaded, at=at, and_these=known.added)
    with evaluators.lent(loaded, at=at) as evaluator:
        rows = evaluator.read(chunk.first_id, last, ids=chunk.ids, where=narrowed)
        written = standings.write(chunk, evaluator, rows.ids, evaluator.answers(rows))
    licensees = len(rows) if narrowed is None else max(known.licensees, len(rows))
    followed = follow(chunk, written, last=last, at=at)
    return Looked(licensees, len(rows), written, followed, known.corrected)


@dataclass(frozen=True)
class Known:
    """How many licensees a chunk has, whose row was missing, and whose was corrected."""

    licensees: int
    added: list[int]
    corrected: list[int]


def bring_up_to_date(chunk: ScreeningChunk, *, last: int, at: datetime) -> Known:
    """See that the rows say what is known now.

    Of named licensees a dated fact may have begun, which corrects nothing. The nightly proof
    trusts no row; others write those that are missing.
    """
    if chunk.ids is not None:
        current_facts.refresh(chunk.ids, at=at)
        return Known(len(chunk.ids), [], [])
    if chunk.run.cause == "nightly":
        everyone = Licensee.objects.filter(id__gte=chunk.first_id, id__lte=last)
        ids = list(everyone.values_list("id", flat=True))
        return Known(len(ids), [], current_facts.refresh(ids, at=at))
    filled = current_facts.fill(chunk.first_id, last, at=at)
    return Known(filled.licensees, filled.added, [])


def follow(
    chunk: ScreeningChunk, written: standings.Written, *, last: int, at: datetime
) -> dict[str, int]:
    """Holds and cases of those whose standing changed.

    Of named licensees and in the nightly proof of all that were looked at: a match, a grant or a
    person's decision asks for it without a change of the standing, and names whom it concerns.
    """
    whom = standings.CHANGED
    if chunk.ids is not None or chunk.run.cause == "nightly":
        whom = _looked_at(chunk, last)
    elif not len(written.changed):
        return {"held": 0, "released": 0, "cases_opened": 0, "cases_closed": 0}
    held = entitlements.follow(whom, run=chunk.run, at=at)
    asked = cases.follow(whom, changed=standings.CHANGED, run=chunk.run, at=at)
    return held | asked


def _looked_at(chunk: ScreeningChunk, last: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(
            TOLD + (BY_RANGE if chunk.ids is None else BY_NAME),
            {"ids": chunk.ids, "first": chunk.first_id, "last": last},
        )
        cursor.execute(f"ANALYZE {LOOKED_AT}")
    return LOOKED_AT
