"""The shapes of a condition, without behavior: every reader of conditions matches on these.

There are five shapes: All, Any, Not, Test and IsKnown. A ``match`` over them ends in
``assert_never``, so a new shape type-checks only when every reader knows it. What one test does
otherwise than another stands in the table of operators.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.values import Operand


@dataclass(frozen=True, slots=True)
class All:
    """True where all of its children are."""

    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """True where one of its children is."""

    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where its child is false."""

    child: "Condition"


@dataclass(frozen=True, slots=True)
class Test:
    """Compares an attribute with an operand, by an operator of the table.

    ``{"at_least": ["licensee.red_flags_open", 1]}`` is ``Test(red_flags_open, "at_least", 1)``.
    """

    attribute: Attribute
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class IsKnown:
    """True where the attribute is known. It is the one leaf that an absent fact makes false."""

    attribute: Attribute


Leaf = Test | IsKnown
Condition = All | Any | Not | Leaf


def leaves(condition: Condition, *, negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Yields each leaf, and whether it stands under an odd number of ``not``."""
    match condition:
        case All(children) | Any(children):
            for child in children:
                yield from leaves(child, negated=negated)
        case Not(child):
            yield from leaves(child, negated=not negated)
        case Test() | IsKnown():
            yield condition, negated
        case _:
            assert_never(condition)


def tests_of(condition: Condition) -> Iterator[Test]:
    """Yields each leaf that compares with an operand."""
    for leaf, _ in leaves(condition):
        match leaf:
            case Test():
                yield leaf
            case IsKnown():
                pass
            case _:
                assert_never(leaf)


def attributes(condition: Condition) -> frozenset[str]:
    """The names of the attributes that the condition reads."""
    return frozenset(leaf.attribute.name for leaf, _ in leaves(condition))
