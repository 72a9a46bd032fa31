"""What the online reader remembers changes no answer, in no thread, and stays bounded."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

import pytest

from accesscontrol import policy
from accesscontrol.policy.compiled import rule_outcomes, value_classes
from accesscontrol.policy.online import fact_numbers, reader
from accesscontrol.policy.online.judge import _online_at
from tests.worlds import language
from tests.worlds.language import IDS, rule
from tests.worlds.random_releases import world

THREADS = 3
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


LIMITS = [
    (reader, "MOST_SUMS"),
    (reader, "MOST_TEMPLATES"),
    (fact_numbers, "MOST_VALUES"),
    (fact_numbers, "MOST_CLASSES"),
    (rule_outcomes, "MOST"),
    (value_classes, "KINDS"),
]


def limit(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let the reader forget after so few entries of each kind."""
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, most)


@pytest.mark.parametrize("most", [1, 2, 40])
def test_answers_are_the_same_however_little_is_remembered(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, most)
    for seed in range(40):
        random = Random(f"rows {seed}")
        made = world(random)
        for _ in range(30):
            agree(made.release, **made.question(random))


@pytest.mark.parametrize("most", [None, 1, 3])
def test_threads_that_share_a_reader_get_the_same_answers(
    most: int | None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if most is not None:
        limit(monkeypatch, most)
    interval = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(interval))
    sys.setswitchinterval(1e-6)
    for seed in range(12):
        random = Random(f"threads {seed}")
        made = world(random)
        asked = [made.question(random) for _ in range(60)]
        right = [policy.judge_by_tree(made.release, **each) for each in asked]
        with ThreadPoolExecutor(THREADS) as threads:
            orders = [random.sample(range(60), 60) * 3 for _ in range(THREADS)]
            answered = threads.map(partial(in_order, made.release, asked), orders)
        for order, answers in zip(orders, answered, strict=True):
            assert answers == [right[n] for n in order]


def in_order(
    release: policy.Release, asked: list[dict[str, Any]], order: list[int]
) -> list[policy.Verdict]:
    return [policy.judge(release, **asked[n]) for n in order]


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


def test_what_is_remembered_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_numbers, "MOST_VALUES", 50)
    monkeypatch.setattr(reader, "MOST_SUMS", 30)
    monkeypatch.setattr(reader, "MOST_TEMPLATES", 2)
    release = language.release(rule(OPEN), rule(THERE, ref="R-2"))
    online = _online_at(release, AT, False)
    for n in range(500):
        facts = {
            **IDS,
            "licensee.id": f"L-{n}",
            "licensee.red_flags_open": n % 40,
            "licensee.data_center_countries": [["CN"], ["US"], []][n % 3],
        }
        policy.judge(release, facts=facts, at=AT)
    known = online._numbers.by_attribute
    assert max(len(numbers) for _, numbers in known.values()) == 50
    assert 0 < len(online._by_sum) <= 30
    assert 0 < len(online._by_outcomes) <= 2


def test_an_attribute_of_too_many_classes_gets_a_new_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fact_numbers, "MOST_CLASSES", 3)
    numbers = [rule({"is": ["licensee.red_flags_open", n]}, ref=f"R-{n}") for n in range(8)]
    release = language.release(*numbers)
    first = _online_at(release, AT, False)
    for n in range(8):
        agree(release, facts={**IDS, "licensee.red_flags_open": n}, at=AT)
    assert first.full
    assert _online_at(release, AT, False) is not first
