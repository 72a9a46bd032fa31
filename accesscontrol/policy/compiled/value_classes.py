"""Sorts the values of an attribute into numbered classes: the same number, the same mask."""

from collections.abc import Hashable
from threading import Lock
from typing import Final

from accesscontrol.policy.compiled.attribute_tests import Literals, contradicting
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.truth import FALSE, TRUE
from accesscontrol.policy.language.values import Value

NO_VALUE: Final = 0  # the number of the class of no value
KINDS: Final = 50_000  # values that are remembered of an attribute before it forgets them again
_NUMBERING: Final = Lock()  # two threads never give one number to two masks


class Classes:
    """The classes of one attribute, numbered as they are met; 0 is that of no value.

    Two values that contradict each other have a class by the truth of each test, not by their mask
    alone, since which facts a rule lacks depends on it.
    """

    def __init__(self, literals: Literals, *, standing: bool) -> None:
        self._literals = literals
        self.masks = [literals.absent(standing=standing)]
        self._numbers: dict[Hashable, int] = {}
        self._met: dict[Hashable, int] = {}

    def of(self, value: Value, *, registered: bool = True) -> int:
        """The class of one value; ``registered`` is what is_known tells. Raises Failing."""
        kind = (self._literals.kind(value), registered)
        number = self._met.get(kind)
        if number is None:
            known = TRUE if registered else FALSE
            mask = self._literals.mask(self._literals.truths(value), known)
            number = self._number(mask, mask)
            self._remember(kind, number)
        return number

    def of_two(self, one: Value, other: Value) -> int:
        """The class of a register's value and a statement that contradicts it. Raises Failing."""
        kind = (self._literals.kind(one), self._literals.kind(other), "both")
        number = self._met.get(kind)
        if number is None:
            truths = contradicting(self._literals.truths(one), self._literals.truths(other))
            number = self._number(truths, self._literals.mask(truths, TRUE))
            self._remember(kind, number)
        return number

    def of_failing(self, value: Value) -> int:
        """A class of its own for a value over which some test fails."""
        return self._number(("failing", value), self.masks[NO_VALUE])

    def _number(self, key: Hashable, mask: int) -> int:
        with _NUMBERING:
            if key not in self._numbers:
                self.masks.append(mask)
                self._numbers[key] = len(self.masks) - 1
            return self._numbers[key]

    def _remember(self, kind: Hashable, number: int) -> None:
        if len(self._met) >= KINDS:
            self._met.clear()
        self._met[kind] = number


def class_of(classes: Classes, world: World, name: str) -> int:
    """The class of what is known about an attribute. Raises Failing."""
    seen = world.seen.get(name)
    if seen is None:
        return NO_VALUE
    if len(seen) == 2:
        return classes.of_two(seen[0].value, seen[1].value)
    return classes.of(seen[0].value, registered=name in world.known)
