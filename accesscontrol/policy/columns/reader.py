"""Judges many licensees for every offering at once: columns of small numbers in, sheets out.

Example: acme and bolt have equal codes, corp has none for its headquarters. So there are two
patterns: 0, of acme and bolt, and 1, of corp. For the offerings frontier and swift, pattern 0 has
the verdicts 0 and 2, pattern 1 the verdicts 1 and 3. These are the sheets (0, 2) and (1, 3), and
the three licensees have the sheets 0, 0 and 1 (docs/how-a-screening-works.md goes through it).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np

from accesscontrol.policy.columns.offering import STATUS, of_an_offering
from accesscontrol.policy.columns.standings import Standings
from accesscontrol.policy.columns.unique_rows import Ints, Numbers, UniqueRows
from accesscontrol.policy.columns.value_codes import ValueCodes
from accesscontrol.policy.columns.verdict_table import VerdictTable
from accesscontrol.policy.compiled.release import compiled
from accesscontrol.policy.judge.known import ABSENT
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.language.release import Release

STATUSES: Final = ("none", "active", "held")
BLOCK: Final = 16_384  # patterns that are judged together, at most
CELLS: Final = 4_000_000  # patterns times rules, at most: both bound memory, and change no result


class Columns:
    """Standings by one release at one instant, of licensees without papers for these offerings.

    A licensee is a row of codes (``code``). A pattern is a row of codes, with the statuses of
    entitlements where a rule reads them, that some licensee has; each is judged once, and
    remembered. It is for one thread at a time.

    ``reads``: the columns, which are the attributes of licensees that a rule of the release reads.
    ``verdicts``: on standings, without facts. They are never reordered.
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

        ``statuses``: by number, the values that an entitlement's status can have.
        """
        in_force = compiled(release, at)
        named = frozenset[str]().union(*(rule.attributes for rule in release.rules))
        self.reads = tuple(sorted(name for name in named if not of_an_offering(name)))
        self.reads_status = STATUS in in_force.places
        self._codes = ValueCodes(in_force, self.reads)
        self._standings = Standings(in_force, self._codes, named)
        self.verdicts: VerdictTable = self._standings.verdicts
        statuses = statuses if self.reads_status else statuses[:1]
        self._place_of = np.array(  # by offering and status, of the offering's kind
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
        """The code of a register's JSON value: 0 absent; no rule tells equal codes apart."""
        return self._codes.code(attribute, value)

    def answers(self, codes: Numbers, statuses: Numbers | None = None) -> Ints:
        """The index of each row's sheet; see ``patterns``."""
        return self.of_patterns(self.patterns(codes, statuses))

    def patterns(self, codes: Numbers, statuses: Numbers | None = None) -> Ints:
        """The number of each row's pattern.

        ``codes``: (rows, len(reads)), quickest in Fortran's order. ``statuses``: (rows,
        len(offerings)), places in STATUSES, needed where ``reads_status``.
        """
        rows = self._with_statuses(codes, statuses) if self.reads_status else codes
        return self._patterns.numbers(rows)

    def of_patterns(self, patterns: Ints) -> Ints:
        """The index of each pattern's sheet. All patterns not judged yet are judged."""
        new = self._patterns.rows(len(self._sheet_of))
        blocks = [new[n : n + self._block] for n in range(0, len(new), self._block)]
        self._sheet_of = np.concatenate([self._sheet_of, *map(self._judge, blocks)])
        return self._sheet_of[patterns]

    def with_papers(self, number: int, prepared: Prepared) -> int:
        """The number of the verdict with papers; ``number``: that of the one without them."""
        return self._standings.with_papers(number, prepared)

    def _with_statuses(self, codes: Numbers, statuses: Numbers | None) -> Numbers:
        """The codes, and one more column: the number of each row's statuses."""
        if statuses is None:
            raise ValueError("A rule in force reads the status of entitlements: pass statuses.")
        rows = np.empty((len(codes), codes.shape[1] + 1), np.int32, order="F")
        rows[:, :-1] = codes
        rows[:, -1] = self._statuses.numbers(statuses)
        return rows

    def _judge(self, rows: Ints) -> Ints:
        """The sheets of some patterns: of each offering the verdict on its kind, in its status."""
        verdicts = self._standings.of(rows[:, : len(self.reads)])
        if not self.reads_status:
            return self._sheets.numbers(verdicts[:, self._place_of[:, 0]])
        statuses = self._statuses.rows()[rows[:, -1]]
        places = self._place_of[np.arange(len(self._place_of)), statuses]
        return self._sheets.numbers(np.take_along_axis(verdicts, places, axis=1))

    def _place(self, facts: Mapping[str, object], status: object) -> int:
        return self._standings.place_of(facts if status is ABSENT else {**facts, STATUS: status})
