"""The truth of one rule in one question: of its condition, its exemptions and the papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accesscontrol.policy.judge.entries import lifted
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.papers import Lifter, covers, lacks
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.truth import (
    FALSE,
    TRUE,
    UNKNOWN,
    Truth,
    all_of,
    any_of,
    missing,
    negation,
    truth,
)
from accesscontrol.policy.judge.verdict import Lifted
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.rules import Exemption, Rule


@dataclass(frozen=True, slots=True)
class RuleTruths:
    """The truths that a rule's truth is made of."""

    when: Truth
    exempt: Truth
    covered: Truth
    disposed: Truth

    @property
    def whole(self) -> Truth:
        lifted = any_of((self.exempt, self.covered, self.disposed))
        return all_of((self.when, negation(lifted)))


def is_false(rule: Rule, prepared: Prepared) -> bool:
    """Whether the rule is false. A rule that cannot be judged is not."""
    try:
        return truths_of(rule, prepared).whole == FALSE
    except Exception:
        return False


def truths_of(
    rule: Rule, prepared: Prepared, *, when: Truth = UNKNOWN, lifting: Truth = UNKNOWN
) -> RuleTruths:
    """The truths that the rule's truth is made of, by walking its conditions.

    A test over a deferred fact counts as ``when`` in the rule's condition, and as ``lifting`` in
    its exemptions and in papers.
    """
    world = prepared.world
    exempt = [truth(each.when, world, lifting) for each in _in_force(rule, world)]
    return RuleTruths(
        truth(rule.when, world, when), any_of(exempt), *covering(rule, prepared, lifting)
    )


def settled_by_a_request(rule: Rule, prepared: Prepared) -> bool:
    """Whether the rule is false if all that a request can state speaks against it."""
    return truths_of(rule, prepared, when=FALSE, lifting=TRUE).whole == FALSE


def covering(rule: Rule, prepared: Prepared, lifting: Truth = UNKNOWN) -> tuple[Truth, Truth]:
    """Whether an export license covers the rule, and whether a disposition does."""
    return (
        any_of([covers(each, rule, prepared.world, lifting) for each in prepared.licenses]),
        any_of([covers(each, rule, prepared.world, lifting) for each in prepared.dispositions]),
    )


def _in_force(rule: Rule, world: World) -> list[Exemption]:
    return [exemption for exemption in rule.unless if exemption.period.contains(world.instant)]


def missing_facts(rule: Rule, prepared: Prepared) -> frozenset[Attribute]:
    """The facts that an unknown rule lacks: all that its unknown parts lack."""
    world = prepared.world
    found = truths_of(rule, prepared)
    lacking = missing(rule.when, world)
    if found.exempt == UNKNOWN:
        lacking = lacking.union(*(missing(each.when, world) for each in _in_force(rule, world)))
    papers: list[tuple[Truth, Sequence[Lifter]]] = [
        (found.covered, prepared.licenses),
        (found.disposed, prepared.dispositions),
    ]
    for covered, lifters in papers:
        if covered == UNKNOWN:
            lacking = lacking.union(*(lacks(each, rule, world) for each in lifters))
    return lacking


def what_lifts(rule: Rule, prepared: Prepared) -> Lifted | None:
    """The first true exemption, else the lowest license, else the lowest disposition; else None."""
    for exemption in _in_force(rule, prepared.world):
        if truth(exemption.when, prepared.world) == TRUE:
            return lifted(rule, exemption.ref, "exemption")
    return lifted_by_paper(rule, prepared)


def lifted_by_paper(rule: Rule, prepared: Prepared) -> Lifted | None:
    kinds: list[tuple[Literal["license", "disposition"], Sequence[Lifter]]] = [
        ("license", prepared.licenses),
        ("disposition", prepared.dispositions),
    ]
    for kind, lifters in kinds:
        for lifter in lifters:
            if covers(lifter, rule, prepared.world) == TRUE:
                return lifted(rule, lifter.name, kind)
    return None
