"""Why the other rules did not decide: each with the first condition that failed, in words."""

from datetime import datetime

from accesscontrol import decisions, policy
from accesscontrol.dashboard.shell import confidential
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
