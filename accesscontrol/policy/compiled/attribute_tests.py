"""Where the tests of one attribute stand among all clauses, and what each value makes of them."""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Final

from accesscontrol.policy.judge.known import as_seen
from accesscontrol.policy.judge.truth import FALSE, TRUE, UNKNOWN, Truth, holds
from accesscontrol.policy.judge.witnesses import constants
from accesscontrol.policy.language.conditions import (
    After,
    AtLeast,
    AtMost,
    Before,
    Contains,
    InGroup,
    InList,
    Is,
    IsKnown,
    OneOf,
    Test,
)
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import Value, elements

ORDERED: Final = ("integer", "quantity", "share", "date")
Places = tuple[int, int]  # the clauses in which a test has to hold, and in which it has to fail


class Failing(Exception):
    """A test cannot be run; the rules that it belongs to have to be judged one by one."""


class Literals:
    """The tests of one attribute; a mask has a bit per clause for "true", above it "not false".

    A test is a leaf as the oracle knows it: its truth comes from the oracle's own ``holds``.
    """

    def __init__(
        self,
        release: Release,
        at: str,
        name: str,
        found: Mapping[object, Places],
        size: int,
    ) -> None:
        self.attribute = release.attributes[name]
        self._release = release
        self._at = at
        self._size = size
        self._all = (1 << 2 * size) - 1
        self.tests = [leaf for leaf in found if isinstance(leaf, TESTS)]
        self._places = [found[leaf] for leaf in self.tests]
        self._known = found.get(IsKnown, (0, 0))
        self.clauses = reduce(
            or_, (hold | fail for hold, fail in found.values()), 0
        )  # that read it
        named = _compared_with(self.tests, release)
        self._named = frozenset(each for value in named for each in elements(value))
        self._steps = sorted(named, key=_in_order) if self.attribute.type in ORDERED else []

    @property
    def ask_whether_known(self) -> bool:
        return self._known != (0, 0)

    def kind(self, value: Value) -> Hashable:
        """Equal for values that no test can tell apart: unnamed codes, numbers of one interval."""
        match self.attribute.type:
            case "code":
                return value if value in self._named else None
            case "codes":
                return elements(value) & self._named
            case "integer" | "quantity" | "share" | "date":
                step = bisect_left(self._steps, _in_order(value), key=_in_order)
                return step, step < len(self._steps) and self._steps[step] == value
            case _:
                return value

    def truths(self, value: Value) -> tuple[Truth, ...]:
        """Of each test, as the oracle has it. Raises Failing."""
        seen = as_seen(self._release, self.attribute, value)
        try:
            return tuple(
                TRUE if holds(test, seen, self._release, self._at) else FALSE for test in self.tests
            )
        except Exception as error:
            raise Failing from error

    def mask(self, truths: Sequence[Truth], known: Truth) -> int:
        """The clauses of which all tests of this attribute are true, and of which none is false."""
        false = unknown = 0
        places = [*self._places, self._known]
        for (wanted, unwanted), truth in zip(places, [*truths, known], strict=True):
            if truth == UNKNOWN:
                unknown |= wanted | unwanted
            else:
                false |= unwanted if truth == TRUE else wanted
        return self._all & ~(unknown | false | false << self._size)

    def absent(self, *, standing: bool) -> int:
        """The mask of no value.

        is_known of what a request can still say is unknown (docs/language.md §3).
        """
        deferred = standing and self.attribute.source == "request"
        return self.mask([UNKNOWN] * len(self.tests), UNKNOWN if deferred else FALSE)


def contradicting(one: Sequence[Truth], other: Sequence[Truth]) -> tuple[Truth, ...]:
    """The truths over two values: unknown where they differ."""
    return tuple(a if a == b else UNKNOWN for a, b in zip(one, other, strict=True))


def _compared_with(tests: Sequence[Test], release: Release) -> list[Value]:
    try:
        return list(constants(tests, release))
    except KeyError:  # a list that the release does not hold: its test fails when it is run
        return []


def _in_order(value: Value) -> int | str:
    assert isinstance(value, int | str)
    return value


TESTS: Final = (Is, OneOf, Contains, InGroup, InList, AtLeast, AtMost, Before, After)
