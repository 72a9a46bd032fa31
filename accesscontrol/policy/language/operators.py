"""The table of operators. An entry is all in which one operator differs from another.

The parser, the printer, the readers, the narrowing, the sentences and the form of the editor look
an operator up in this table. None of them names one, so a new operator is a new entry
(docs/adr/0010-one-table-of-operators.md). An entry has no defaults: mypy refuses one that lacks a
part.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from accesscontrol.policy.language.operands import (
    A_GROUP,
    A_LIST,
    ONE_VALUE,
    SOME_VALUES,
    OperandKind,
)
from accesscontrol.policy.language.values import Type, Value


class Membership(Protocol):
    """The members, at one instant, of the group or list that a test names."""

    def isdisjoint(self, values: Iterable[Value], /) -> bool:
        """Whether none of the values is in it."""


NOBODY: Final[Membership] = frozenset[Value]()  # for tests that name no group and no list

# Takes the operand, a present value, what the value stands for (itself, the elements of a set, the
# country that a territory belongs to) and the members of the group or list that the operand names.
# The types of operand and value agree by ``types``: dates are texts, and what else has an order is
# an integer.
IsTrue = Callable[[Any, Any, frozenset[Value], Membership], bool]

# Takes the same, but each membership that there was at some moment, and the truth that is wanted.
Possible = Callable[[Any, Any, frozenset[Value], Sequence[Membership], bool], bool]


@dataclass(frozen=True)
class Words:
    """How a sentence says a test.

    ``frame`` says how the sentence begins, which depends on the attribute: "the licensee is in"
    (value), "the licensee is" (listed), "the model was trained with" (limit). After it comes
    ``plain``, or ``negated`` where the test is denied, with ``{}`` for the operand. The beginnings
    of value and listed are denied too: "the licensee is not in".

    ``found`` is the sentence about a value of which the test is true. Its parts are ``{said}``, the
    sentence without that value, ``{frame}``, ``{value}`` and ``{operand}``.
    """

    frame: Literal["value", "listed", "limit"]
    plain: str
    negated: str
    found: str


@dataclass(frozen=True)
class FormWords:
    """How the editor's form offers an operator on some types, plain and under a ``not``.

    The codes are what the form posts.
    """

    types: tuple[Type, ...]
    code: str
    words: str
    negated_code: str
    negated_words: str


@dataclass(frozen=True)
class Operator:
    """One operator of the language.

    ``types`` are those of the attributes that it compares. ``is_true`` is its truth over a present
    value, and ``possible`` whether its truth can have been as wanted at some moment. ``form`` has
    words for each of its types.

    The fast readers rely on a contract: an operator tells values apart only by those that
    ``operand.values`` yields. All codes that are not among them are alike. So are all numbers and
    dates between two neighbors. A set counts as those of its elements that are among them.
    """

    name: str
    types: tuple[Type, ...]
    operand: OperandKind
    is_true: IsTrue
    possible: Possible
    words: Words
    form: tuple[FormWords, ...]


def throughout(is_true: IsTrue) -> Possible:
    """For an operator that reads no group and no list: its truth is the same at all moments."""

    def possible(
        operand: object,
        value: object,
        stands_for: frozenset[Value],
        memberships: Sequence[Membership],
        wanted: bool,
    ) -> bool:
        return is_true(operand, value, stands_for, NOBODY) is wanted

    return possible


def at_some_moment(is_true: IsTrue) -> Possible:
    """For an operator that reads a group or list: what one of the memberships makes of it."""

    def possible(
        operand: object,
        value: object,
        stands_for: frozenset[Value],
        memberships: Sequence[Membership],
        wanted: bool,
    ) -> bool:
        return any(is_true(operand, value, stands_for, each) is wanted for each in memberships)

    return possible


def _stands_for(
    operand: Value, value: Value, stands_for: frozenset[Value], members: Membership
) -> bool:
    return operand in stands_for


def _stands_for_one(
    operand: frozenset[Value], value: Value, stands_for: frozenset[Value], members: Membership
) -> bool:
    return not operand.isdisjoint(stands_for)


def _is_member(
    operand: str, value: Value, stands_for: frozenset[Value], members: Membership
) -> bool:
    return not members.isdisjoint(stands_for)


def _at_least(operand: int, value: int, stands_for: frozenset[Value], members: Membership) -> bool:
    return value >= operand


def _at_most(operand: int, value: int, stands_for: frozenset[Value], members: Membership) -> bool:
    return value <= operand


def _before(operand: str, value: str, stands_for: frozenset[Value], members: Membership) -> bool:
    return value < operand


def _after(operand: str, value: str, stands_for: frozenset[Value], members: Membership) -> bool:
    return value > operand


EQUALS: Final[tuple[Type, ...]] = ("boolean", "code", "country", "integer", "date")
SINGLES: Final[tuple[Type, ...]] = ("code", "country", "integer")
SETS: Final[tuple[Type, ...]] = ("countries", "codes")
NUMBERS: Final[tuple[Type, ...]] = ("integer", "quantity", "share")
OF_VALUES: Final = Words(frame="value", plain="{}", negated="{}", found="{frame} {value}")


def _of_limits(plain: str, negated: str) -> Words:
    return Words(frame="limit", plain=f"{plain} {{}}", negated=f"{negated} {{}}", found="{said}")


_TABLE: Final = (
    Operator(
        name="is",
        types=EQUALS,
        operand=ONE_VALUE,
        is_true=_stands_for,
        possible=throughout(_stands_for),
        words=OF_VALUES,
        form=(FormWords(EQUALS, "is", "is", "is_not", "is not"),),
    ),
    Operator(
        name="one_of",
        types=(*SINGLES, *SETS),
        operand=SOME_VALUES,
        is_true=_stands_for_one,
        possible=throughout(_stands_for_one),
        words=OF_VALUES,
        form=(
            FormWords(SINGLES, "one_of", "is one of", "none_of", "is none of"),
            FormWords(SETS, "has_one_of", "has at least one of", "has_none_of", "has none of"),
        ),
    ),
    Operator(
        name="contains",
        types=SETS,
        operand=ONE_VALUE,
        is_true=_stands_for,
        possible=throughout(_stands_for),
        words=OF_VALUES,
        form=(FormWords(SETS, "contains", "contains", "contains_not", "does not contain"),),
    ),
    Operator(
        name="in_group",
        types=("country", "countries"),
        operand=A_GROUP,
        is_true=_is_member,
        possible=at_some_moment(_is_member),
        words=Words(
            frame="value",
            plain="a country of group {}",
            negated="a country of group {}",
            found="{frame} {value}, which is in country group {operand}",
        ),
        form=(
            FormWords(
                ("country",),
                "in_group",
                "is in the country group",
                "not_in_group",
                "is not in the country group",
            ),
            FormWords(
                ("countries",),
                "has_in_group",
                "has one in the country group",
                "has_none_in_group",
                "has none in the country group",
            ),
        ),
    ),
    Operator(
        name="in_list",
        types=("code", "codes"),
        operand=A_LIST,
        is_true=_is_member,
        possible=at_some_moment(_is_member),
        words=Words(
            frame="listed",
            plain="on the list {}",
            negated="on the list {}",
            found="{said} ({value})",
        ),
        form=(
            FormWords(("code",), "in_list", "is on the list", "not_in_list", "is not on the list"),
            FormWords(
                ("codes",),
                "has_in_list",
                "has one on the list",
                "has_none_in_list",
                "has none on the list",
            ),
        ),
    ),
    Operator(
        name="at_least",
        types=NUMBERS,
        operand=ONE_VALUE,
        is_true=_at_least,
        possible=throughout(_at_least),
        words=_of_limits("at least", "less than"),
        form=(FormWords(NUMBERS, "at_least", "is at least", "less_than", "is less than"),),
    ),
    Operator(
        name="at_most",
        types=NUMBERS,
        operand=ONE_VALUE,
        is_true=_at_most,
        possible=throughout(_at_most),
        words=_of_limits("at most", "more than"),
        form=(FormWords(NUMBERS, "at_most", "is at most", "more_than", "is more than"),),
    ),
    Operator(
        name="before",
        types=("date",),
        operand=ONE_VALUE,
        is_true=_before,
        possible=throughout(_before),
        words=_of_limits("before", "on or after"),
        form=(FormWords(("date",), "before", "is before", "not_before", "is not before"),),
    ),
    Operator(
        name="after",
        types=("date",),
        operand=ONE_VALUE,
        is_true=_after,
        possible=throughout(_after),
        words=_of_limits("after", "on or before"),
        form=(FormWords(("date",), "after", "is after", "not_after", "is not after"),),
    ),
)
OPERATORS: Final[dict[str, Operator]] = {operator.name: operator for operator in _TABLE}
