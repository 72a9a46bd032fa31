"""The reference: judges each rule by walking its conditions. Faster readers must answer alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.entries import Entry
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.question import Prepared, Question, refuse_statements
from accesscontrol.policy.judge.rule_truth import (
    missing_facts,
    settled_by_a_request,
    truths_of,
    what_lifts,
)
from accesscontrol.policy.judge.truth import FALSE, TRUE
from accesscontrol.policy.judge.verdict import Fact, Unknown, Verdict
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Rule


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
    """Answers what ``judge`` answers, leaf by leaf. It is slow, and plain to check."""
    question = Question(release, facts, stated or {}, licenses, dispositions, at, standing)
    refuse_statements(question)
    return judge_prepared_by_tree(question.prepared())


def judge_prepared_by_tree(prepared: Prepared) -> Verdict:
    world = prepared.world
    if world.lacking:
        return entries.incomplete_in(world)
    found: list[Entry] = []
    open_rules: list[Rule] = []
    for rule in world.release.by_ref:
        entry = entry_on(rule, prepared) if rule.period.contains(world.instant) else None
        if entry is not None:
            found.append(entry)
        if isinstance(entry, Unknown):
            open_rules.append(rule)
    outcome = entries.outcome(
        found,
        standing=world.standing,
        settled=lambda: all(settled(rule, prepared) for rule in open_rules),
    )
    return entries.verdict(outcome, found)._replace(
        conflicts=world.conflicts, invalid=world.invalid, ignored=world.ignored
    )


def settled(rule: Rule, prepared: Prepared) -> bool:
    """Whether a request can settle a rule that is unknown in a standing."""
    try:
        return settled_by_a_request(rule, prepared)
    except Exception:  # an error leaves the rule unknown, here as below
        return False


def entry_on(rule: Rule, prepared: Prepared) -> Entry | None:
    """The verdict's entry on a rule in force; None where the rule is false and nothing lifts it."""
    reports = rule.report_only(prepared.world.instant)
    try:
        found = truths_of(rule, prepared)
        if found.whole == FALSE:
            lifts = found.when != FALSE and not reports
            return what_lifts(rule, prepared) if lifts else None
        facts = facts_read(rule, prepared.world)
        if found.whole == TRUE:
            return (
                entries.would_have(rule, "true", facts) if reports else entries.reason(rule, facts)
            )
        return _unknown(rule, prepared, facts, reports=reports)
    except Exception as error:  # a rule that cannot be judged is unknown, never silent
        message = f"{type(error).__name__}: {error}"
        if reports:
            return entries.would_have(rule, "unknown", {}, error=message)
        return entries.unknown(rule, {}, error=message)


def _unknown(rule: Rule, prepared: Prepared, facts: Mapping[str, Fact], *, reports: bool) -> Entry:
    lacking = missing_facts(rule, prepared)
    if reports:
        return entries.would_have(rule, "unknown", facts, missing=entries.names(lacking))
    deferred = {attribute for attribute in lacking if prepared.world.deferred(attribute)}
    return entries.unknown(
        rule,
        facts,
        missing=entries.names(lacking - deferred),
        deferred=entries.names(deferred),
    )


def facts_read(rule: Rule, world: World) -> dict[str, Fact]:
    """The present facts that the rule reads, in canonical form; of two values, the register's."""
    return {
        name: world.release.attributes[name].write(world.seen[name][0].value)
        for name in sorted(rule.attributes)
        if name in world.seen
    }
