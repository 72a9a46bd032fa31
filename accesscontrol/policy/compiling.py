"""Compiles conditions, so that each test is run once a question however many rules ask it.

A condition becomes a function of the row of all tests' truths. The tree evaluator stays the oracle:
a generative test holds the two equal, unknowns included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
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
    Leaf,
    Not,
    OneOf,
)
from accesscontrol.policy.evaluate import TRUE, Truth, truth
from accesscontrol.policy.release import Release
from accesscontrol.policy.world import World

Row = Sequence[Truth]
Compiled = Callable[[Row], Truth]
KEPT: Final = 16  # releases whose programs are kept: the one in force, drafts, recent ones


@dataclass(frozen=True, eq=False)
class Program:
    """A release's distinct tests, and of each rule version its condition and its exemptions'."""

    tests: tuple[Leaf, ...]
    rules: dict[tuple[str, int], tuple[Compiled, tuple[Compiled, ...]]]

    def run_tests(self, world: World) -> Row | None:
        """The truth of every test; None where one fails, and rules have to be judged one by one."""
        try:
            return [truth(test, world) for test in self.tests]
        except Exception:  # the tree evaluator meets it again, in the rule that it belongs to
            return None


@lru_cache(maxsize=KEPT)
def compiled(release: Release) -> Program:
    places: dict[Leaf, int] = {}
    rules = {
        (rule.ref, rule.version): (
            compile_condition(rule.when, places),
            tuple(compile_condition(exemption.when, places) for exemption in rule.unless),
        )
        for rule in release.rules
    }
    return Program(tuple(places), rules)


def compile_condition(condition: Condition, places: dict[Leaf, int]) -> Compiled:
    """The condition over a row in which each test has its place; new tests are given one."""
    match condition:
        case All(children):
            return _over(min, [compile_condition(child, places) for child in children])
        case Any(children):
            return _over(max, [compile_condition(child, places) for child in children])
        case Not(child):
            return _not(compile_condition(child, places))
        case (
            Is() | OneOf() | Contains() | InGroup() | InList()
            | AtLeast() | AtMost() | Before() | After() | IsKnown()
        ):  # fmt: skip
            return itemgetter(places.setdefault(condition, len(places)))
        case _:
            assert_never(condition)


def _over(choose: Callable[[list[Truth]], Truth], children: list[Compiled]) -> Compiled:
    return lambda row: choose([child(row) for child in children])


def _not(child: Compiled) -> Compiled:
    return lambda row: TRUE - child(row)
