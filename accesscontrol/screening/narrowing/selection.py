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
from accesscontrol.policy import Interval, Marks, touched
from accesscontrol.screening.narrowing import basis, marks_sql
from accesscontrol.screening.register import fact_columns

log = logging.getLogger(__name__)

KEPT = 4  # comparisons that a process remembers


@dataclass(frozen=True)
class Comparison:
    """All that a comparison rests on.

    An interval ends later with each chunk that asks. What counts is which instants lie in it.
    """

    releases: tuple[policy.Release, ...]
    instants: tuple[str, ...]
    offerings: str
    interval: Interval = field(compare=False)

    @classmethod
    def of(cls, interval: Interval) -> "Comparison":
        instants = tuple(moment.instant for moment in interval.moments)
        return cls(
            interval.releases, instants, json.dumps(interval.offerings, sort_keys=True), interval
        )


def selected(
    run: ScreeningRun, loaded: releases.Loaded, *, at: datetime, and_these: Sequence[int] = ()
) -> fact_columns.Where | None:
    """The rows of CurrentFacts that a chunk must judge by this release at this instant; None: all.

    ``and_these``: licensees to judge in any case. Call it in the transaction that then reads the
    rows, after that has taken its locks, so that nothing committed before is missed.
    """
    if run.basis is None:
        return None
    interval = basis.interval(run.basis, loaded, at=at)
    changes = None if interval is None else _touched(Comparison.of(interval))
    where = None if interval is None or changes is None else marks_sql.where(changes, interval)
    if where is None or not and_these:
        return where
    named = "c.licensee_id = ANY(%(and_these)s::bigint[])"
    return fact_columns.Where(
        f"{named} OR {where.sql}", {**where.params, "and_these": list(and_these)}
    )


@lru_cache(maxsize=KEPT)
def _touched(comparison: Comparison) -> frozenset[Marks] | None:
    """Marks of which one set may be true of each licensee that can be touched; None: of anybody.

    Compared once, however many chunks ask. Threads share the results, which never change and rest
    on nothing but the comparison. Two threads that ask at once may both compare.
    """
    try:
        return touched(comparison.interval)
    except Exception:  # without a comparison every licensee can still be judged
        log.exception("what changed could not be told, so everybody is looked at")
        return None
