"""Kleene's tables, and what an unknown condition names as missing."""

import pytest

from tests.worlds.language import judge, rule, truth_of

LEAF = {
    "T": {"is": ["licensee.sector", "bank"]},
    "F": {"is": ["licensee.sector", "shop"]},
    "U": {"is": ["user.us_person", True]},
}
FACTS = {"licensee.sector": "bank"}
NAME = {"T": "true", "F": "false", "U": "unknown"}


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        ("T", "T", "T", "T"),
        ("T", "F", "F", "T"),
        ("T", "U", "U", "T"),
        ("F", "T", "F", "T"),
        ("F", "F", "F", "F"),
        ("F", "U", "F", "U"),
        ("U", "T", "U", "T"),
        ("U", "F", "F", "U"),
        ("U", "U", "U", "U"),
    ],
)
def test_all_and_any(left: str, right: str, both: str, either: str) -> None:
    pair = [LEAF[left], LEAF[right]]
    assert truth_of({"all": pair}, FACTS) == NAME[both]
    assert truth_of({"any": pair}, FACTS) == NAME[either]


@pytest.mark.parametrize(("inner", "outer"), [("T", "F"), ("F", "T"), ("U", "U")])
def test_not(inner: str, outer: str) -> None:
    assert truth_of({"not": LEAF[inner]}, FACTS) == NAME[outer]


def test_nothing_is_simplified_that_holds_in_two_values_only() -> None:
    either = {"any": [LEAF["U"], {"not": LEAF["U"]}]}
    neither = {"all": [LEAF["U"], {"not": LEAF["U"]}]}
    assert truth_of(either) == truth_of(neither) == "unknown"


HQ = {"is": ["licensee.hq_country", "CN"]}
MISSING = [
    (LEAF["U"], ["user.us_person"]),
    ({"all": [LEAF["U"], HQ]}, ["licensee.hq_country", "user.us_person"]),
    (
        {"all": [LEAF["U"], {"any": [HQ, LEAF["T"]]}]},
        ["user.us_person"],
    ),  # the true child misses nothing
    ({"any": [LEAF["U"], {"all": [HQ, LEAF["F"]]}]}, ["user.us_person"]),  # nor does the false one
    ({"not": {"any": [LEAF["U"], HQ]}}, ["licensee.hq_country", "user.us_person"]),
]


@pytest.mark.parametrize(("when", "missing"), MISSING)
def test_missing(when: object, missing: list[str]) -> None:
    verdict = judge(rule(when), FACTS)
    assert [list(unknown.missing) for unknown in verdict.undetermined] == [missing]
    assert verdict.missing == tuple(missing)


@pytest.mark.parametrize(
    "condition",
    [LEAF["T"], LEAF["F"], {"all": [LEAF["U"], LEAF["F"]]}, {"any": [LEAF["U"], LEAF["T"]]}],
)
def test_what_is_true_or_false_misses_nothing(condition: object) -> None:
    assert judge(rule(condition), FACTS).missing == ()
