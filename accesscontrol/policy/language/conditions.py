"""The nodes of a condition, without behavior: every reader of conditions matches on these.

A ``match`` over conditions ends in ``assert_never``, so that a new kind of node type-checks only
when every reader knows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.values import Value


@dataclass(frozen=True, slots=True)
class All:
    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any:
    children: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    child: "Condition"


@dataclass(frozen=True, slots=True)
class Is:
    attribute: Attribute
    operand: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    attribute: Attribute
    operands: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Contains:
    attribute: Attribute
    operand: Value


@dataclass(frozen=True, slots=True)
class InGroup:
    attribute: Attribute
    group: str


@dataclass(frozen=True, slots=True)
class InList:
    attribute: Attribute
    list: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    attribute: Attribute
    operand: int


@dataclass(frozen=True, slots=True)
class AtMost:
    attribute: Attribute
    operand: int


@dataclass(frozen=True, slots=True)
class Before:
    attribute: Attribute
    operand: str


@dataclass(frozen=True, slots=True)
class After:
    attribute: Attribute
    operand: str


@dataclass(frozen=True, slots=True)
class IsKnown:
    attribute: Attribute


Test = Is | OneOf | Contains | InGroup | InList | AtLeast | AtMost | Before | After
Leaf = Test | IsKnown
Condition = All | Any | Not | Leaf


def leaves(condition: Condition, *, negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Every leaf, and whether it stands under an odd number of ``not``."""
    match condition:
        case All(children) | Any(children):
            for child in children:
                yield from leaves(child, negated=negated)
        case Not(child):
            yield from leaves(child, negated=not negated)
        case (
            Is() | OneOf() | Contains() | InGroup() | InList()
            | AtLeast() | AtMost() | Before() | After() | IsKnown()
        ):  # fmt: skip
            yield condition, negated
        case _:
            assert_never(condition)


def attributes(condition: Condition) -> frozenset[str]:
    """The names of the attributes that the condition reads."""
    return frozenset(leaf.attribute.name for leaf, _ in leaves(condition))
