"""Judges many licensees for every offering at once: columns of small numbers in, sheets out.

Rows that no rule can tell apart are one pattern, and most of what tells patterns apart does not
matter to one offering: for each, the classes of every attribute are merged as far as its own
clauses go, and only what is left distinct is judged.
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
from accesscontrol.policy.offerings import STATUS, Offering, of_an_offering
from accesscontrol.policy.release import Release
from accesscontrol.policy.values import instant_of
from accesscontrol.policy.verdict import Verdict

__all__ = ["ABSENT", "Columns"]

STATUSES: Final = ("none", "active", "held")
BLOCK: Final = 8192  # patterns that are looked at together: bounds the memory, not the result
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
        self._kinds: list[Offering] = []
        statuses = STATUSES if self.reads_status else STATUSES[:1]
        self._kind_of = np.array(  # by offering and status
            [[self._kind(each, status) for status in statuses] for each in offerings], np.intp
        ).reshape(len(offerings), len(statuses))
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
        blocks = np.split(fresh, range(BLOCK, len(fresh), BLOCK))
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
        numbers = self._codes.numbers(codes)
        found = np.empty((len(codes), len(self._kinds)), np.int32)
        for place, kind in enumerate(self._kinds):
            found[:, place] = self._forecasts.of(kind, codes, numbers)
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

    def _kind(self, facts: Mapping[str, object], status: str) -> int:
        """The place of an offering's kind; offerings that the rules cannot tell apart share one."""
        offering = self._forecasts.offering({**facts, STATUS: status})
        for place, kind in enumerate(self._kinds):
            if kind.kind == offering.kind:
                return place
        self._kinds.append(offering)
        return len(self._kinds) - 1


def _bits(rows: Numbers) -> list[int]:
    highest = rows.max(axis=0, initial=0).tolist()
    return [int(each).bit_length() + ROOM for each in highest]
