"""Numbers the distinct rows of small numbers, so that what is equal is looked at once.

Nothing is told apart by a hash: a row becomes a mixed-radix key where it fits into one integer, and
a key of the numbers of its parts' keys where it does not.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]
Keys = NDArray[np.int64]
SMALL: Final = 1 << 16  # up to here a table finds distinct keys faster than sorting does
MOST_BITS: Final = 62  # of a key, which stays positive
PART_BITS: Final = 31  # of the number of a part's key


class Distinct:
    """Distinct keys, remembered between calls: each keeps the number that it got first."""

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.int64)  # in order
        self._numbers: Keys = np.empty(0, np.int64)  # of each

    def __len__(self) -> int:
        return len(self._keys)

    def numbers(self, keys: Keys) -> Keys:
        met, inverse = np.unique(keys, return_inverse=True)
        places = np.searchsorted(self._keys, met)
        known = places < len(self._keys)
        known[known] = self._keys[places[known]] == met[known]
        fresh = met[~known]
        if len(fresh):
            numbers = np.arange(len(self), len(self) + len(fresh))
            self._keys = np.insert(self._keys, places[~known], fresh)
            self._numbers = np.insert(self._numbers, places[~known], numbers)
            places = np.searchsorted(self._keys, met)
        return self._numbers[places][inverse]


class DistinctRows:
    """Distinct rows of numbers, each below a power of two of its column."""

    def __init__(self, bits: Sequence[int]) -> None:
        self._most = (1 << np.array(bits, np.int64)) - 1
        self._groups = _grouped(bits)
        self._parts = [Distinct() for _ in self._groups]
        self._pairs = [Distinct() for _ in self._groups[1:]]
        self._whole = [*self._parts, *self._pairs][-1]

    def __len__(self) -> int:
        return len(self._whole)

    def fits(self, rows: Numbers) -> bool:
        return bool((rows.max(axis=0, initial=0) <= self._most).all())

    def numbers(self, rows: Numbers) -> Keys:
        """The number of each row: those below the former ``len`` have been met before."""
        found, *others = (
            part.numbers(_keys(rows, group))
            for group, part in zip(self._groups, self._parts, strict=True)
        )
        for other, pair in zip(others, self._pairs, strict=True):
            found = pair.numbers(found << PART_BITS | other)
        return found


Group = list[tuple[int, int]]  # of each column of a part its shift in the key


def _grouped(bits: Sequence[int]) -> list[Group]:
    groups: list[Group] = [[]]
    taken = 0
    for column, width in enumerate(bits):
        if taken + width > MOST_BITS:
            groups.append([])
            taken = 0
        groups[-1].append((column, taken))
        taken += width
    return groups


def _keys(rows: Numbers, group: Group) -> Keys:
    keys = np.zeros(len(rows), np.int64)
    for column, shift in group:
        keys |= rows[:, column].astype(np.int64) << shift
    return keys


def fresh_rows(numbers: Keys, start: int, end: int) -> Keys:
    """Of each number from ``start`` up to ``end`` one row that has it."""
    rows = np.empty(end - start, np.int64)
    if end > start:
        fresh = np.flatnonzero(numbers >= start)
        rows[numbers[fresh] - start] = fresh
    return rows


class Mixed:
    """A mixed-radix key that grows by one column after the other, and is shortened in time."""

    def __init__(self, rows: int) -> None:
        self._keys: Keys = np.zeros(rows, np.int64)
        self._radix = 1

    def add(self, column: Numbers, count: int) -> None:
        """One more column of numbers below ``count``."""
        if self._radix * count >> MOST_BITS:
            first, self._keys = self.distinct()
            self._radix = len(first)
        self._keys = self._keys * count + column
        self._radix *= count

    def distinct(self) -> tuple[Keys, Keys]:
        """One row of each kind, and of each row which kind it is."""
        if self._radix > SMALL:
            _, first, inverse = np.unique(self._keys, return_index=True, return_inverse=True)
            return first, inverse
        rows = np.full(self._radix, -1, np.int64)
        rows[self._keys] = np.arange(len(self._keys))
        met = rows >= 0
        return rows[met], (np.cumsum(met) - 1)[self._keys]
