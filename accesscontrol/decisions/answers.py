"""Puts a judged question into an answer: outcome, reasons in words, missing facts, obligations."""

from bisect import bisect_right
from functools import lru_cache
from typing import Any

from django.db import connection

from accesscontrol import access, policy, releases
from accesscontrol.decisions import units
from accesscontrol.decisions.judgment import HELD, Judged, policy_question
from accesscontrol.models import ApiToken, User
from accesscontrol.models.common import instant

EFFECT_WORDS = {
    "deny": "An export rule forbids this.",
    "license_required": "An export rule requires a license for this.",
    "review": "An export rule requires a review of this by the compliance team.",
}
NEUTRAL_UNKNOWN = "An export rule cannot be decided while these facts are missing."
ENTITLEMENT_HELD = "entitlement_held"
CONFIDENTIAL = """
    SELECT reference FROM accesscontrol_order
    WHERE confidential AND reference = ANY(%s::text[])
"""


def may_explain(by: ApiToken | User) -> bool:
    """Whether the asker may read the rules of confidential orders."""
    if isinstance(by, ApiToken):
        return "decisions:explain" in by.scopes
    return access.may(by, "order.read_confidential")


def answer(judged: Judged, *, explained: bool, changes: bool = False) -> dict[str, Any]:
    """The members of the answer's context, neutral about confidential orders unless explained.

    ``changes`` adds the facts that would make it a permit, which takes many evaluations.
    """
    verdict = judged.verdict
    named = _rules_named(verdict)
    words = policy.explain(judged.release.policy, verdict, judged.at) if named else {}
    neutral = frozenset() if explained or not named else _confidential(named, judged.release)
    context: dict[str, Any] = {
        "outcome": judged.outcome,
        "reason": ENTITLEMENT_HELD if judged.entitlement == HELD else judged.outcome,
        "reasons": [*_held(judged), *(_reason(each, words, neutral) for each in verdict.reasons)],
        "undetermined": [_unknown(each, words, neutral) for each in verdict.undetermined],
        "obligations": _obligations(judged),
        "would_have": [_would_have(each, neutral) for each in verdict.would_have],
        "lifted": [_lifted(each, words, neutral) for each in verdict.lifted],
        "conflicts": list(verdict.conflicts),
        "invalid": list(verdict.invalid),
        "entitlement": judged.entitlement,
        "release": judged.release.number,
    }
    if judged.notes and not judged.permits:
        context["notes"] = judged.notes
    if changes and not judged.permits:
        context["what_would_change"] = what_would_change(judged)
    change = next_change(judged)
    if change:
        context["next_scheduled_change"] = change
    return context


def what_would_change(judged: Judged) -> list[dict[str, Any]]:
    """The single facts (or all missing ones) that would make it a permit; none against a hold."""
    if judged.entitlement == HELD:
        return []
    return policy.what_would_change(judged.release.policy, **policy_question(judged.question))


def next_change(judged: Judged) -> str | None:
    """The next instant at which time alone can change the answer. It is no cache lifetime."""
    papers = [*judged.question["licenses"], *judged.question["dispositions"]]
    ends = {each[end] for each in papers for end in ("valid_from", "valid_until") if each[end]}
    now = judged.question["at"]
    boundaries = _boundaries(judged.release.policy)
    later = {each for each in ends if each > now}
    later.update(boundaries[bisect_right(boundaries, now) :][:1])
    return min(later, default=None)


@lru_cache(maxsize=8)
def _boundaries(release: policy.Release) -> list[str]:
    """The release's instants as the rule language writes them, which sort as text.

    Threads share the list: it depends on the release alone, and no code changes it.
    """
    return [instant(each) for each in release.boundaries()]


def _rules_named(verdict: policy.Verdict) -> set[str | None]:
    lists = (verdict.reasons, verdict.undetermined, verdict.would_have, verdict.lifted)
    return {each.rule for listed in lists for each in listed}


def _confidential(named: set[str | None], release: releases.Loaded) -> frozenset[str]:
    """Those of the named rules that belong to confidential orders."""
    orders = {rule.ref: rule.order for rule in release.policy.rules if rule.ref in named}
    with connection.cursor() as cursor:
        cursor.execute(CONFIDENTIAL, [sorted(set(orders.values()))])
        secret = {row[0] for row in cursor.fetchall()}
    return frozenset(ref for ref, order in orders.items() if order in secret)


def _reason(
    reason: policy.Reason, words: dict[str, str], neutral: frozenset[str]
) -> dict[str, Any]:
    if reason.rule in neutral:
        return {"effect": reason.effect, "message": EFFECT_WORDS[reason.effect]}
    return {
        "rule": reason.rule,
        "version": reason.version,
        "order": reason.order,
        "citation": reason.citation,
        "effect": reason.effect,
        "message": words.get(reason.rule, reason.title),
        "facts": dict(reason.facts),
    }


def _unknown(
    unknown: policy.Unknown, words: dict[str, str], neutral: frozenset[str]
) -> dict[str, Any]:
    if unknown.rule in neutral:
        return {"missing": sorted(unknown.missing), "message": NEUTRAL_UNKNOWN}
    made = {"rule": unknown.rule, "missing": sorted(unknown.missing)}
    if unknown.rule is None:
        made["message"] = _needed(unknown.missing)
        del made["rule"]
    elif unknown.rule in words:
        made["message"] = words[unknown.rule]
    if unknown.error:
        made["error"] = unknown.error
    return made


def _needed(missing: Any) -> str:
    """Says which of the three facts that every question needs are missing."""
    names = {
        "licensee.id": "the licensee is not in the register",
        "model.id": "the model is not in the register",
        "request.activity": "there is no such activity",
    }
    return (
        f"Nothing can be decided: {', '.join(names.get(each, each) for each in sorted(missing))}."
    )


def _would_have(would: policy.WouldHave, neutral: frozenset[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"effect": would.effect, "truth": would.truth}
    if would.rule in neutral:
        return made
    return {"rule": would.rule, "version": would.version, "order": would.order, **made}


def _lifted(
    lifted: policy.Lifted, words: dict[str, str], neutral: frozenset[str]
) -> dict[str, Any]:
    made: dict[str, Any] = {"by": lifted.by, "kind": lifted.kind}
    if lifted.rule in neutral:
        return made
    message = {"message": words[lifted.rule]} if lifted.rule in words else {}
    return {"rule": lifted.rule, "order": lifted.order, **made, **message}


def _obligations(judged: Judged) -> list[dict[str, str]]:
    """The conditions of the export licenses that a permit rests on."""
    if not judged.permits or not judged.verdict.lifted:
        return []
    lifting = units.lifting(judged.verdict)
    return [
        {"license": each["number"], "condition": condition}
        for each in judged.question["licenses"]
        if each["number"] in lifting
        for condition in each["conditions"]
    ]


def _held(judged: Judged) -> list[dict[str, Any]]:
    """An officer's hold as the first reason, and how it is released."""
    if judged.entitlement != HELD:
        return []
    hold = judged.question.get("hold", {})
    since = f" since {hold['since']}" if hold else ""
    how = (
        "its release was asked for and waits for a second officer or approver"
        if hold.get("release_asked")
        else "an officer or approver asks for its release and a second one confirms it"
    )
    message = f"An officer holds this entitlement{since}; {how}."
    return [{"effect": "deny", "code": ENTITLEMENT_HELD, "message": message}]
