"""The bounds of a condition: how deep it may go, and into how many clauses it may expand."""

from math import prod
from typing import Final, assert_never

from accesscontrol.policy.language.conditions import All, Any, Condition, IsKnown, Not, Test
from accesscontrol.policy.language.errors import TOO_DEEP, TOO_MANY_CLAUSES, PolicyError

LEVELS: Final = 100
CLAUSES: Final = 64
SHOWN: Final = 6  # counts that a message shows


def within_bounds(condition: Condition, pointer: str) -> None:
    """Raises too_many_clauses with the pointer, which is the outermost condition's.

    The parser counts the levels itself.
    """
    count = clauses(condition)
    if count > CLAUSES:
        message = (
            f"The condition expands to {_written(count)} clauses, and {CLAUSES} is the most: "
            f"{_why(condition, '', negated=False)}. Split it into several rules."
        )
        raise PolicyError(pointer, TOO_MANY_CLAUSES, message)


def _why(condition: Condition, where: str, *, negated: bool) -> str:
    """Names the innermost condition that expands too far by itself, and how it does."""
    match condition:
        case Not(child):
            return _why(child, f' in "not"{where}', negated=not negated)
        case All(children) | Any(children):
            operator = "all" if isinstance(condition, All) else "any"
            counts = [clauses(child, negated=negated) for child in children]
            most = max(counts)
            if most > CLAUSES:
                place = counts.index(most)
                inside = f' in part {place + 1} of "{operator}"{where}'
                return _why(children[place], inside, negated=negated)
            return _grows(operator, counts, where, negated=negated)
        case Test() | IsKnown():
            raise AssertionError("a leaf is one clause")
        case _:
            assert_never(condition)


def _grows(operator: str, counts: list[int], where: str, *, negated: bool) -> str:
    multiplies = (operator == "all") is not negated
    parts = [str(count) for count in counts if count > 1 or not multiplies]
    shown = parts if len(parts) <= SHOWN else [*parts[:SHOWN], "…"]
    done = f"multiplies {' × '.join(shown)}" if multiplies else f"adds up {' + '.join(shown)}"
    return f'the {"" if where else "outermost "}"{operator}"{where} {done}'


def _written(count: int) -> str:
    return str(count) if count < 10**9 else "more than a billion"


def too_deep(pointer: str) -> PolicyError:
    message = f"The condition has more than {LEVELS} levels. Split it into several rules."
    return PolicyError(pointer, TOO_DEEP, message)


def clauses(condition: Condition, *, negated: bool = False) -> int:
    """Counts the clauses that the condition expands to, without expanding it.

    "any" adds the counts of its children, "all" multiplies them, and "not" swaps the two:
    ``{"all": [{"any": [a, b]}, {"any": [c, d]}]}`` has 2 × 2 clauses.
    """
    match condition:
        case Not(child):
            return clauses(child, negated=not negated)
        case All(children):
            counts = [clauses(child, negated=negated) for child in children]
            return sum(counts) if negated else prod(counts)
        case Any(children):
            counts = [clauses(child, negated=negated) for child in children]
            return prod(counts) if negated else sum(counts)
        case Test() | IsKnown():
            return 1
        case _:
            assert_never(condition)
