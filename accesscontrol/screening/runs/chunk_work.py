"""Screens a chunk's licensees: judges them, stores what differs, lets holds and cases follow.

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

# A temporary table of this transaction: the licensees whose holds and cases follow.
SCREENED = "eg_screened"
DROP_SCREENED = f"DROP TABLE IF EXISTS {SCREENED}"
CREATE_SCREENED = f"CREATE TEMPORARY TABLE {SCREENED} ON COMMIT DROP AS "
# The statements take a few milliseconds each. Compiling them would take longer than running them; a
# small sample says enough of a table that lives as long as its transaction; and licensees are
# looked up by index.
SELECT_SETTINGS = """
    SELECT set_config('jit', 'off', true), set_config('default_statistics_target', '10', true),
           set_config('work_mem', '16MB', true), set_config('random_page_cost', '1.1', true)
"""
SELECT_SHEETS = """
    SELECT l.id AS licensee_id, s.sheet_id
    FROM accesscontrol_licensee l LEFT JOIN accesscontrol_standing s ON s.licensee_id = l.id
"""
OF_NAMED = SELECT_SHEETS + " WHERE l.id = ANY(%(ids)s::bigint[])"
OF_RANGE = SELECT_SHEETS + " WHERE l.id BETWEEN %(first)s AND %(last)s"


@dataclass(frozen=True)
class ScreenedChunk:
    """How many licensees the chunk answers for, how many of them were judged, and what changed.

    ``corrected``: licensees whose row of CurrentFacts the nightly proof found wrong. ``followed``
    counts the holds and cases that followed.
    """

    licensees: int
    judged: int
    changes: standings.StoredChanges
    followed: dict[str, int]
    corrected: list[int]


def screen(
    chunk: ScreeningChunk, loaded: releases.Loaded, *, last: int, at: datetime
) -> ScreenedChunk:
    """Screen the licensees of a chunk up to ``last``, which the caller has locked.

    1. Bring the rows of CurrentFacts up to date.
    2. Select the licensees that the change can affect.
    3. Judge them by an evaluator that is lent, and store the standings that differ.
    4. Let holds and cases follow.
    """
    with connection.cursor() as cursor:
        cursor.execute(SELECT_SETTINGS)
    updated = bring_up_to_date(chunk, last=last, at=at)
    selected = selection.selected(chunk.run, loaded, at=at, and_these=updated.added)
    with evaluators.lent(loaded, at=at) as evaluator:
        rows = evaluator.rows(chunk.first_id, last, ids=chunk.ids, where=selected)
        changes = standings.store(chunk, evaluator, rows.ids, evaluator.sheets_of(rows))
    licensees = len(rows) if selected is None else max(updated.licensees, len(rows))
    followed = follow(chunk, changes, last=last, at=at)
    return ScreenedChunk(licensees, len(rows), changes, followed, updated.corrected)


@dataclass(frozen=True)
class UpdatedRows:
    """How many licensees a chunk has, and those whose row was missing or wrong."""

    licensees: int
    added: list[int]
    corrected: list[int]


def bring_up_to_date(chunk: ScreeningChunk, *, last: int, at: datetime) -> UpdatedRows:
    """Write the rows that do not say what is known now.

    Rows of named licensees are written anew: a dated fact may have begun, so that the old row was
    not wrong. The nightly proof trusts no row. Other full runs write the rows that are missing.
    """
    if chunk.ids is not None:
        current_facts.refresh(chunk.ids, at=at)
        return UpdatedRows(len(chunk.ids), [], [])
    if chunk.run.cause == "nightly":
        everyone = Licensee.objects.filter(id__gte=chunk.first_id, id__lte=last)
        ids = list(everyone.values_list("id", flat=True))
        return UpdatedRows(len(ids), [], current_facts.refresh(ids, at=at))
    filled = current_facts.fill(chunk.first_id, last, at=at)
    return UpdatedRows(filled.licensees, filled.added, [])


def follow(
    chunk: ScreeningChunk, changes: standings.StoredChanges, *, last: int, at: datetime
) -> dict[str, int]:
    """Let holds and cases of the licensees follow whose standing changed; counts of what did.

    For named licensees, and in the nightly proof, those of all licensees of the chunk: a match, a
    grant or a person's decision can ask for a hold or a case without a change of the standing, and
    starts a run that names the licensees.
    """
    table = standings.CHANGED
    if chunk.ids is not None or chunk.run.cause == "nightly":
        table = _create_screened(chunk, last)
    elif not len(changes.changed):
        return {"held": 0, "released": 0, "cases_opened": 0, "cases_closed": 0}
    holds = entitlements.follow(table, run=chunk.run, at=at)
    of_cases = cases.follow(table, changed=standings.CHANGED, run=chunk.run, at=at)
    return holds | of_cases


def _create_screened(chunk: ScreeningChunk, last: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(DROP_SCREENED)
        cursor.execute(
            CREATE_SCREENED + (OF_RANGE if chunk.ids is None else OF_NAMED),
            {"ids": chunk.ids, "first": chunk.first_id, "last": last},
        )
        cursor.execute(f"ANALYZE {SCREENED}")
    return SCREENED
