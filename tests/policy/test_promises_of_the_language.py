"""What must hold of every release and every question, tried on random small worlds.

The agreements are those of docs/language.md §5 and §6.
"""

from datetime import datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accesscontrol import policy
from tests.worlds import generated as worlds

pytestmark = pytest.mark.slow

AT = datetime.fromisoformat(worlds.NOW)
STRICTNESS = {outcome: place for place, outcome in enumerate(policy.OUTCOMES)}
worlds_settings = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


def at_least_as_strict(outcome: str, as_: str) -> bool:
    return STRICTNESS[outcome] <= STRICTNESS[as_]


@worlds_settings
@given(st.data(), worlds.releases(2), worlds.facts(often=0.4), worlds.statements(), worlds.papers())
def test_a_permit_never_depends_on_a_missing_fact(
    data: st.DataObject,
    release: policy.Release,
    facts: dict[str, Any],
    stated: dict[str, Any],
    papers: dict[str, Any],
) -> None:
    verdict = policy.judge(release, facts=facts, stated=stated, at=AT, **papers)
    assume(verdict.outcome == "permit")
    absent = [name for name in worlds.VALUES if name not in facts and name not in stated]
    for _ in range(10):
        supplied = data.draw(worlds.facts(absent, invalid=False)) if absent else {}
        completed = {**supplied, **facts}
        assert (
            policy.judge(release, facts=completed, stated=stated, at=AT, **papers).outcome
            == "permit"
        )
        said = {**{n: v for n, v in supplied.items() if n not in worlds.REGISTER_ONLY}, **stated}
        assert policy.judge(release, facts=facts, stated=said, at=AT, **papers).outcome == "permit"


@worlds_settings
@given(st.data(), worlds.releases(2), worlds.facts(worlds.REGISTER, often=0.7), worlds.papers())
def test_a_standing_forecasts_every_question(
    data: st.DataObject, release: policy.Release, register: dict[str, Any], papers: dict[str, Any]
) -> None:
    attested = data.draw(worlds.facts(worlds.REQUEST, invalid=False, often=0.2))
    known = {**register, **attested}
    standing = policy.judge(release, facts=known, at=AT, standing=True, **papers).outcome
    silent = [name for name in worlds.REQUEST if name not in known]
    for _ in range(8):
        stated = data.draw(worlds.statements(silent)) if silent else {}
        outcome = policy.judge(release, facts=known, stated=stated, at=AT, **papers).outcome
        if standing in ("deny", "license_required", "review"):
            assert at_least_as_strict(outcome, standing)
        if standing == "permit":
            assert outcome == "permit"
        if standing == "undetermined":
            assert outcome != "permit"


@worlds_settings
@given(
    worlds.releases(2), worlds.facts(often=0.8, invalid=False), worlds.statements(), worlds.papers()
)
def test_no_permit_rests_on_one_of_two_sources(
    release: policy.Release, facts: dict[str, Any], stated: dict[str, Any], papers: dict[str, Any]
) -> None:
    verdict = policy.judge(release, facts=facts, stated=stated, at=AT, **papers)
    assume(verdict.outcome == "permit" and verdict.conflicts)
    alone = {name: value for name, value in stated.items() if name not in verdict.conflicts}
    pairs = [(facts[name], stated[name]) for name in verdict.conflicts]
    for mixture in product(*pairs):
        mixed = {**facts, **dict(zip(verdict.conflicts, mixture, strict=True))}
        assert policy.judge(release, facts=mixed, stated=alone, at=AT, **papers).outcome == "permit"


@worlds_settings
@given(worlds.releases(2), worlds.facts(often=0.9), worlds.statements(), worlds.papers())
def test_what_would_change_permits_where_it_is_established(
    release: policy.Release, facts: dict[str, Any], stated: dict[str, Any], papers: dict[str, Any]
) -> None:
    verdict = policy.judge(release, facts=facts, stated=stated, at=AT, **papers)
    found = policy.what_would_change(release, facts=facts, stated=stated, at=AT, **papers)
    assert verdict.outcome != "permit" or found == []
    for suggestion in found:
        example: Any = suggestion["example"]
        left = {name: value for name, value in stated.items() if name not in example}
        asked = policy.judge(release, facts={**facts, **example}, stated=left, at=AT, **papers)
        assert asked.outcome == "permit"
        assert not set(example) & {"licensee.id", "model.id", "request.activity"}


@worlds_settings
@given(worlds.releases(2), worlds.facts(often=0.9, invalid=False))
def test_what_would_change_finds_every_single_fact(
    release: policy.Release, facts: dict[str, Any]
) -> None:
    """Any value that would do is found, by the one that stands for it."""
    verdict = policy.judge(release, facts=facts, at=AT)
    assume(verdict.outcome != "permit")
    deciding = {each.rule for each in (*verdict.reasons, *verdict.undetermined)}
    read = {name for rule in release.rules if rule.ref in deciding for name in rule.attributes}
    found: set[Any] = {
        name
        for each in policy.what_would_change(release, facts=facts, at=AT)
        for name in each["example"]
    }
    for name in sorted(read & set(worlds.VALUES)):
        for value in worlds.VALUES[name]:
            if policy.judge(release, facts={**facts, name: value}, at=AT).outcome == "permit":
                assert name in found


@worlds_settings
@given(worlds.releases(), worlds.facts(), worlds.statements(), worlds.papers(), st.booleans())
def test_every_verdict_can_be_said(
    release: policy.Release,
    facts: dict[str, Any],
    stated: dict[str, Any],
    papers: dict[str, Any],
    standing: bool,
) -> None:
    question: dict[str, Any] = {
        "facts": facts,
        "stated": {} if standing else stated,
        "standing": standing,
        **papers,
    }
    verdict = policy.judge(release, at=AT, **question)
    said = policy.explain(release, verdict, AT)
    named = {
        each.rule
        for each in (*verdict.reasons, *verdict.undetermined, *verdict.lifted, *verdict.would_have)
    }
    assert set(said) == named
    others = policy.why_not(release, at=AT, **question)
    assert {ref for ref, _ in others}.isdisjoint(
        {each.rule for each in (*verdict.reasons, *verdict.undetermined)}
    )
    for text in (*said.values(), *(why for _, why in others), *map(policy.sentence, release.rules)):
        assert text[0].isupper()
        assert text.endswith(".")


@worlds_settings
@given(worlds.releases(), worlds.facts(), worlds.statements())
def test_between_boundaries_no_answer_changes(
    release: policy.Release, facts: dict[str, Any], stated: dict[str, Any]
) -> None:
    boundaries = release.boundaries()
    assert list(boundaries) == sorted(set(boundaries))
    ends = [*boundaries[1:], datetime.fromisoformat("2030-01-01T00:00:00Z")]
    for start, end in zip(boundaries, ends, strict=True):
        between = start + (end - start) / 2
        ask = {"facts": facts, "stated": stated}
        assert policy.judge(release, at=start, **ask) == policy.judge(release, at=between, **ask)
