"""Judges many licensees for every offering at once: columns of small numbers in, sheets out.

Rows that no rule can tell apart are one pattern. Of those, each rule tells few apart: it is weighed
for each kind that it does, and a verdict is put together for each combination of what rules say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from accesscontrol.policy.columns.offering import STATUS, of_an_offering
from accesscontrol.policy.columns.standings import Forecasts
from accesscontrol.policy.columns.unique_rows import Ints, Numbers, UniqueRows
from accesscontrol.policy.columns.value_codes import Codes
from accesscontrol.policy.columns.verdict_table import VerdictTable
from accesscontrol.policy.compiled.release import compiled
from accesscontrol.policy.judge.known import ABSENT
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.language.release import Release

STATUSES: Final = ("none", "active", "held")
BLOCK: Final = 16_384  # patterns looked at together, at most
CELLS: Final = 4_000_000  # of them and of rules, at most: both bound the memory, not the result


class Columns:
    """Standings by one release at one instant, of licensees without papers for these offerings.

    Values become small numbers by ``code``; ``answers`` takes one row of them a licensee. It
    remembers every distinct row that it was asked, in this call and earlier ones.

    ``reads``: the attributes on a licensee's side that can matter, which are the columns.
    ``verdicts``: on standings, without anybody's facts. They are never reordered.
    """

    def __init__(
        self,
        release: Release,
        *,
        at: datetime,
        offerings: Sequence[Mapping[str, object]],
        statuses: Sequence[object] = STATUSES,
    ) -> None:
        """``offerings``: of each the JSON facts of its model, and its request.activity.

        ``statuses``: by number the values that an entitlement's status can have.
        """
        span = compiled(release, at)
        named = frozenset[str]().union(*(rule.attributes for rule in release.rules))
        self.reads = tuple(sorted(name for name in named if not of_an_offering(name)))
        self.reads_status = STATUS in span.places
        self._codes = Codes(span, self.reads)
        self._forecasts = Forecasts(span, self._codes, named)
        self.verdicts: VerdictTable = self._forecasts.verdicts
        statuses = statuses if self.reads_status else statuses[:1]
        self._kind_of = np.array(  # by offering and status
            [[self._place(each, status) for status in statuses] for each in offerings], np.intp
        ).reshape(len(offerings), len(statuses))
        self._block = max(1, min(BLOCK, CELLS // (1 + len(release.rules))))
        self._statuses = UniqueRows(len(offerings))
        self._patterns = UniqueRows(len(self.reads) + self.reads_status)
        self._sheets = UniqueRows(len(offerings))
        self._sheet_of: Ints = np.empty(0, np.int32)  # by pattern

    def sheets(self, start: int = 0) -> Ints:
        """(sheets, offerings) numbers in ``verdicts``, from an index on; none is ever changed."""
        return self._sheets.rows(start)

    def code(self, attribute: str, value: object = ABSENT) -> int:
        """The class of a register's JSON value: 0 absent; equal classes get equal answers."""
        return self._codes.code(attribute, value)

    def answers(self, codes: Numbers, statuses: Numbers | None = None) -> Ints:
        """The index of each row's sheet; see ``patterns``."""
        return self.of_patterns(self.patterns(codes, statuses))

    def patterns(self, codes: Numbers, statuses: Numbers | None = None) -> Ints:
        """The number of each row's pattern.

        ``codes``: (rows, len(reads)), quickest in Fortran's order; ``statuses``: (rows,
        len(offerings)), places in STATUSES, needed where ``reads_status``.
        """
        rows = self._with_statuses(codes, statuses) if self.reads_status else codes
        return self._patterns.numbers(rows)

    def of_patterns(self, patterns: Ints) -> Ints:
        """The index of each pattern's sheet; those not met before are judged, all together."""
        new = self._patterns.rows(len(self._sheet_of))
        blocks = [new[n : n + self._block] for n in range(0, len(new), self._block)]
        self._sheet_of = np.concatenate([self._sheet_of, *map(self._judge, blocks)])
        return self._sheet_of[patterns]

    def with_papers(self, number: int, prepared: Prepared) -> int:
        """The entry on a standing with papers; ``number``: that on the same one without them."""
        return self._forecasts.with_papers(number, prepared)

    def _with_statuses(self, codes: Numbers, statuses: Numbers | None) -> Numbers:
        """The codes, and of the statuses a number for all together."""
        if statuses is None:
            raise ValueError("A rule in force reads the status of entitlements: pass statuses.")
        rows = np.empty((len(codes), codes.shape[1] + 1), np.int32, order="F")
        rows[:, :-1] = codes
        rows[:, -1] = self._statuses.numbers(statuses)
        return rows

    def _judge(self, rows: Ints) -> Ints:
        """The sheets of some patterns."""
        found = self._forecasts.of(rows[:, : len(self.reads)])
        kinds = self._kind_of[:, 0]
        if self.reads_status:
            held = self._statuses.rows()[rows[:, -1]]
            return self._sheets.numbers(
                np.take_along_axis(found, self._kind_of[np.arange(len(kinds)), held], axis=1)
            )
        return self._sheets.numbers(found[:, kinds])

    def _place(self, facts: Mapping[str, object], status: object) -> int:
        return self._forecasts.place_of(facts if status is ABSENT else {**facts, STATUS: status})
