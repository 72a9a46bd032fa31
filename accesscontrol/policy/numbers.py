"""Remembers the numbers of an attribute's raw JSON values: each is read and checked once."""

from collections.abc import Callable
from typing import Final

VALUES: Final = 20_000  # of an attribute that are remembered

# Python takes True, 1 and 1.0 for the same key, JSON does not: of these types only values of the
# one Python type are looked up. All other types write their values as texts, which equal no number.
EXACT: Final[dict[str, type]] = {"boolean": bool, "integer": int, "share": int}
SETS: Final = ("countries", "codes")


class Numbers:
    """By raw value its number, shifted to the attribute's field; sets are looked up as tuples."""

    def __init__(self, type_: str, read: Callable[[object], int], wrong: int) -> None:
        self.exactly = EXACT.get(type_)
        self.is_set = type_ in SETS
        self.known: dict[object, int] = {}
        self._read = read
        self._wrong = wrong

    def of(self, raw: object) -> int:
        """The number of any value. Raises TypeError where it cannot be looked up."""
        if self.is_set:
            return self.of_key(tuple(raw)) if isinstance(raw, list) else self._wrong
        if self.exactly is not None and raw.__class__ is not self.exactly:
            return self._wrong
        return self.of_key(raw)

    def of_key(self, key: object) -> int:
        """The number of a value of the right type, a tuple for a set."""
        number = self.known.get(key)
        if number is None:
            number = self._read(key)
            if number != self._wrong:
                if len(self.known) >= VALUES:
                    self.known.clear()
                self.known[key] = number
        return number


class Anything(dict[object, int]):
    """Stands for an attribute that the vocabulary does not hold: its values say nothing."""

    def __missing__(self, raw: object) -> int:
        return 0
