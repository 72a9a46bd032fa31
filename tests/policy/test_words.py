"""Sentences: a rule read back, why it stands, what it lacks, why another does not, what would change it."""

from datetime import datetime
from typing import Any

import pytest

from accesscontrol import policy
from tests.worlds import language
from tests.worlds.language import disposition, exemption, license_, rule

AT = datetime.fromisoformat(language.NOW)
PARENT = {"in_group": ["licensee.hq_country", "D:5"]}
OPS = {"at_least": ["model.training_ops", "1e26"]}
FOREIGN = {"not": {"is": ["user.us_person", True]}}

READ_BACK = [
    (rule({"all": [PARENT, OPS]}, "license_required"),
     ("If the licensee is headquartered in a country of group D:5 and the model was trained "
     "with at least 1e26 operations, then an export license is required.")),
    (rule({"all": [{"is": ["model.id", "frontier-5"]}, {"any": [FOREIGN, {"not": {"is": ["licensee.country", "US"]}}]}]}),
     ("If the model is frontier-5 and (the user is not a US person or the licensee is not in the United States), "
     "then access is denied.")),
    (rule({"not": {"all": [OPS, {"one_of": ["licensee.sector", ["shop", "bank", "farm"]]}]}}, "review"),
     ("If the model was trained with less than 1e26 operations or the licensee's sector is not bank, "
     "farm or shop, then the request goes to review.")),
    (rule(FOREIGN, unless=[exemption({"in_list": ["licensee.id", "annex"]})]),
     "If the user is not a US person, then access is denied, unless the licensee is on the list annex (annex)."),
    (rule({"at_most": ["licensee.foreign_national_access", 2550]}),
     "If the licensee's share of foreign nationals with access is at most 25.5 %, then access is denied."),
    (rule({"not": {"is_known": ["licensee.hq_country"]}}),
     "If it is not known what the licensee's headquarters country is, then access is denied."),
]  # fmt: skip


@pytest.mark.parametrize(("document", "said"), READ_BACK)
def test_a_rule_read_back(document: dict[str, object], said: str) -> None:
    release = language.release(document)
    assert policy.sentence(release.rules[0], release) == said


EXPLAINED: list[tuple[dict[str, object], dict[str, Any], dict[str, Any], str]] = [
    (rule({"all": [PARENT, OPS]}), {"licensee.hq_country": "HK", "model.training_ops": "1e26"}, {},
     ("The licensee is headquartered in Hong Kong, which is in country group D:5, and the model was trained with "
     "at least 1e26 operations: access is denied.")),
    (rule({"is": ["licensee.country", "CN"]}, "review"), {"licensee.country": "HK"}, {},
     "The licensee is in Hong Kong, which belongs to China: the request goes to review."),
    (rule({"any": [FOREIGN, PARENT]}), {"user.us_person": False}, {}, "The user is not a US person: access is denied."),
    (rule(FOREIGN), {}, {}, "It cannot be decided whether access is denied: it is not known whether the user is a US person."),
    (rule(FOREIGN), {"user.us_person": False}, {"stated": {"user.us_person": True}},
     "It cannot be decided whether access is denied: two sources contradict each other about the user's being a US person."),
    (rule(PARENT), {"licensee.hq_country": "cn"}, {},
     ("It cannot be decided whether access is denied: what was said about the licensee's headquarters country is no value "
     "that it can have.")),
    (rule(PARENT, "license_required"), {"licensee.hq_country": "CN"}, {"licenses": [license_()]},
     "Export license L-1 covers the request, so the rule does not apply."),
    (rule(PARENT, "review"), {"licensee.hq_country": "CN"}, {"dispositions": [disposition()]},
     "The decided review D-1 covers the request, so the rule does not apply."),
]  # fmt: skip


@pytest.mark.parametrize(("document", "facts", "more", "said"), EXPLAINED)
def test_a_verdict_explained(
    document: dict[str, object], facts: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    release = language.release(document)
    verdict = policy.judge(release, facts={**language.IDS, **facts}, at=AT, **more)
    assert policy.explain(release, verdict, AT) == {"R-1": said}


UNKNOWN_PARENT = {"any": [{"not": {"is_known": ["licensee.hq_country"]}}, PARENT]}
OR = "it is not known what the licensee's headquarters country is or the licensee is headquartered in a country of group D:5"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (UNKNOWN_PARENT, f"I{OR[1:]}: access is denied."),
        ({"all": [OPS, UNKNOWN_PARENT]},
         f"The model was trained with at least 1e26 operations and ({OR}): access is denied."),
    ],
)  # fmt: skip
def test_a_statement_where_the_register_is_silent_is_explained(when: Any, said: str) -> None:
    """A verdict does not tell that the country was only stated: the rule is said as it reads."""
    release = language.release(rule(when))
    facts = {**language.IDS, "model.training_ops": "1e26"}
    verdict = policy.judge(release, facts=facts, stated={"licensee.hq_country": "US"}, at=AT)
    assert verdict.outcome == "deny"
    assert policy.explain(release, verdict, AT) == {"R-1": said}


def test_why_another_rule_does_not_apply() -> None:
    release = language.release(
        rule({"all": [FOREIGN, PARENT]}), rule(OPS, ref="R-2", unless=[exemption(OPS)])
    )
    facts = {
        **language.IDS,
        "licensee.hq_country": "DE",
        "user.us_person": False,
        "model.training_ops": "1e26",
    }
    assert policy.why_not(release, facts=facts, at=AT) == [
        ("R-1", "The licensee is not headquartered in a country of group D:5."),
        ("R-2", "Exempt: the model was trained with at least 1e26 operations (annex), so the rule does not apply."),
    ]  # fmt: skip


def test_a_single_fact_would_change_it() -> None:
    release = language.release(
        rule({"all": [FOREIGN, {"not": {"is": ["licensee.country", "US"]}}]})
    )
    facts = {**language.IDS, "licensee.country": "CN"}
    assert policy.what_would_change(release, facts=facts, at=AT) == [
        {
            "attributes": ["licensee.country"],
            "example": {"licensee.country": "US"},
            "sentence": "If it were established that the licensee is in the United States, it would be allowed.",
        },
        {
            "attributes": ["user.us_person"],
            "example": {"user.us_person": True},
            "sentence": "If it were established that the user is a US person, it would be allowed.",
        },
    ]


def test_all_missing_facts_together_would_change_it() -> None:
    release = language.release(rule(FOREIGN), rule(PARENT, ref="R-2"))
    (together,) = policy.what_would_change(release, facts=language.IDS, at=AT)
    assert together["attributes"] == ["licensee.hq_country", "user.us_person"]
    assert together["example"] == {"licensee.hq_country": "US", "user.us_person": True}


def test_nothing_would_change_what_an_identity_decides() -> None:
    release = language.release(rule({"is": ["model.id", "frontier-5"]}))
    assert policy.what_would_change(release, facts=language.IDS, at=AT) == []
