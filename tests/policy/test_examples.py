"""The examples in docstrings of the rule language come out as they are written there."""

from typing import Any

import pytest

from accesscontrol.policy.compiled.clauses import clauses_of
from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.judge.truth import TRUE
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language import conditions
from accesscontrol.policy.language.bounds import clauses
from tests.worlds import language

COUNTRY, FLAGS = "licensee.country", "licensee.red_flags_open"
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
    literals = made.literals[made.places[name]]
    found = literals.absent(standing=False)
    if value is not None:
        found = literals.mask(literals.truths(value), TRUE)
    assert found == mask


def test_witnesses() -> None:
    """judge/witnesses.py, and the kinds of compiled/attribute_tests.py"""
    made = compiled({"all": [{"at_least": [FLAGS, 5]}, {"at_most": [FLAGS, 9]}]})
    tests = list(conditions.tests_of(made.rules[0].rule.when))
    attribute = tests[0].attribute
    assert representatives(attribute, tests, made.release, language.NOW) == [4, 5, 10]
    kinds = [made.literals[0].kind(value) for value in (5, 6, 7, 8)]
    assert len(set(kinds)) == 2
    assert kinds[1] == kinds[2] == kinds[3]
