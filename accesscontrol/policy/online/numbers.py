"""Remembers the numbers of an attribute's raw JSON values: each is read and checked once."""

from collections.abc import Callable
from typing import Final

from accesscontrol.policy.judge.known import ABSENT

VALUES: Final = 20_000  # of an attribute that are remembered

# Python takes True, 1 and 1.0 for the same key, JSON does not: of these types only values of the
# one Python type are looked up. All other types write their values as texts, which equal no number.
EXACT: Final[dict[str, type]] = {"boolean": bool, "integer": int, "share": int}
SETS: Final = ("countries", "codes")


class Numbers:
    """By raw value its number, shifted to the attribute's field; 0 for ABSENT. Sets are tuples.

    Whoever asks has looked at the type of the value.
    """

    def __init__(self, read: Callable[[object], int], wrong: int) -> None:
        self.known: dict[object, int] = {ABSENT: 0}
        self._read = read
        self._wrong = wrong

    def of(self, value: object) -> int:
        """The number of a value, a tuple for a set. Raises TypeError for what is no key."""
        number = self.known.get(value)
        if number is None:
            number = self._read(value)
            if number != self._wrong:
                if len(self.known) >= VALUES:
                    self.known.clear()
                    self.known[ABSENT] = 0
                self.known[value] = number
        return number
