"""Judges a question, or the standing of a licensee for an offering, by a release and the facts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from accesscontrol.policy.attributes import Attribute
from accesscontrol.policy.errors import BAD_SHAPE, PolicyError
from accesscontrol.policy.evaluate import FALSE, TRUE, Truth
from accesscontrol.policy.release import Release
from accesscontrol.policy.rules import EFFECTS, Rule
from accesscontrol.policy.values import instant_of
from accesscontrol.policy.verdict import Fact, Lifted, Outcome, Reason, Unknown, Verdict, WouldHave
from accesscontrol.policy.weighing import (
    Case,
    missing_facts,
    parts,
    parts_by_tree,
    prepare,
    untouched,
    what_lifts,
)
from accesscontrol.policy.world import World

Finding = Reason | Unknown | Lifted | WouldHave


def judge(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
    standing: bool = False,
) -> Verdict:
    """The verdict on a question at an instant; facts, statements and papers in their JSON shapes.

    Raises PolicyError for a malformed license or disposition and for statements in a standing,
    ValueError for an instant without a time zone.
    """
    if standing and stated:
        raise PolicyError("/stated", BAD_SHAPE, "Nobody states anything in a standing.")
    case = prepare(
        release,
        facts=facts,
        stated=stated or {},
        licenses=licenses,
        dispositions=dispositions,
        at=instant_of(at),
        standing=standing,
    )
    return judge_case(case)


def judge_case(case: Case) -> Verdict:
    world = case.world
    if world.lacking:
        lack = Unknown(rule=None, missing=tuple(sorted(world.lacking)))
        return _verdict(world, "undetermined", [lack])
    found: list[Finding] = []
    open_rules: list[Rule] = []
    for rule in world.release.by_ref:
        if not rule.period.holds(world.at) or untouched(rule, case):
            continue
        finding = _finding(rule, case)
        if finding is not None:
            found.append(finding)
        if isinstance(finding, Unknown):
            open_rules.append(rule)
    return _verdict(world, _outcome(found, open_rules, case), found)


def _verdict(world: World, outcome: Outcome, found: Sequence[Finding]) -> Verdict:
    reasons = [finding for finding in found if isinstance(finding, Reason)]
    reasons.sort(key=lambda reason: EFFECTS.index(reason.effect))  # stable: by ref within an effect
    return Verdict(
        outcome=outcome,
        reasons=tuple(reasons),
        undetermined=tuple(finding for finding in found if isinstance(finding, Unknown)),
        lifted=tuple(finding for finding in found if isinstance(finding, Lifted)),
        would_have=tuple(finding for finding in found if isinstance(finding, WouldHave)),
        conflicts=world.conflicts,
        invalid=world.invalid,
        ignored=world.ignored,
    )


def _outcome(found: Sequence[Finding], open_rules: Sequence[Rule], case: Case) -> Outcome:
    """The strictest effect that is true; else what the rules left unknown leave open."""
    true = {finding.effect for finding in found if isinstance(finding, Reason)}
    for effect in EFFECTS:
        if effect in true:
            return effect
    if not open_rules:
        return "permit"
    if not case.world.standing:
        return "undetermined"
    settled = all(_settled_by_a_request(rule, case) for rule in open_rules)
    return "per_request" if settled else "undetermined"


def _settled_by_a_request(rule: Rule, case: Case) -> bool:
    """Whether the rule is false when all that a request can say speaks against it."""
    try:
        return parts_by_tree(rule, case, when=FALSE, lifting=TRUE).whole == FALSE
    except Exception:  # an error leaves the rule unknown, here as below
        return False


def _finding(rule: Rule, case: Case) -> Finding | None:
    """What the verdict says about a rule in force; nothing where it is simply false."""
    reports = rule.report_only(case.world.at)
    try:
        found = parts(rule, case)
        if found.whole == FALSE:
            lifts = found.when != FALSE and not reports
            return what_lifts(rule, case) if lifts else None
        if reports:
            return _would_have(rule, case, found.whole)
        return _reason(rule, case) if found.whole == TRUE else _unknown(rule, case)
    except Exception as error:  # a rule that cannot be judged is unknown, never silent
        return _failed(rule, error, reports=reports)


def _reason(rule: Rule, case: Case) -> Reason:
    return Reason(
        rule.ref,
        rule.version,
        rule.effect,
        rule.order,
        rule.citation,
        rule.title,
        facts_read(rule, case.world),
    )


def facts_read(rule: Rule, world: World) -> dict[str, Fact]:
    """The present facts that the rule reads, canonical; of two values, the register's."""
    return {
        name: world.release.attributes[name].write(world.seen[name][0].value)
        for name in sorted(rule.attributes)
        if name in world.seen
    }


def _unknown(rule: Rule, case: Case) -> Unknown:
    lacking = missing_facts(rule, case)
    deferred = {attribute for attribute in lacking if case.world.deferred(attribute)}
    found = _about(rule, facts_read(rule, case.world))
    return replace(found, missing=_names(lacking - deferred), deferred=_names(deferred))


def _about(rule: Rule, facts: Mapping[str, Fact]) -> Unknown:
    return Unknown(
        rule.ref,
        effect=rule.effect,
        version=rule.version,
        order=rule.order,
        citation=rule.citation,
        title=rule.title,
        facts=facts,
    )


def _would_have(rule: Rule, case: Case, whole: Truth) -> WouldHave:
    facts = facts_read(rule, case.world)
    if whole == TRUE:
        return _reported(rule, "true", facts)
    return replace(_reported(rule, "unknown", facts), missing=_names(missing_facts(rule, case)))


def _reported(
    rule: Rule, truth: Literal["true", "unknown"], facts: Mapping[str, Fact]
) -> WouldHave:
    return WouldHave(
        rule.ref,
        rule.effect,
        truth,
        version=rule.version,
        order=rule.order,
        citation=rule.citation,
        title=rule.title,
        facts=facts,
    )


def _failed(rule: Rule, error: Exception, *, reports: bool) -> Finding:
    message = f"{type(error).__name__}: {error}"
    if reports:
        return replace(_reported(rule, "unknown", {}), error=message)
    return replace(_about(rule, {}), error=message)


def _names(attributes: frozenset[Attribute] | set[Attribute]) -> tuple[str, ...]:
    return tuple(sorted(attribute.name for attribute in attributes))
