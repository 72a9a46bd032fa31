"""Why an answer is what it is, beyond its reasons: rules that failed, statements in conflict."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accesscontrol import decisions, policy
from accesscontrol.dashboard.shell import confidential, words
from accesscontrol.models import User


def why_not(judged: decisions.Judged, by: User) -> list[dict[str, str]]:
    """Rule, title and reason; rules of confidential orders only for those who may read them."""
    question = judged.question
    found = policy.why_not(
        judged.release.policy,
        facts=question["facts"],
        stated=question["stated"],
        licenses=question["licenses"],
        dispositions=question["dispositions"],
        at=datetime.fromisoformat(question["at"]),
    )
    rules = {rule.ref: rule for rule in judged.release.policy.rules}
    hidden = confidential.closed(by)
    return [
        {"rule": ref, "title": rules[ref].title, "order": rules[ref].order, "sentence": sentence}
        for ref, sentence in found
        if ref in rules and rules[ref].order not in hidden
    ]


def conflict(name: str, answer: Mapping[str, Any]) -> str:
    """What a statement that contradicts the register did to an answer; never more than it did."""
    said = f"{words.attribute(name)}: what is stated differs from the register."
    if answer["outcome"] == "permit":
        return f"{said} With either, every rule comes to the same result. Correct the wrong one."
    if any(name in one.get("missing", ()) for one in answer["undetermined"]):
        return f"{said} A rule reads it and stays open: nothing is permitted on either alone."
    return f"{said} No rule takes either for certain. Correct the wrong one."
