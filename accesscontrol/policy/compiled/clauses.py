"""Clauses: a condition as an OR of ANDs, and whether any facts can make one of the ANDs true.

An example: ``{"all": [{"any": [a, b]}, {"not": {"all": [c, d]}}]}``, of leaves a to d, has four
clauses. Each wants its leaves true or false:

    a, not c        a, not d        b, not c        b, not d

The condition is true where one of its clauses is true, and false where all of them are false.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import assert_never

from accesscontrol.policy.judge.known import as_seen
from accesscontrol.policy.judge.truth import is_true
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import (
    All,
    Any,
    Condition,
    IsKnown,
    Leaf,
    Not,
    Test,
)
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import Value

Literal = tuple[Leaf, bool]  # a leaf, and whether it is wanted true or false
Clause = tuple[Literal, ...]  # an AND of them


def clauses_of(condition: Condition, *, wanted: bool = True) -> Iterator[Clause]:
    """The clauses of which at least one is true where the condition comes out as wanted."""
    match condition:
        case Not(child):
            yield from clauses_of(child, wanted=not wanted)
        case All(children) | Any(children):
            parts = [clauses_of(child, wanted=wanted) for child in children]
            if isinstance(condition, All) is wanted:
                for combined in product(*parts):
                    yield tuple(literal for clause in combined for literal in clause)
            else:
                for part in parts:
                    yield from part
        case Test() | IsKnown():
            yield ((condition, wanted),)
        case _:
            assert_never(condition)


def satisfiable(clause: Clause, release: Release, instant: str) -> bool:
    """Whether some facts make every literal true.

    Each attribute is looked at by itself, since no test compares two attributes.
    """
    by_attribute: defaultdict[str, list[Literal]] = defaultdict(list)
    for leaf, wanted in clause:
        by_attribute[leaf.attribute.name].append((leaf, wanted))
    return all(
        _possible(literals[0][0].attribute, literals, release, instant)
        for literals in by_attribute.values()
    )


def _possible(
    attribute: Attribute, literals: list[Literal], release: Release, instant: str
) -> bool:
    tests = [(leaf, wanted) for leaf, wanted in literals if not isinstance(leaf, IsKnown)]
    known = {wanted for leaf, wanted in literals if isinstance(leaf, IsKnown)}
    if len(known) == 2:
        return False
    if known == {False}:
        return not tests  # the fact is absent, so any test over it is unknown
    values = representatives(attribute, [leaf for leaf, _ in tests], release, instant)
    return any(_agrees(value, attribute, tests, release, instant) for value in values)


def _agrees(
    value: Value,
    attribute: Attribute,
    tests: list[tuple[Test, bool]],
    release: Release,
    instant: str,
) -> bool:
    seen = as_seen(release, attribute, value)
    return all(is_true(leaf, seen, release, instant) is wanted for leaf, wanted in tests)
