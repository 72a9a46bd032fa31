"""Rules and verdicts in sentences, the same on screen, in the API and in the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, assert_never

from accesscontrol.policy.judge.known import World, look
from accesscontrol.policy.judge.question import Prepared, Question
from accesscontrol.policy.judge.rule_truth import is_false, what_lifts
from accesscontrol.policy.judge.truth import FALSE, TRUE, truth
from accesscontrol.policy.judge.verdict import Fact, Unknown, Verdict
from accesscontrol.policy.language.conditions import (
    All,
    Any,
    Condition,
    IsKnown,
    Leaf,
    Not,
    Test,
    leaves,
)
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Effect, Rule
from accesscontrol.policy.language.values import instant_of
from accesscontrol.policy.words.tests import named, say, say_found, sentence_case

CONSEQUENCE: Final[dict[Effect, str]] = {
    "deny": "access is denied",
    "license_required": "an export license is required",
    "review": "the request goes to review",
}
WHETHER: Final[dict[Effect, str]] = {
    "deny": "whether access is denied",
    "license_required": "whether an export license is required",
    "review": "whether the request goes to review",
}


def sentence(rule: Rule, release: Release | None = None) -> str:
    """The rule read back: its condition, its consequence, its exemptions."""
    said = f"if {_said(rule.when)}, then {CONSEQUENCE[rule.effect]}"
    if rule.unless:
        lifting = "; or ".join(
            f"{_said(exemption.when)} ({exemption.citation})" for exemption in rule.unless
        )
        said += f", unless {lifting}"
    return sentence_case(said)


def _said(condition: Condition, *, negated: bool = False, inside: str = "") -> str:
    """The condition in words, with each ``not`` pushed down to the leaves.

    ``inside`` is the word that joins the condition to its neighbors; brackets stand where it would
    be "and" beside "or".
    """
    match condition:
        case Not(child):
            return _said(child, negated=not negated, inside=inside)
        case All(children) | Any(children):
            word = "and" if isinstance(condition, All) is not negated else "or"
            joined = f" {word} ".join(
                _said(child, negated=negated, inside=word) for child in children
            )
            bracketed = inside not in ("", word) and len(children) > 1
            return f"({joined})" if bracketed else joined
        case Test() | IsKnown():
            return say(condition, negated=negated)
        case _:
            assert_never(condition)


def explain(release: Release, verdict: Verdict, at: datetime) -> dict[str, str]:
    """A sentence for each rule that the verdict names, by ref."""
    rules = {(rule.ref, rule.version): rule for rule in release.rules}
    said: dict[str, str] = {}
    for reason in verdict.reasons:
        world = _world(release, reason.facts, at)
        said[reason.rule] = _stands(rules[reason.rule, reason.version], world)
    for unknown in verdict.undetermined:
        if unknown.rule is not None and unknown.version is not None:
            rule = rules[unknown.rule, unknown.version]
            said[unknown.rule] = _undecided(rule, unknown, verdict, release)
    for lifted in verdict.lifted:
        said[lifted.rule] = _is_lifted(rules[lifted.rule, lifted.version], lifted.kind, lifted.by)
    for would in verdict.would_have:
        world = _world(release, would.facts, at)
        said[would.rule] = _only_reports(rules[would.rule, would.version], would.truth, world)
    return said


def _world(release: Release, facts: Mapping[str, Fact], at: datetime) -> World:
    return look(release, facts=facts, stated={}, instant=instant_of(at), standing=False)


def _stands(rule: Rule, world: World) -> str:
    return sentence_case(f"{because(rule.when, world)}: {CONSEQUENCE[rule.effect]}")


def _only_reports(rule: Rule, came_out: str, world: World) -> str:
    """The sentence on a rule that only reports."""
    until = f"this rule only reports until {rule.report_only_until}"
    if came_out == "true":
        return sentence_case(f"{until}: {because(rule.when, world)}")
    return sentence_case(f"{until}, and cannot be decided: if {_said(rule.when)}")


def _is_lifted(rule: Rule, kind: str, by: str) -> str:
    if kind == "exemption":
        (exemption,) = [each for each in rule.unless if each.ref == by]
        return sentence_case(
            f"exempt: {_said(exemption.when)} ({exemption.citation}), so the rule does not apply"
        )
    what = "export license" if kind == "license" else "the decided review"
    return sentence_case(f"{what} {by} covers the request, so the rule does not apply")


def _undecided(rule: Rule, unknown: Unknown, verdict: Verdict, release: Release) -> str:
    assert unknown.effect is not None
    if unknown.error is not None:
        why = f"judging the rule failed ({unknown.error})"
    else:
        lacking = [*unknown.missing, *unknown.deferred]
        why = " and ".join(_lacks(name, rule, verdict, release) for name in lacking)
    return sentence_case(f"it cannot be decided {WHETHER[unknown.effect]}: {why}")


def _lacks(name: str, rule: Rule, verdict: Verdict, release: Release) -> str:
    """Why an attribute does not decide: it is absent, invalid, or has two values."""
    words = named(release.attributes[name])
    if name in verdict.conflicts:
        return f"two sources contradict each other about the {words}"
    if name in verdict.invalid:
        return f"what was said about the {words} is no value that it can have"
    tests = [leaf for leaf, _ in _all_leaves(rule) if leaf.attribute.name == name]
    if len(tests) == 1 and isinstance(tests[0], Test):
        return f"it is not known whether {say(tests[0])}"
    return f"the {words} is not known"


def _all_leaves(rule: Rule) -> list[tuple[Leaf, bool]]:
    found = list(leaves(rule.when))
    for exemption in rule.unless:
        found += leaves(exemption.when)
    return found


def because(condition: Condition, world: World, *, negated: bool = False, inside: str = "") -> str:
    """Why a condition is true, or (``negated``) false: the leaves that make it so.

    A reason does not tell which of its facts were only stated, and is_known is false of those. So
    it can be that no child is seen to decide. Then the condition is said as the rule reads.
    """
    match condition:
        case Not(child):
            return because(child, world, negated=not negated, inside=inside)
        case All(children) | Any(children):
            every = isinstance(condition, All) is not negated
            wanted = FALSE if negated else TRUE
            deciding = [child for child in children if every or truth(child, world) == wanted]
            if not deciding:
                return _said(condition, negated=negated, inside=inside)
            if negated and not every:
                deciding = deciding[:1]
            beside = "and" if len(deciding) > 1 else inside
            return _all_said(
                [because(child, world, negated=negated, inside=beside) for child in deciding]
            )
        case Test() | IsKnown():
            return _found(condition, world, negated=negated)
        case _:
            assert_never(condition)


def _all_said(said: list[str]) -> str:
    """Joins the parts by "and", each once. A part that opened a comma is closed by one."""
    *before, last = dict.fromkeys(said)
    closed = [each + "," if ", which" in each else each for each in before]
    return " and ".join([*closed, last])


def _found(leaf: Leaf, world: World, *, negated: bool) -> str:
    seen = world.seen.get(leaf.attribute.name)
    if seen is None:
        return say(leaf, negated=negated)
    return say_found(leaf, seen[0].value, world, negated=negated)


def why_not(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
    standing: bool = False,
) -> list[tuple[str, str]]:
    """The rules in force that are false, by ref, each with the reason in a sentence."""
    question = Question(release, facts, stated or {}, licenses, dispositions, at, standing)
    prepared = question.prepared()
    if prepared.world.lacking:
        return []
    return [
        (rule.ref, _fails(rule, prepared))
        for rule in release.by_ref
        if rule.period.contains(prepared.world.instant) and is_false(rule, prepared)
    ]


def _fails(rule: Rule, prepared: Prepared) -> str:
    if truth(rule.when, prepared.world) == FALSE:
        return sentence_case(because(rule.when, prepared.world, negated=True))
    lifted = what_lifts(rule, prepared)
    assert lifted is not None
    return _is_lifted(rule, lifted.kind, lifted.by)
