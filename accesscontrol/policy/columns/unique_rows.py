"""Numbers unique rows of small numbers, so that equal rows are looked at once.

Example: of the rows (2, 2, 0), (2, 2, 0) and (2, 0, 0) the first two get the number 0, the third
1. A later call finds (2, 0, 0) again under 1. A hash says where in a table a row is looked for.
Whether two rows are equal, the rows themselves say.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]
Ints = NDArray[np.int32]
Keys = NDArray[np.int64]

BLOCK: Final = 16_384  # rows looked up together, so that what is made for them stays near
FREE: Final = -1
SMALLEST: Final = 10  # bits of a table's size
SPARSE: Final = 4  # places of a table for each known row, at least: most are found at the first
SMALL: Final = 1 << 16  # up to here a table finds distinct keys faster than sorting does
MOST_BITS: Final = 62  # of a key, which stays positive
ROOM: Final = 1  # bits by which a column's numbers may grow before the known rows are packed anew
FACTOR: Final = np.int64(-0x61C8864680B583EB)  # odd: 2^64 over the golden ratio


class UniqueRows:
    """Unique rows of one width, remembered between calls: each keeps the number it got first.

    The numbers in a row are not negative. They are packed into few words of 62 bits, column by
    column.
    """

    def __init__(self, width: int) -> None:
        self._bits = [ROOM] * width
        self._layout = _laid_out(self._bits)
        self._words = np.empty((_count(self._layout), 0), np.int64)
        self._count = 0
        self._table = np.full(1 << SMALLEST, FREE, np.int32)

    def __len__(self) -> int:
        return self._count

    def rows(self, start: int = 0) -> Ints:
        """The rows with the numbers from ``start`` on."""
        return _unpacked(self._words[:, start : self._count], self._layout, self._bits).T

    def numbers(self, rows: Numbers) -> Ints:
        """The number of each row: those below the former ``len`` have been met before.

        Quickest where a column's numbers lie side by side.
        """
        self.fit(rows.max(axis=0, initial=0).tolist())
        found = np.empty(len(rows), np.int32)
        for start in range(0, len(rows), BLOCK):
            words = _packed(rows[start : start + BLOCK].T, self._layout)
            found[start : start + BLOCK] = self._found(words)
        return found

    def of_packed(self, words: Keys) -> Ints:
        """The number of each row that was packed by ``packed``: (words, rows)."""
        found = np.empty(words.shape[1], np.int32)
        for start in range(0, len(found), BLOCK):
            found[start : start + BLOCK] = self._found(words[:, start : start + BLOCK])
        return found

    def packed(self, column: int, numbers: Ints) -> tuple[int, Keys]:
        """The word that a column's numbers belong to, and what they add to it, by ``|``."""
        word, lowest = self._layout[column]
        return word, np.left_shift(numbers, lowest, dtype=np.int64)

    @property
    def words(self) -> int:
        """How many words a row is packed into, until a number has no room."""
        return len(self._words)

    def fit(self, most: Sequence[int]) -> None:
        """See that in every column there is room for numbers up to ``most``."""
        bits = [number.bit_length() for number in most]
        if all(needed <= width for needed, width in zip(bits, self._bits, strict=True)):
            return
        known = self.rows().T
        self._bits = [
            width if needed <= width else needed + ROOM
            for needed, width in zip(bits, self._bits, strict=True)
        ]
        self._layout = _laid_out(self._bits)
        self._words = _packed(known, self._layout)
        self._place_all()

    def _found(self, words: Keys) -> Ints:
        found = np.empty(words.shape[1], np.int32)
        left, tried = np.arange(words.shape[1]), 0
        hashes = _hashed(words)
        while len(left):
            slots = self._slots(hashes, tried)
            numbers = self._table[slots]
            free = numbers == FREE
            if free.any():
                numbers[free] = self._claimed(slots[free], words[:, free])
            same = self._same(numbers, words)
            found[left[same]] = numbers[same]
            other = ~same
            left, words, hashes = left[other], words[:, other], hashes[other]
            tried = 0 if self._grown() else tried + 1
        return found

    def _slots(self, hashes: NDArray[np.uint64], tried: int) -> Keys:
        """Where rows are looked for after so many other places; the upper bits are the best."""
        home = (hashes >> np.uint64(65 - len(self._table).bit_length())).view(np.int64)
        return (home + tried) & (len(self._table) - 1)

    def _claimed(self, slots: Keys, words: Keys) -> Ints:
        """Give one of the rows at each free slot a number; which number each slot has then."""
        mine = np.arange(len(slots), dtype=np.int32)
        self._table[slots] = mine
        kept = self._table[slots] == mine
        start = self._count
        self._append(words[:, kept])
        self._table[slots[kept]] = np.arange(start, self._count)
        return self._table[slots]

    def _append(self, words: Keys) -> None:
        end = self._count + words.shape[1]
        if end > self._words.shape[1]:
            longer = np.empty((len(words), end + end // 2), np.int64)
            longer[:, : self._count] = self._words[:, : self._count]
            self._words = longer
        self._words[:, self._count : end] = words
        self._count = end

    def _same(self, numbers: Ints, words: Keys) -> NDArray[np.bool_]:
        same = np.ones(len(numbers), bool)
        for known, word in zip(self._words, words, strict=True):
            same &= known[numbers] == word
        return same

    def _grown(self) -> bool:
        """See that the table is sparse; whether rows now have to be looked for elsewhere."""
        if SPARSE * self._count <= len(self._table):
            return False
        self._place_all()
        return True

    def _place_all(self) -> None:
        """A new table for the known rows."""
        size = max(1 << SMALLEST, 1 << (2 * SPARSE * self._count).bit_length())
        self._table = np.full(size, FREE, np.int32)
        left, tried = np.arange(self._count, dtype=np.int32), 0
        hashes = _hashed(self._words[:, : self._count])
        while len(left):
            slots = self._slots(hashes[left], tried)
            free = self._table[slots] == FREE
            self._table[slots[free]] = left[free]
            left = left[self._table[slots] != left]
            tried += 1


Layout = list[tuple[int, int]]  # of each column its word, and its lowest bit there


def _laid_out(bits: Sequence[int]) -> Layout:
    layout: Layout = []
    word = taken = 0
    for width in bits:
        if taken + width > MOST_BITS:
            word, taken = word + 1, 0
        layout.append((word, taken))
        taken += width
    return layout


def _count(layout: Layout) -> int:
    return layout[-1][0] + 1 if layout else 0


def _packed(columns: Numbers, layout: Layout) -> Keys:
    words = np.zeros((_count(layout), columns.shape[1]), np.int64)
    for column, (word, lowest) in zip(columns, layout, strict=True):
        words[word] |= np.left_shift(column, lowest, dtype=np.int64)
    return words


def _unpacked(words: Keys, layout: Layout, bits: Sequence[int]) -> Ints:
    columns = np.empty((len(layout), words.shape[1]), np.int32)
    for column, (word, lowest), width in zip(columns, layout, bits, strict=True):
        column[:] = words[word] >> lowest & (1 << width) - 1
    return columns


def _hashed(words: Keys) -> NDArray[np.uint64]:
    """Every bit of each word, the highest ones too, is mixed into the upper bits."""
    hashes = np.zeros(words.shape[1], np.int64)
    for word in words:
        hashes ^= word
        hashes *= FACTOR
        hashes ^= hashes >> 32
    return (hashes * FACTOR).view(np.uint64)


def fresh_rows(numbers: Numbers, start: int, end: int) -> Keys:
    """Of each number from ``start`` up to ``end`` one row that has it."""
    rows = np.empty(end - start, np.int64)
    if end > start:
        fresh = np.flatnonzero(numbers >= start)
        rows[numbers[fresh] - start] = fresh
    return rows


class MixedRadixKeys:
    """A key for each row, as a number with a digit for each column.

    Before a key has too many digits, the keys met are numbered anew from 0.
    """

    def __init__(self, rows: int) -> None:
        self._keys: Keys = np.zeros(rows, np.int64)
        self._radix = 1

    def add(self, column: Numbers, count: int) -> None:
        """Add a digit: a column of numbers below ``count``."""
        if self._radix * count >> MOST_BITS:
            first, self._keys = self.distinct()
            self._radix = len(first)
        self._keys *= count
        self._keys += column
        self._radix *= count

    def distinct(self) -> tuple[Keys, Keys]:
        """One row of each key, and the number of each row's key, from 0."""
        if self._radix > SMALL:
            _, first, inverse = np.unique(self._keys, return_index=True, return_inverse=True)
            return first, inverse
        rows = np.full(self._radix, -1, np.int64)
        rows[self._keys] = np.arange(len(self._keys))
        met = rows >= 0
        return rows[met], (np.cumsum(met) - 1)[self._keys]
