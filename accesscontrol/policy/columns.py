"""Judges many licensees for every offering at once: columns of small numbers in, sheets out.

Rows that no rule can tell apart are one pattern. Of those, each rule tells few apart: it is weighed
for each kind that it does, and a verdict is put together for each combination of what rules say.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.codes import ABSENT, Codes
from accesscontrol.policy.compile import compiled
from accesscontrol.policy.distinct import DistinctRows, Numbers, fresh_rows
from accesscontrol.policy.forecasts import Forecasts
from accesscontrol.policy.offerings import STATUS, of_an_offering
from accesscontrol.policy.release import Release
from accesscontrol.policy.values import instant_of
from accesscontrol.policy.verdict import Verdict

__all__ = ["ABSENT", "Columns"]

STATUSES: Final = ("none", "active", "held")
BLOCK: Final = 32_768  # patterns looked at together, at most
CELLS: Final = 8_000_000  # of them and of rules, at most: both bound the memory, not the result
ROOM: Final = 1  # bits that codes may grow by before the patterns have to be met anew

Sheets = NDArray[np.int32]


class Columns:
    """Standings by one release at one instant, of licensees without papers for these offerings.

    Values become small numbers by ``code``; ``answers`` takes one row of them a licensee. It
    remembers every distinct row that it was asked, in this call and earlier ones.

    ``reads``: the attributes on a licensee's side that can matter, which are the columns.
    ``sheets``: of each the index into ``findings`` for each offering. ``findings``: verdicts on
    standings, without anybody's facts. Both grow, and are never reordered.
    """

    def __init__(
        self, release: Release, *, at: datetime, offerings: Sequence[Mapping[str, object]]
    ) -> None:
        """``offerings``: of each the JSON facts of its model, and its request.activity."""
        span = compiled(release, instant_of(at))
        named = frozenset[str]().union(*(rule.attributes for rule in release.rules))
        self.reads = tuple(sorted(name for name in named if not of_an_offering(name)))
        self.reads_status = STATUS in span.places
        self.sheets: list[tuple[int, ...]] = []
        self._codes = Codes(span, self.reads)
        self._forecasts = Forecasts(span, self._codes, named)
        self.findings: list[Verdict] = self._forecasts.verdicts
        statuses = STATUSES if self.reads_status else STATUSES[:1]
        self._kind_of = np.array(  # by offering and status
            [[self._place(each, status) for status in statuses] for each in offerings], np.intp
        ).reshape(len(offerings), len(statuses))
        self._block = min(BLOCK, CELLS // (1 + len(release.rules)))
        self._sheet_numbers: dict[bytes, int] = {}
        self._statuses: dict[bytes, int] = {}
        self._patterns: DistinctRows | None = None
        self._sheet_of: Sheets = np.empty(0, np.int32)  # by pattern

    def code(self, attribute: str, value: object = ABSENT) -> int:
        """The class of a register's JSON value: 0 absent; equal classes get equal answers."""
        return self._codes.code(attribute, value)

    def answers(self, codes: Numbers, statuses: Numbers | None = None) -> Sheets:
        """The index of each row's sheet.

        ``codes``: (rows, len(reads)); ``statuses``: (rows, len(offerings)), 0 none, 1 active,
        2 held, needed where ``reads_status``.
        """
        held = self._held(codes, statuses)
        rows = self._rows(codes, held)
        if self._patterns is None or not self._patterns.fits(rows):
            self._patterns = DistinctRows(_bits(rows))
            self._sheet_of = np.empty(0, np.int32)
        before = len(self._patterns)
        numbers = self._patterns.numbers(rows)
        fresh = fresh_rows(numbers, before, len(self._patterns))
        blocks = np.split(fresh, range(self._block, len(fresh), self._block))
        sheets = [self._judge(codes[block], held[block]) for block in blocks]
        self._sheet_of = np.concatenate([self._sheet_of, *sheets])
        return self._sheet_of[numbers]

    def _held(self, codes: Numbers, statuses: Numbers | None) -> Numbers:
        """The statuses as far as they matter: not at all, where no rule reads them."""
        if not self.reads_status:
            return np.empty((len(codes), 0), np.int8)
        if statuses is None:
            raise ValueError("A rule in force reads the status of entitlements: pass statuses.")
        return statuses

    def _rows(self, codes: Numbers, held: Numbers) -> Numbers:
        """What makes a pattern: the codes, and of the statuses a number for all together."""
        numbers = np.zeros(len(codes), np.int32)
        for row in np.flatnonzero(held.any(axis=1)):
            key = held[row].astype(np.int8).tobytes()
            numbers[row] = self._statuses.setdefault(key, len(self._statuses) + 1)
        return np.column_stack([codes, numbers])

    def _judge(self, codes: Numbers, held: Numbers) -> Sheets:
        """The sheets of some patterns."""
        found = self._forecasts.of(codes)
        if self.reads_status:
            kinds = self._kind_of[np.arange(len(self._kind_of)), held]
            found = np.take_along_axis(found, kinds, axis=1)
        else:
            found = found[:, self._kind_of[:, 0]]
        return np.array([self._sheet(row) for row in found], np.int32)

    def _sheet(self, found: Sheets) -> int:
        key = found.tobytes()
        number = self._sheet_numbers.get(key)
        if number is None:
            number = self._sheet_numbers[key] = len(self.sheets)
            self.sheets.append(tuple(found.tolist()))
        return number

    def _place(self, facts: Mapping[str, object], status: str) -> int:
        return self._forecasts.place_of({**facts, STATUS: status})


def _bits(rows: Numbers) -> list[int]:
    highest = rows.max(axis=0, initial=0).tolist()
    return [int(each).bit_length() + ROOM for each in highest]
