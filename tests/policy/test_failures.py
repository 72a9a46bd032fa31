"""A rule that cannot be judged is unknown, never silent, and the others are judged all the same."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from accesscontrol import policy
from accesscontrol.policy.command.one_standing import judge_standing
from accesscontrol.policy.judge.question import Question
from accesscontrol.policy.judge.reference import judge_prepared_by_tree
from tests.policy.agreement import without_facts
from tests.worlds import language
from tests.worlds.language import rule

AT = datetime.fromisoformat(language.NOW)
BROKEN = {"in_group": ["licensee.country", "D:5"]}
BANK = {"is": ["licensee.sector", "bank"]}
FACTS = {**language.IDS, "licensee.country": "US", "licensee.sector": "bank"}


def without_groups(*rules: dict[str, Any]) -> policy.Release:
    """A release that parsing would refuse: its rules name a group that it does not hold."""
    return replace(language.release(*rules), groups={})


@pytest.mark.parametrize("standing", [False, True])
def test_an_error_makes_the_rule_unknown(standing: bool) -> None:
    verdict = policy.judge(without_groups(rule(BROKEN)), facts=FACTS, at=AT, standing=standing)
    (unknown,) = verdict.undetermined
    assert (verdict.outcome, unknown.missing, unknown.error) == (
        "undetermined",
        (),
        "KeyError: 'D:5'",
    )
    assert verdict.to_json()["undetermined"] == [
        {"rule": "R-1", "missing": [], "deferred": [], "error": "KeyError: 'D:5'"}
    ]


def test_the_columns_say_the_same_of_a_standing() -> None:
    """Also where the test that fails is over a fact of the offering."""
    about_model = {"in_list": ["model.id", "annex"]}
    broken = without_groups(rule(BROKEN), rule(BANK, "review", ref="R-2"))
    for release in (
        broken,
        replace(language.release(rule(about_model), rule(BANK, ref="R-2")), lists={}),
    ):
        question = Question(release, FACTS, {}, (), (), AT, standing=True)
        right = judge_prepared_by_tree(question.prepared())
        assert right.undetermined[0].error is not None
        assert judge_standing(question) == without_facts(right)


def test_the_other_rules_are_judged() -> None:
    release = without_groups(rule(BROKEN), rule(BANK, "review", ref="R-2"))
    verdict = policy.judge(release, facts=FACTS, at=AT)
    assert (verdict.outcome, [each.rule for each in verdict.reasons]) == ("review", ["R-2"])
    assert [each.rule for each in verdict.undetermined] == ["R-1"]


def test_a_rule_that_only_reports_reports_that_it_cannot_tell() -> None:
    release = without_groups(rule(BROKEN, report_only_until="2027-01-01T00:00:00Z"))
    verdict = policy.judge(release, facts=FACTS, at=AT)
    assert (verdict.outcome, verdict.undetermined) == ("permit", ())
    assert [(each.truth, each.error) for each in verdict.would_have] == [
        ("unknown", "KeyError: 'D:5'")
    ]


def test_it_is_said_in_words_and_nothing_is_suggested() -> None:
    release = without_groups(rule(BROKEN))
    verdict = policy.judge(release, facts=FACTS, at=AT)
    said = policy.explain(release, verdict, AT)["R-1"]
    assert said.startswith("It cannot be decided whether access is denied: judging the rule failed")
    assert policy.why_not(release, facts=FACTS, at=AT) == []
    assert policy.what_would_change(release, facts=FACTS, at=AT) == []


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        policy.judge(language.release(), facts=FACTS, at=datetime(2026, 6, 20))


def test_a_question_counts_as_its_second() -> None:
    release = language.release(rule(BANK, effective_from="2026-06-20T00:00:01Z"))
    just_before = AT.replace(microsecond=999_999)
    assert policy.judge(release, facts=FACTS, at=just_before).outcome == "permit"
