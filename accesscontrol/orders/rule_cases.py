"""Test cases of a rule: facts and the outcome that the rule must give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy
from accesscontrol.models import Rule, RuleTestCase, RuleVersion, User
from accesscontrol.orders import terms
from accesscontrol.orders.language import ensure_canonical, ensure_reason, ground
from accesscontrol.orders.refusals import CannotEdit

NEEDED_IN_A_CASE = ("licensee.id", "model.id", "request.activity")


@dataclass(frozen=True)
class CaseResult:
    """A test case and the outcome that the rule gave."""

    case: RuleTestCase
    outcome: str

    @property
    def passed(self) -> bool:
        return self.outcome == self.case.outcome


def add_test_case(
    *,
    rule: Rule,
    name: str,
    facts: Mapping[str, Any],
    holds_at: datetime,
    outcome: str,
    by: User | None,
    at: datetime,
) -> RuleTestCase:
    """Add facts and an instant, and the outcome that this rule alone must give."""
    access.require(by, "policy.draft", at=at)
    if outcome not in policy.OUTCOMES:
        raise CannotEdit(f"Choose one of {', '.join(policy.OUTCOMES)}.", pointer="/outcome")
    lacking = [needed for needed in NEEDED_IN_A_CASE if needed not in facts]
    if lacking:
        raise CannotEdit(f"A test case needs {', '.join(lacking)}.", pointer="/facts")
    ensure_canonical(facts, "/facts")
    with transaction.atomic():
        case = RuleTestCase.objects.create(
            rule=rule,
            name=name,
            facts=dict(facts),
            at=terms.second(holds_at),
            outcome=outcome,
            created_by=by,
            created_at=at,
        )
        audit.record("rule.test_case_added", rule, by=by, at=at, details=_details(case))
    return case


def remove_test_case(*, case: RuleTestCase, by: User | None, at: datetime, because: str) -> None:
    """Remove a test case. The log keeps its content."""
    access.require(by, "policy.draft", at=at)
    ensure_reason(because)
    with transaction.atomic():
        kind, details = "rule.test_case_removed", _details(case)
        audit.record(kind, case.rule, by=by, at=at, because=because, details=details)
        case.delete()


def run_test_cases(version: RuleVersion, *, at: datetime) -> list[CaseResult]:
    """Judge each test case by this rule alone, with its terms after a publication at ``at``.

    A version that ends its rule has nothing to test.
    """
    if version.retires:
        return []
    cases = list(version.rule.test_cases.order_by("id"))
    if not cases:
        return []
    rules = terms.documents(version, terms.plan(version, at))
    release = policy.parse_release({**ground(at), "rules": rules})
    return [
        CaseResult(case, policy.judge(release, facts=case.facts, at=case.at).outcome)
        for case in cases
    ]


def _details(case: RuleTestCase) -> dict[str, Any]:
    return {"name": case.name, "outcome": case.outcome, "facts": case.facts}
