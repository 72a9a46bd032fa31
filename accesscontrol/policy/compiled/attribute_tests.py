"""Tells what a value of one attribute makes of all clauses of a release: a mask, two bits a clause.

An example, with two clauses (of one rule or of two, that does not matter):

    clause 0:  licensee.country is CN, and model.training_ops at least 1e26
    clause 1:  licensee.country is RU

The tests of licensee.country are ``is CN``, which has to hold in clause 0, and ``is RU``, which has
to hold in clause 1. A mask has bits 0 and 1 for "all tests of this attribute in the clause are
true", and bits 2 and 3 above them for "none of them is false":

    CN                       0b0101   clause 0 is true as far as this attribute goes, clause 1 false
    US                       0b0000   both are false
    absent                   0b1100   neither is true, neither is false
    training_ops of 1e26     0b1111   clause 0 is true; clause 1 does not read it

The AND of the masks of a question's values says of each clause whether it is true and whether it is
not false: CN with 1e26 gives 0b0101, an absent country with 1e26 gives 0b1100.
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
Places = tuple[int, int]  # the clauses in which a test has to hold, and in which it has to fail
NOWHERE: Final[Places] = (0, 0)


class Failing(Exception):
    """A test cannot be run; the rules that it belongs to have to be judged one by one."""


class Literals:
    """The tests of one attribute, and the clauses in which they stand.

    Their truth comes from ``holds``, as the reference's does. ``known`` are the places of is_known.
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
        """Equal for values that no test can tell apart.

        Those are the codes that no test names, and the numbers and dates between two neighbors of
        those that tests name. With tests ``at_least 5`` and ``at_most 9`` all of 6, 7 and 8 are of
        one kind, 5 is of another.
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
        """The truth of each test over a value. Raises Failing."""
        seen = as_seen(self._release, self.attribute, value)
        try:
            return tuple(
                TRUE if is_true(test, seen, self._release, self._instant) else FALSE
                for test in self.tests
            )
        except Exception as error:
            raise Failing from error

    def mask(self, truths: Sequence[Truth], known: Truth) -> int:
        """The mask where the tests come out so, and is_known as ``known``."""
        false = unknown = 0
        for (wanted, unwanted), truth in zip(self._places, [*truths, known], strict=True):
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


def _named_by(tests: Sequence[Test], release: Release) -> list[Value]:
    try:
        return list(constants(tests, release))
    except KeyError:  # a group or list that the release lacks: its test fails when it is run
        return []


def _in_order(value: Value) -> int | str:
    assert isinstance(value, int | str)
    return value
