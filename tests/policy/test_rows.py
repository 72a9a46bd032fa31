"""What the online reader remembers changes no answer, however it is grouped, and stays bounded."""

from datetime import datetime
from random import Random
from typing import Any

import pytest

from accesscontrol import policy
from accesscontrol.policy.online import reader, sums
from accesscontrol.policy.online.judge import _readers
from tests.worlds import language
from tests.worlds.language import IDS, rule
from tests.worlds.random_releases import world

AT = datetime.fromisoformat(language.NOW)
HIRES = {"is": ["licensee.custom.certified", True]}
OPEN = {"is": ["licensee.red_flags_open", 1]}
SHARE = {"at_least": ["licensee.foreign_national_access", 1]}
THERE = {"one_of": ["licensee.data_center_countries", ["CN"]]}


def agree(release: policy.Release, **asked: Any) -> policy.Verdict:
    """The verdict, met for the first time and again, is the oracle's."""
    right = policy.judge_by_tree(release, **asked)
    assert policy.judge(release, **asked) == right
    assert policy.judge(release, **asked) == right
    return right


def row(release: policy.Release) -> sums.Row:
    return _readers(release).at(AT, False)._row


@pytest.mark.parametrize("limit", [1, 2, 40])
def test_answers_are_the_same_however_the_facts_are_grouped(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in [(sums, "COMBINATIONS"), (sums, "ALONE"), (reader, "SUMS")]:
        monkeypatch.setattr(module, name, limit)
    split = []
    halve = sums.Row.split
    monkeypatch.setattr(sums.Row, "split", lambda *given: split.append(halve(*given)))
    for seed in range(40):
        random = Random(f"rows {seed}")
        made = world(random)
        for _ in range(30):
            agree(made.release, **made.question(random))
    assert len(split) > 20 or limit == 40


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", ["1"], None, {"a": 1}, ["CN"], "CN", [1], []])
def test_values_that_python_takes_for_equal_are_told_apart(value: object) -> None:
    release = language.release(
        *(rule(when, ref=f"R-{n}") for n, when in enumerate([HIRES, OPEN, SHARE, THERE]))
    )
    right = {
        "licensee.custom.certified": True,
        "licensee.red_flags_open": 1,
        "licensee.foreign_national_access": 1,
        "licensee.data_center_countries": ["CN"],
    }
    agree(release, facts={**IDS, **right}, at=AT)
    for name in right:
        agree(release, facts={**IDS, **right, name: value}, at=AT)
        agree(release, facts={**IDS, **right}, stated={name: value}, at=AT)


def test_a_statement_of_what_only_the_register_can_know() -> None:
    unknown = {"not": {"is_known": ["licensee.hq_country"]}}
    release = language.release(rule(unknown), rule({"is": ["licensee.sector", "x"]}, ref="R-2"))
    facts = {**IDS, "licensee.sector": "y"}
    assert agree(release, facts=facts, at=AT).outcome == "deny"
    stated = {"licensee.hq_country": "US"}
    assert agree(release, facts=facts, stated=stated, at=AT).outcome == "deny"
    assert agree(release, facts={**facts, **stated}, at=AT).outcome == "permit"


def test_names_that_are_no_attributes_are_ignored() -> None:
    release = language.release(rule(OPEN))
    facts = {"no.such": 1, **IDS, "licensee.red_flags_open": 0, "nor.this": [{}]}
    stated = {"licensee.red_flags_open": 1, "licensee.sector": "bank", "what": 1}
    verdict = agree(release, facts=facts, stated=stated, at=AT)
    assert verdict.outcome == "permit"
    assert verdict.ignored == ("licensee.red_flags_open", "no.such", "nor.this", "what")
    assert set(row(release).nothing) == {*IDS, "licensee.red_flags_open", "licensee.sector"}


def test_what_varies_stands_alone_in_the_end_and_is_forgotten_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sums, "COMBINATIONS", 20)
    monkeypatch.setattr(sums, "ALONE", 50)
    monkeypatch.setattr(reader, "SUMS", 30)
    release = language.release(rule(OPEN), rule(THERE, ref="R-2"))
    for n in range(500):
        facts = {
            **IDS,
            "licensee.id": f"L-{n}",
            "licensee.red_flags_open": n % 40,
            "licensee.sector": f"sector {n % 3}",
            "licensee.custom.tier": ["gold", "silver"][n % 2],
        }
        policy.judge(release, facts=facts, at=AT)
    groups = [{column.name for column in group} for group in row(release).groups]
    assert {"licensee.id"} in groups
    assert {"licensee.sector", "licensee.custom.tier"} in groups
    for each in row(release).sums:
        assert len(each) <= 50
    assert len(_readers(release).at(AT, False)._met) <= 30
