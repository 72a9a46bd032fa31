"""The masks of classes as rows of words: those of many questions are gathered and ANDed at once."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.compiled.value_classes import Classes

WORD: Final = 8  # bytes

Words = NDArray[np.uint64]
Numbers = NDArray[np.integer[Any]]


class Tables:
    """The masks of several attributes' classes, by an attribute's place and a class's number."""

    def __init__(self, classes: Sequence[Classes], size: int) -> None:
        self._classes = classes
        self.width = max(1, -(-2 * size // (8 * WORD)))
        self._tables = [np.empty((0, self.width), np.uint64) for _ in classes]

    def masks(self, start: int, numbers: Numbers, places: Sequence[int] | None = None) -> Words:
        """For each row of class numbers, ``start`` ANDed with the masks of its classes.

        ``places`` are the attributes of the columns; all of them, unless given.
        """
        found = np.repeat(self.row(start), len(numbers), axis=0)
        for column, place in enumerate(range(len(self._classes)) if places is None else places):
            found &= self._table(place)[numbers[:, column]]
        return found

    def row(self, mask: int) -> Words:
        return self._rows([mask])

    def _table(self, place: int) -> Words:
        """With a row for each class, also for those met since the last call."""
        masks, table = self._classes[place].masks, self._tables[place]
        if len(table) < len(masks):
            table = np.concatenate([table, self._rows(masks[len(table) :])])
            self._tables[place] = table
        return table

    def _rows(self, masks: Sequence[int]) -> Words:
        joined = b"".join(mask.to_bytes(self.width * WORD, "little") for mask in masks)
        return np.frombuffer(joined, "<u8").reshape(len(masks), self.width).astype(np.uint64)


def as_integers(words: Words) -> list[int]:
    """Each row as the one integer that it was made of."""
    joined, length = words.astype("<u8").tobytes(), words.shape[1] * WORD
    return [
        int.from_bytes(joined[start : start + length], "little")
        for start in range(0, len(joined), length)
    ]
