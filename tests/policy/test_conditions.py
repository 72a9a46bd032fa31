"""The readers of conditions agree: the tree, its clauses, the printed form, the conflict finder."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accesscontrol import policy
from accesscontrol.ledger.canonical import digest
from accesscontrol.policy.command.i_json import parse_line
from accesscontrol.policy.compiled.clauses import clauses_of
from accesscontrol.policy.language.bounds import clauses
from accesscontrol.policy.language.condition_json import condition_json
from tests.policy.test_promises_of_the_language import AT, worlds_settings
from tests.worlds import generated as worlds
from tests.worlds import language

pytestmark = pytest.mark.slow


def parsed(when: object) -> policy.Rule:
    base = language.document()
    return policy.parse_rule(
        language.rule(when),
        vocabulary=base["vocabulary"],
        groups=base["groups"],
        lists=base["lists"],
    )


@worlds_settings
@given(worlds.conditions(depth=4))
def test_what_is_printed_is_read_back(when: dict[str, object]) -> None:
    condition = parsed(when).when
    printed = condition_json(condition)
    assert parsed(printed).when == condition
    assert condition_json(parsed(printed).when) == printed


@worlds_settings
@given(worlds.documents())
def test_a_release_is_its_canonical_text(document: dict[str, object]) -> None:
    release = policy.parse_release(document)
    again = policy.parse_release(parse_line(release.canonical.encode()))
    assert again.canonical == release.canonical
    assert again.digest == release.digest == digest(release.canonical)
    assert again.rules == release.rules


@worlds_settings
@given(worlds.conditions(depth=3), st.booleans())
def test_clauses_are_counted_without_expanding(when: dict[str, object], wanted: bool) -> None:
    condition = parsed(when).when
    assert clauses(condition, negated=not wanted) == sum(
        1 for _ in clauses_of(condition, wanted=wanted)
    )


@worlds_settings
@given(worlds.releases(3), st.lists(worlds.facts(often=0.9), min_size=20, max_size=20))
def test_the_conflict_finder_never_guesses(
    release: policy.Release, asked: list[dict[str, Any]]
) -> None:
    found = policy.lint(release)
    nothing = {finding.rule for finding in found if finding.kind == "matches_nothing"}
    outweighed = {finding.rule for finding in found if finding.kind == "always_outweighed"}
    for facts in asked:
        for at in (AT, datetime.fromisoformat(worlds.LATER)):
            verdict = policy.judge(release, facts=facts, at=at)
            true = {reason.rule for reason in verdict.reasons}
            assert not true & nothing
            assert not true & outweighed or verdict.outcome == "deny"
