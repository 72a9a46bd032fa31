"""Whom a run over everyone has to look at: those whom what changed since its basis can touch."""

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
    """All that a comparison rests on. A span ends later with each chunk that asks: what counts of
    it is which instants lie in it.
    """

    releases: tuple[policy.Release, ...]
    instants: tuple[str, ...]
    offerings: str
    span: Span = field(compare=False)

    @classmethod
    def of(cls, span: Span) -> "Comparison":
        instants = tuple(moment.instant for moment in span.moments)
        return cls(span.releases, instants, json.dumps(span.offerings, sort_keys=True), span)


def where(
    run: ScreeningRun, loaded: releases.Loaded, *, at: datetime, and_these: Sequence[int] = ()
) -> fact_columns.Where | None:
    """The rows of CurrentFacts to look at, judging by this release at this instant; None: all.

    To be asked in the transaction that then reads them, after the locks that it needs: so nothing
    that is committed before can be missed.
    """
    if run.basis is None:
        return None
    span = basis.span(run.basis, loaded, at=at)
    clauses = None if span is None else _touched(Comparison.of(span))
    found = None if span is None or clauses is None else clause_sql.where(clauses, span)
    if found is None or not and_these:
        return found
    named = "c.licensee_id = ANY(%(and_these)s::bigint[])"
    return fact_columns.Where(
        f"{named} OR {found.sql}", {**found.params, "and_these": list(and_these)}
    )


@lru_cache(maxsize=KEPT)
def _touched(comparison: Comparison) -> frozenset[Clause] | None:
    """What has changed, compared once however many chunks ask; None: everybody is looked at.

    Threads share the results, which are never changed and rest on nothing but the comparison. Two
    threads that ask at once may both compare.
    """
    try:
        return touched(comparison.span)
    except Exception:  # whatever is wrong with a comparison, everybody can still be looked at
        log.exception("what changed could not be told, so everybody is looked at")
        return None
