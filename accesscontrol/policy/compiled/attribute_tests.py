"""The tests of one attribute, and what a value makes of all clauses of a release: a mask.

An example with two clauses:

    clause 0:  licensee.country is CN, and licensee.red_flags_open is at least 3
    clause 1:  licensee.country is RU

A mask has two bits for each clause. The lower half says of which clauses all tests of the attribute
are true: bit 0 for clause 0, bit 1 for clause 1. The upper half says of which clauses none is
false: bits 2 and 3.

    country CN       0b0101   clause 0 is true, as far as this attribute goes, and clause 1 false
    country US       0b0000   both clauses are false
    country absent   0b1100   both clauses are unknown
    3 red flags      0b1111   clause 0 is true, and clause 1 does not read this attribute

The AND of the masks of a question's values says which clauses are true and which are not false:
0b0101 for CN with 3 red flags, 0b1100 for 3 red flags without a country.
"""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from accesscontrol.policy.judge.known import as_seen
from accesscontrol.policy.judge.truth import FALSE, TRUE, UNKNOWN, Truth, is_true
from accesscontrol.policy.judge.witnesses import constants
from accesscontrol.policy.language.conditions import Test
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import Value, elements

ORDERED: Final = ("integer", "quantity", "share", "date")
Places = tuple[int, int]  # the clauses that want a test true, and those that want it false, as bits
NOWHERE: Final[Places] = (0, 0)


class Failing(Exception):
    """A test cannot be run. The reference has to judge, which leaves the test's rules unknown."""


class AttributeTests:
    """The tests of one attribute, with the clauses in which they stand.

    ``known`` are the clauses in which is_known of the attribute stands. ``size`` is the number of
    all clauses.
    """

    def __init__(
        self,
        release: Release,
        instant: str,
        name: str,
        tests: Mapping[Test, Places],
        known: Places,
        size: int,
    ) -> None:
        self.attribute = release.attributes[name]
        self.tests = list(tests)
        self._release = release
        self._instant = instant
        self._size = size
        self._all = (1 << 2 * size) - 1
        self._places = [*tests.values(), known]
        named = _named_by(self.tests, release)
        self._named = frozenset(each for value in named for each in elements(value))
        self._steps = sorted(named, key=_in_order) if self.attribute.type in ORDERED else []

    @property
    def ask_whether_known(self) -> bool:
        return self._places[-1] != NOWHERE

    def kind(self, value: Value) -> Hashable:
        """A key that is equal for values that no test tells apart, by the contract of operators.

        All codes that no test names are of one kind. So are the numbers between two neighbors that
        tests name: with ``at_least 5`` and ``at_most 9`` those are 6, 7 and 8, and 5 is of another.
        """
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
        """The truth of each test over a value, by the reference. Raises Failing."""
        seen = as_seen(self._release, self.attribute, value)
        try:
            return tuple(
                TRUE if is_true(test, seen, self._release, self._instant) else FALSE
                for test in self.tests
            )
        except Exception as error:
            raise Failing from error

    def mask(self, truths: Sequence[Truth], known: Truth) -> int:
        """The mask for these truths of the tests, and this one of is_known."""
        false = unknown = 0
        for (wanted, unwanted), truth in zip(self._places, [*truths, known], strict=True):
            if truth == UNKNOWN:
                unknown |= wanted | unwanted
            else:
                false |= unwanted if truth == TRUE else wanted
        return self._all & ~(unknown | false | false << self._size)

    def absent(self, *, standing: bool) -> int:
        """The mask of an absent fact.

        is_known of what a request can still state is unknown (docs/language.md §3).
        """
        deferred = standing and self.attribute.source == "request"
        return self.mask([UNKNOWN] * len(self.tests), UNKNOWN if deferred else FALSE)


def contradicting(one: Sequence[Truth], other: Sequence[Truth]) -> tuple[Truth, ...]:
    """The truths over two values: unknown where they differ."""
    return tuple(a if a == b else UNKNOWN for a, b in zip(one, other, strict=True))


def _named_by(tests: Sequence[Test], release: Release) -> list[Value]:
    try:
        return list(constants(tests, release))
    except KeyError:  # a group or list that the release lacks: its test fails when it is run
        return []


def _in_order(value: Value) -> int | str:
    assert isinstance(value, int | str)
    return value
