"""The oracle: judges every rule by walking its condition, which every faster reader is held to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from accesscontrol.policy.judge import findings
from accesscontrol.policy.judge.findings import Finding
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.rule_truth import (
    Case,
    missing_facts,
    parts,
    prepare,
    settled_by_a_request,
    stateless,
    what_lifts,
)
from accesscontrol.policy.judge.truth import FALSE, TRUE
from accesscontrol.policy.judge.verdict import Fact, Unknown, Verdict
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Rule
from accesscontrol.policy.language.values import instant_of


def judge_by_tree(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
    standing: bool = False,
) -> Verdict:
    """What ``judge`` answers, rule by rule and leaf by leaf: slow, and plain to check."""
    if standing:
        stateless(stated)
    case = prepare(
        release,
        facts=facts,
        stated=stated or {},
        licenses=licenses,
        dispositions=dispositions,
        at=instant_of(at),
        standing=standing,
    )
    return judge_case_by_tree(case)


def judge_case_by_tree(case: Case) -> Verdict:
    world = case.world
    if world.lacking:
        return findings.incomplete_in(world)
    found: list[Finding] = []
    open_rules: list[Rule] = []
    for rule in world.release.by_ref:
        finding = finding_on(rule, case) if rule.period.holds(world.at) else None
        if finding is not None:
            found.append(finding)
        if isinstance(finding, Unknown):
            open_rules.append(rule)
    outcome = findings.outcome(
        found,
        standing=world.standing,
        settled=lambda: all(settled(rule, case) for rule in open_rules),
    )
    return findings.verdict(outcome, found)._replace(
        conflicts=world.conflicts, invalid=world.invalid, ignored=world.ignored
    )


def settled(rule: Rule, case: Case) -> bool:
    """Whether a rule that is unknown in a standing is one that a request settles."""
    try:
        return settled_by_a_request(rule, case)
    except Exception:  # an error leaves the rule unknown, here as below
        return False


def finding_on(rule: Rule, case: Case) -> Finding | None:
    """What the verdict says about a rule in force; nothing where it is simply false."""
    reports = rule.report_only(case.world.at)
    try:
        found = parts(rule, case)
        if found.whole == FALSE:
            lifts = found.when != FALSE and not reports
            return what_lifts(rule, case) if lifts else None
        facts = facts_read(rule, case.world)
        if found.whole == TRUE:
            return (
                findings.would_have(rule, "true", facts)
                if reports
                else findings.reason(rule, facts)
            )
        return _unknown(rule, case, facts, reports=reports)
    except Exception as error:  # a rule that cannot be judged is unknown, never silent
        message = f"{type(error).__name__}: {error}"
        if reports:
            return findings.would_have(rule, "unknown", {}, error=message)
        return findings.unknown(rule, {}, error=message)


def _unknown(rule: Rule, case: Case, facts: Mapping[str, Fact], *, reports: bool) -> Finding:
    lacking = missing_facts(rule, case)
    if reports:
        return findings.would_have(rule, "unknown", facts, missing=findings.names(lacking))
    deferred = {attribute for attribute in lacking if case.world.deferred(attribute)}
    return findings.unknown(
        rule,
        facts,
        missing=findings.names(lacking - deferred),
        deferred=findings.names(deferred),
    )


def facts_read(rule: Rule, world: World) -> dict[str, Fact]:
    """The present facts that the rule reads, canonical; of two values, the register's."""
    return {
        name: world.release.attributes[name].write(world.seen[name][0].value)
        for name in sorted(rule.attributes)
        if name in world.seen
    }
