"""Explains an answer beyond its reasons: rules that do not apply, statements in conflict."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accesscontrol import decisions, policy
from accesscontrol.dashboard.shell import confidential, words
from accesscontrol.models import User


def why_not(judged: decisions.Judged, by: User) -> list[dict[str, str]]:
    """The rules that do not apply, with the reason. Leaves out those the person may not read."""
    question = judged.question
    sentences = policy.why_not(
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
        for ref, sentence in sentences
        if ref in rules and rules[ref].order not in hidden
    ]


def conflict(name: str, answer: Mapping[str, Any]) -> str:
    """The effect on an answer of a statement that contradicts the register."""
    start = f"{words.attribute(name)}: what is stated differs from the register."
    if answer["outcome"] == "permit":
        return f"{start} With either, every rule comes to the same result. Correct the wrong one."
    if any(name in entry.get("missing", ()) for entry in answer["undetermined"]):
        return f"{start} A rule reads it and stays open: nothing is permitted on either alone."
    return f"{start} No rule takes either for certain. Correct the wrong one."
