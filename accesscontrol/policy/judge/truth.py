"""The truth of a condition in Kleene's three values, and the facts that an unknown one lacks.

This is the reference: tests hold each faster reader of conditions equal to it.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from accesscontrol.policy.judge.known import Seen, World
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import All, Any, Condition, IsKnown, Not, Test
from accesscontrol.policy.language.operators import NOBODY, OPERATORS
from accesscontrol.policy.language.release import MembersAt, Release

# Numbers, so that all is min, any is max, and not is 2 − truth.
Truth = int
FALSE: Final[Truth] = 0
UNKNOWN: Final[Truth] = 1
TRUE: Final[Truth] = 2


def all_of(truths: Iterable[Truth]) -> Truth:
    return min(truths, default=TRUE)


def any_of(truths: Iterable[Truth]) -> Truth:
    return max(truths, default=FALSE)


def negation(truth: Truth) -> Truth:
    return TRUE - truth


def truth(condition: Condition, world: World, deferred: Truth = UNKNOWN) -> Truth:
    """The truth of the condition. A leaf over a deferred fact counts as ``deferred``.

    Every child is looked at, since a short cut would lose errors.
    """
    match condition:
        case All(children):
            return min([truth(child, world, deferred) for child in children])
        case Any(children):
            return max([truth(child, world, deferred) for child in children])
        case Not(child):
            return TRUE - truth(child, world, TRUE - deferred)
        case IsKnown(attribute):
            if attribute.name in world.known:
                return TRUE
            return deferred if world.deferred(attribute) else FALSE
        case Test():
            return truth_of_test(condition, world, deferred)
        case _:
            assert_never(condition)


def truth_of_test(test: Test, world: World, deferred: Truth = UNKNOWN) -> Truth:
    """Unknown over an absent fact, and over two values if the test is true of only one."""
    found = world.seen.get(test.attribute.name)
    if found is None:
        return deferred if world.deferred(test.attribute) else UNKNOWN
    true = is_true(test, found[0], world.release, world.instant)
    if len(found) == 2 and is_true(test, found[1], world.release, world.instant) != true:
        return UNKNOWN
    return TRUE if true else FALSE


def is_true(test: Test, seen: Seen, release: Release, instant: str) -> bool:
    """Whether the test is true of one present value at that instant."""
    operator = OPERATORS[test.operator]
    named = operator.operand.names
    members = (
        NOBODY if named is None else MembersAt(release.named(named)[str(test.operand)], instant)
    )
    return operator.is_true(test.operand, seen.value, seen.stands_for, members)


def missing(condition: Condition, world: World) -> frozenset[Attribute]:
    """The facts that an unknown condition lacks. A condition that is true or false lacks none."""
    if truth(condition, world) != UNKNOWN:
        return frozenset()
    match condition:
        case All(children) | Any(children):
            return frozenset().union(*(missing(child, world) for child in children))
        case Not(child):
            return missing(child, world)
        case Test(attribute) | IsKnown(attribute):
            return frozenset((attribute,))
        case _:
            assert_never(condition)
