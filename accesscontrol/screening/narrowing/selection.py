"""Whom a run over everyone has to look at: those whom what changed since its basis can touch."""

import json
import logging
from collections.abc import Hashable, Sequence
from datetime import datetime

from accesscontrol import releases
from accesscontrol.models import ScreeningRun
from accesscontrol.policy import Clause, Span, touched
from accesscontrol.screening.narrowing import basis, clause_sql
from accesscontrol.screening.register import fact_columns

log = logging.getLogger(__name__)

KEPT = 4  # comparisons that a process remembers
_compared: dict[Hashable, frozenset[Clause] | None] = {}


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
    clauses = None if span is None else _touched(span)
    found = None if span is None or clauses is None else clause_sql.where(clauses, span)
    if found is None or not and_these:
        return found
    named = "c.licensee_id = ANY(%(and_these)s::bigint[])"
    return fact_columns.Where(
        f"{named} OR {found.sql}", {**found.params, "and_these": list(and_these)}
    )


def _touched(span: Span) -> frozenset[Clause] | None:
    """Compared once, however many chunks ask. A span ends later with each chunk: what counts is
    which moments lie in it."""
    known = json.dumps(span.offerings, sort_keys=True)
    key = (span.releases, tuple(moment.at for moment in span.moments), known)
    if key not in _compared:
        while len(_compared) >= KEPT:
            del _compared[next(iter(_compared))]
        _compared[key] = _compare(span)
    return _compared[key]


def _compare(span: Span) -> frozenset[Clause] | None:
    try:
        return touched(span)
    except Exception:  # whatever is wrong with a comparison, everybody can still be looked at
        log.exception("what changed could not be told, so everybody is looked at")
        return None
