"""Selects the licensees that a full run must judge.

Those are the ones that a change since its basis can affect.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from accesscontrol import policy, releases
from accesscontrol.models import ScreeningRun
from accesscontrol.policy import Clause, Span, touched
from accesscontrol.screening.narrowing import basis, clause_sql
from accesscontrol.screening.register import fact_columns

log = logging.getLogger(__name__)

KEPT = 4  # comparisons that a process remembers


@dataclass(frozen=True)
class Comparison:
    """All that a comparison rests on.

    A span ends later with each chunk that asks. What counts is which instants lie in it.
    """

    releases: tuple[policy.Release, ...]
    instants: tuple[str, ...]
    offerings: str
    span: Span = field(compare=False)

    @classmethod
    def of(cls, span: Span) -> "Comparison":
        instants = tuple(moment.instant for moment in span.moments)
        return cls(span.releases, instants, json.dumps(span.offerings, sort_keys=True), span)


def selected(
    run: ScreeningRun, loaded: releases.Loaded, *, at: datetime, and_these: Sequence[int] = ()
) -> fact_columns.Where | None:
    """The rows of CurrentFacts that a chunk must judge by this release at this instant; None: all.

    ``and_these``: licensees to judge in any case. Call it in the transaction that then reads the
    rows, after that has taken its locks, so that nothing committed before is missed.
    """
    if run.basis is None:
        return None
    span = basis.span(run.basis, loaded, at=at)
    clauses = None if span is None else _touched(Comparison.of(span))
    where = None if span is None or clauses is None else clause_sql.where(clauses, span)
    if where is None or not and_these:
        return where
    named = "c.licensee_id = ANY(%(and_these)s::bigint[])"
    return fact_columns.Where(
        f"{named} OR {where.sql}", {**where.params, "and_these": list(and_these)}
    )


@lru_cache(maxsize=KEPT)
def _touched(comparison: Comparison) -> frozenset[Clause] | None:
    """Clauses of which one may be true for every licensee that a change can affect; None: anybody.

    Compared once, however many chunks ask. Threads share the results, which never change and rest
    on nothing but the comparison. Two threads that ask at once may both compare.
    """
    try:
        return touched(comparison.span)
    except Exception:  # without a comparison every licensee can still be judged
        log.exception("what changed could not be told, so everybody is looked at")
        return None
