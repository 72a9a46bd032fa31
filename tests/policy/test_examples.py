"""The examples in docstrings of the rule language come out as they are written there."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from accesscontrol import policy
from accesscontrol.policy import ABSENT
from accesscontrol.policy.columns import Columns
from accesscontrol.policy.compiled.clauses import clauses_of
from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.judge.truth import TRUE
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language import conditions
from accesscontrol.policy.language.bounds import clauses
from accesscontrol.policy.online.judge import _online_at
from tests.worlds import language

COUNTRY, FLAGS = "licensee.country", "licensee.red_flags_open"
AT = datetime.fromisoformat(language.NOW)
A, B, C, D = ({"at_least": [FLAGS, number]} for number in range(4))


def compiled(when: Any) -> Compiled:
    return Compiled(language.release(language.rule(when)), language.NOW)


def test_a_condition_as_clauses() -> None:
    """compiled/clauses.py"""
    when: Any = {"all": [{"any": [A, B]}, {"not": {"all": [C, D]}}]}
    condition = compiled(when).rules[0].rule.when
    found = {
        tuple((leaf.operand, wanted) for leaf, wanted in clause) for clause in clauses_of(condition)
    }
    assert found == {((a, True), (c, False)) for a in (0, 1) for c in (2, 3)}
    assert clauses(condition) == 4


@pytest.mark.parametrize(
    ("name", "value", "mask"),
    [
        (COUNTRY, "CN", 0b0101),
        (COUNTRY, "US", 0b0000),
        (COUNTRY, None, 0b1100),
        (FLAGS, 3, 0b1111),
    ],
)
def test_the_mask_of_a_value(name: str, value: Any, mask: int) -> None:
    """compiled/attribute_tests.py"""
    first = {"all": [{"is": [COUNTRY, "CN"]}, {"at_least": [FLAGS, 3]}]}
    made = compiled({"any": [first, {"is": [COUNTRY, "RU"]}]})
    tests = made.attribute_tests[made.places[name]]
    found = tests.absent(standing=False)
    if value is not None:
        found = tests.mask(tests.truths(value), TRUE)
    assert found == mask


def test_witnesses() -> None:
    """judge/witnesses.py, and the kinds of compiled/attribute_tests.py"""
    made = compiled({"all": [{"at_least": [FLAGS, 5]}, {"at_most": [FLAGS, 9]}]})
    tests = list(conditions.tests_of(made.rules[0].rule.when))
    attribute = tests[0].attribute
    assert representatives(attribute, tests, made.release, language.NOW) == [4, 5, 10]
    kinds = [made.attribute_tests[0].kind(value) for value in (5, 6, 7, 8)]
    assert len(set(kinds)) == 2
    assert kinds[1] == kinds[2] == kinds[3]


def in_group_e(name: str) -> dict[str, Any]:
    return {"in_group": [name, "E"]}


def two_rules() -> policy.Release:
    """Those of docs/how-a-screening-works.md."""
    embargo = {"any": [in_group_e(COUNTRY), in_group_e("licensee.hq_country")]}
    foreign = {"not": {"is": ["user.us_person", True]}}
    letter = {"all": [{"is": ["model.id", "frontier"]}, foreign]}
    return language.release(
        language.rule(embargo, "deny", "EMBARGO"),
        language.rule(letter, "license_required", "LETTER"),
        groups={"E": [language.entry("IR")]},
    )


LICENSEES: list[dict[str, Any]] = [
    {"licensee.id": "acme", COUNTRY: "US", "licensee.hq_country": "US"},
    {"licensee.id": "bolt", COUNTRY: "SG", "licensee.hq_country": "US"},
    {"licensee.id": "corp", COUNTRY: "DE"},
]
OFFERINGS = [{"model.id": each, "request.activity": "use_api"} for each in ("frontier", "swift")]


def test_the_numbers_of_facts() -> None:
    """online/fact_numbers.py"""
    release = two_rules()
    facts = {**LICENSEES[0], **OFFERINGS[0], COUNTRY: "IR"}
    policy.judge(release, facts={**facts, COUNTRY: "US"}, at=AT)
    policy.judge(release, facts=facts, at=AT)
    numbers = _online_at(release, AT, False)._numbers
    country, model = numbers.by_attribute[COUNTRY][1]["IR"], 1 << 36
    assert (country, numbers.by_attribute["model.id"][1]["frontier"]) == (2, model)
    assert {name: numbers.in_sum(country + model)[name] for name in (COUNTRY, "model.id")} == {
        COUNTRY: 2,
        "model.id": 1,
    }
    assert numbers.in_sum(country)["model.id"] == 0


def test_a_question_by_its_sum() -> None:
    """online/reader.py"""
    release = two_rules()
    verdict = policy.judge(release, facts={**LICENSEES[2], **OFFERINGS[0]}, at=AT)
    assert list(_online_at(release, AT, False)._by_sum) == [1 + (1 << 24) + (1 << 36) + (1 << 48)]
    assert verdict.outcome == "undetermined"
    assert [(each.rule, each.missing, each.facts) for each in verdict.undetermined] == [
        ("EMBARGO", ("licensee.hq_country",), {COUNTRY: "DE"}),
        ("LETTER", ("user.us_person",), {"model.id": "frontier"}),
    ]


def test_codes_profiles_verdicts_and_sheets() -> None:
    """columns/value_codes.py, columns/rule_column.py and those that stand on them"""
    columns = Columns(two_rules(), at=AT, offerings=OFFERINGS)
    codes = [[columns.code(n, each.get(n, ABSENT)) for n in columns.reads] for each in LICENSEES]
    assert codes == [[2, 2, 0], [2, 2, 0], [2, 0, 0]]
    assert [columns.code(COUNTRY, each) for each in ("IR", "Iran", ABSENT)] == [3, 1, 0]
    patterns = columns.patterns(np.array(codes))
    sheets = columns.of_patterns(patterns)
    assert (patterns.tolist(), sheets.tolist()) == ([0, 0, 1], [0, 0, 1])
    assert columns.sheets().tolist() == [[0, 2], [1, 3]]
    standings = columns._standings
    embargo, letter = standings._rules
    assert (embargo._profiles, letter._profiles) == ({(1,): 0, (0,): 1}, {(1,): 0})
    assert sorted(map(tuple, standings._profiles.rows().tolist())) == [(0, 0, 0), (1, 0, 0)]
    first, second = columns.verdicts.entries[1:]
    assert isinstance(first, policy.Unknown)
    assert isinstance(second, policy.Unknown)
    assert (first.rule, first.missing) == ("EMBARGO", ("licensee.hq_country",))
    assert (second.rule, second.deferred) == ("LETTER", ("user.us_person",))
    assert columns.verdicts.rows[1] == ("undetermined", (1, 2), ())


def test_the_outcome_of_a_rule() -> None:
    """compiled/rule_outcomes.py"""
    columns = Columns(two_rules(), at=AT, offerings=OFFERINGS)
    corp = [[columns.code(n, LICENSEES[2].get(n, ABSENT)) for n in columns.reads]]
    columns.answers(np.array(corp))
    standings = columns._standings
    embargo = standings._compiled.rules[0]
    absent = 1 << standings._compiled.places["licensee.hq_country"]
    outcome = standings._outcomes._known[embargo.place, 0b00, 0b10, absent]
    assert outcome is not None
    assert isinstance(outcome.entry, policy.Unknown)
    assert outcome.entry.missing == ("licensee.hq_country",)
