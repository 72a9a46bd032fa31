"""The bounds of a condition: how deep it goes, and into how many clauses it expands."""

from math import prod
from typing import Final, assert_never

from accesscontrol.policy.conditions import (
    After,
    All,
    Any,
    AtLeast,
    AtMost,
    Before,
    Condition,
    Contains,
    InGroup,
    InList,
    Is,
    IsKnown,
    Not,
    OneOf,
)
from accesscontrol.policy.errors import TOO_DEEP, TOO_MANY_CLAUSES, PolicyError

LEVELS: Final = 100
CLAUSES: Final = 64


def within_bounds(condition: Condition, at: str) -> None:
    """Raises too_many_clauses at the outermost condition; the parser has counted the levels."""
    count = clauses(condition)
    if count > CLAUSES:
        written = count if count < 10**9 else "more than a billion"
        message = (
            f"The condition expands to {written} clauses, and {CLAUSES} is the most. "
            "Split it into several rules."
        )
        raise PolicyError(at, TOO_MANY_CLAUSES, message)


def too_deep(at: str) -> PolicyError:
    message = f"The condition has more than {LEVELS} levels. Split it into several rules."
    return PolicyError(at, TOO_DEEP, message)


def clauses(condition: Condition, *, negated: bool = False) -> int:
    """By arithmetic on the negation-free form: any adds, all multiplies, not swaps the two."""
    match condition:
        case Not(child):
            return clauses(child, negated=not negated)
        case All(children):
            counts = [clauses(child, negated=negated) for child in children]
            return sum(counts) if negated else prod(counts)
        case Any(children):
            counts = [clauses(child, negated=negated) for child in children]
            return prod(counts) if negated else sum(counts)
        case (
            Is() | OneOf() | Contains() | InGroup() | InList()
            | AtLeast() | AtMost() | Before() | After() | IsKnown()
        ):  # fmt: skip
            return 1
        case _:
            assert_never(condition)
