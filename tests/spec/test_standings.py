"""The standing of a licensee for an offering: what a request can still settle, and what it cannot."""

from typing import Any

import pytest

from accesscontrol.policy import PolicyError
from tests.worlds.language import disposition, exemption, judge, license_, rule

FOREIGN = {"not": {"is": ["user.us_person", True]}}
CHINESE = {"is": ["licensee.hq_country", "CN"]}
UNKNOWN_USER = {"not": {"is_known": ["user.us_person"]}}

TABLE: list[tuple[str, object, dict[str, Any], dict[str, object], str, list[str], list[str]]] = [
    # effect, condition, with, facts, standing, missing, deferred
    ("deny", FOREIGN, {}, {}, "per_request", [], ["user.us_person"]),
    ("deny", FOREIGN, {}, {"user.us_person": True}, "permit", [], []),  # attested
    ("deny", FOREIGN, {}, {"user.us_person": False}, "deny", [], []),
    ("deny", CHINESE, {}, {}, "undetermined", ["licensee.hq_country"], []),
    # a US person is permitted wherever the headquarters are: so the request decides
    ("deny", {"all": [FOREIGN, CHINESE]}, {}, {}, "per_request", ["licensee.hq_country"], ["user.us_person"]),
    # the headquarters alone can make it true: whatever a request states, it is not permitted
    ("deny", {"any": [FOREIGN, CHINESE]}, {}, {}, "undetermined", ["licensee.hq_country"], ["user.us_person"]),
    ("deny", {"any": [FOREIGN, CHINESE]}, {}, {"licensee.hq_country": "US"}, "per_request", [], ["user.us_person"]),
    ("deny", UNKNOWN_USER, {}, {}, "per_request", [], ["user.us_person"]),  # is_known is unknown here
    ("deny", CHINESE, {"unless": [exemption({"not": FOREIGN})]}, {}, "per_request",
     ["licensee.hq_country"], ["user.us_person"]),
    ("license_required", CHINESE, {"licenses": [license_(countries=["DE"])]}, {}, "per_request",
     ["licensee.hq_country"], ["request.location_country"]),
    ("review", CHINESE, {"dispositions": [disposition(facts={"request.end_use": "civil"})]},
     {"licensee.hq_country": "CN"}, "per_request", [], ["request.end_use"]),
    ("review", CHINESE, {"dispositions": [disposition(facts={"licensee.sector": "bank"})]},
     {"licensee.hq_country": "CN"}, "undetermined", ["licensee.sector"], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "when", "with_", "facts", "standing", "missing", "deferred"), TABLE
)
def test_standing(
    effect: str,
    when: object,
    with_: dict[str, Any],
    facts: dict[str, object],
    standing: str,
    missing: list[str],
    deferred: list[str],
) -> None:
    papers = {name: with_[name] for name in ("licenses", "dispositions") if name in with_}
    verdict = judge(
        rule(when, effect, unless=with_.get("unless", [])), facts, standing=True, **papers
    )
    assert verdict.outcome == standing
    listed = [(list(each.missing), list(each.deferred)) for each in verdict.undetermined]
    assert listed == ([(missing, deferred)] if missing or deferred else [])


def test_one_rule_that_stays_unknown_outweighs_per_request() -> None:
    verdict = judge([rule(FOREIGN, ref="R-1"), rule(CHINESE, ref="R-2")], standing=True)
    assert verdict.outcome == "undetermined"
    assert [each.rule for each in verdict.undetermined] == ["R-1", "R-2"]


def test_nobody_states_anything_in_a_standing() -> None:
    with pytest.raises(PolicyError) as refused:
        judge([], standing=True, stated={"user.us_person": True})
    assert (refused.value.pointer, refused.value.code) == ("/stated", "bad_shape")
