"""Sorts the values of an attribute into numbered classes: those of one number have one mask.

Example: rules ask whether licensee.country is in a group, of which IR is a member. US, SG and DE,
which no rule tells apart, are of class 1, IR is of class 2, and class 0 is "no value". Each has a
mask (attribute_tests.py has an example), which is worked out for the first value of the class met.
"""

from collections.abc import Hashable
from threading import Lock
from typing import Final

from accesscontrol.policy.compiled.attribute_tests import AttributeTests, contradicting
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.truth import FALSE, TRUE
from accesscontrol.policy.language.values import Value

NO_VALUE: Final = 0  # the number of the class of no value
KINDS: Final = 50_000  # of values of an attribute, that are remembered before all are forgotten
_NUMBERING: Final = Lock()  # of all threads: no two give one number to two masks


class ValueClasses:
    """The classes of one attribute in the order in which they were met; 0 is that of no value.

    ``masks``: by number. A kind (``AttributeTests.kind``) is finer than a class, and is found
    without running a test. Two values that contradict each other have a class by the truth of each
    test, not by their mask alone, since the facts that a rule lacks depend on it.

    Threads may share it: a number is given under a lock, after its mask is in its place.
    """

    def __init__(self, tests: AttributeTests, *, standing: bool) -> None:
        self._tests = tests
        self.masks = [tests.absent(standing=standing)]
        self._numbers: dict[Hashable, int] = {}
        self._met: dict[Hashable, int] = {}

    def of(self, value: Value, *, registered: bool = True) -> int:
        """The class of one value; ``registered`` is what is_known tells. Raises Failing."""
        kind = (self._tests.kind(value), registered)
        number = self._met.get(kind)
        if number is None:
            known = TRUE if registered else FALSE
            mask = self._tests.mask(self._tests.truths(value), known)
            number = self._number(mask, mask)
            self._remember(kind, number)
        return number

    def of_two(self, one: Value, other: Value) -> int:
        """The class of a register's value and a statement that contradicts it. Raises Failing."""
        kind = (self._tests.kind(one), self._tests.kind(other), "both")
        number = self._met.get(kind)
        if number is None:
            truths = contradicting(self._tests.truths(one), self._tests.truths(other))
            number = self._number(truths, self._tests.mask(truths, TRUE))
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


def class_of(classes: ValueClasses, world: World, name: str) -> int:
    """The class of what is known about an attribute. Raises Failing."""
    seen = world.seen.get(name)
    if seen is None:
        return NO_VALUE
    if len(seen) == 2:
        return classes.of_two(seen[0].value, seen[1].value)
    return classes.of(seen[0].value, registered=name in world.known)
