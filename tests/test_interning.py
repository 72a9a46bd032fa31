"""What is stored once gets one number, and a process that has met it asks no more."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accesscontrol import releases
from accesscontrol.models import Finding, Sheet
from accesscontrol.screening.judge import evaluators
from accesscontrol.screening.register import process_cache
from accesscontrol.screening.results import content_store
from tests.worlds import register as world
from tests.worlds.register import AT, EMBARGO, HOUR, HQ_IN_CHINA, customer, publish, rule


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    for forgotten in (process_cache._by_database, evaluators._pool):
        forgotten.clear()
    yield
    for forgotten in (process_cache._by_database, evaluators._pool):
        forgotten.clear()


def statements(asked: Any) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        asked()
    return [
        each["sql"] for each in seen if "eg_finding" in each["sql"] or "eg_sheet" in each["sql"]
    ]


def small_world() -> evaluators.Evaluator:
    world.model()
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "review", HQ_IN_CHINA))
    customer("cuba", country="CU")
    customer("acme", country="US", hq_country="CN")
    world.known()
    return fresh()


def fresh() -> evaluators.Evaluator:
    """An evaluator that has judged everybody and knows nothing of what is stored."""
    evaluator = evaluators.Evaluator(releases.current(), at=AT)
    evaluator.sheets_of(evaluator.rows(0, 2**62))
    return evaluator


def numbers(evaluator: evaluators.Evaluator) -> dict[str, int]:
    """The sheets' numbers by what they say."""
    with transaction.atomic():
        ids = content_store.sheet_ids(evaluator, np.arange(len(evaluator.sheets)))
    said = [" ".join(found.text for n in sheet if (found := evaluator.findings[n]))
            for sheet in evaluator.sheets]  # fmt: skip
    return dict(zip(said, ids.tolist(), strict=True))


def test_a_process_asks_once_for_what_every_evaluator_finds(own_database: str) -> None:
    first = numbers(small_world())
    assert len(first) == Sheet.objects.count() == 2
    assert {row.digest for row in Finding.objects.all()} == set(
        process_cache.of_database().findings
    )
    again = fresh()
    assert statements(lambda: numbers(again)) == []
    assert numbers(again) == first


def test_what_was_rolled_back_is_not_remembered(own_database: str) -> None:
    evaluator = small_world()
    with transaction.atomic():
        numbers(evaluator)
        transaction.set_rollback(True)
    assert not Sheet.objects.exists()
    assert sorted(numbers(evaluator).values()) == sorted(Sheet.objects.values_list("pk", flat=True))


def test_a_server_that_was_started_again_may_lack_what_was_remembered(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator = small_world()
    before = numbers(evaluator)
    restored = process_cache.SELECT_DATABASE.replace("since", "restored")
    monkeypatch.setattr(process_cache, "SELECT_DATABASE", restored)
    assert statements(lambda: numbers(evaluator)) != []
    assert numbers(evaluator) == before


@pytest.mark.django_db
def test_another_finding_under_the_same_digest_is_refused() -> None:
    evaluator = small_world()
    for found in evaluator.findings[1:]:
        assert found is not None
        Finding.objects.create(digest=found.digest, outcome=found.outcome, verdict={"other": 1})
    with pytest.raises(content_store.DigestCollision, match="finding"):
        numbers(evaluator)


def test_no_more_is_remembered_than_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_cache, "MOST", 3)
    known = {"a": 1, "b": 2}
    process_cache.add(known, {"c": 3})
    assert known == {"a": 1, "b": 2, "c": 3}
    process_cache.add(known, {"d": 4})
    assert known == {"d": 4}


@pytest.mark.django_db
def test_runs_under_two_releases_share_their_findings() -> None:
    small_world()
    world.screened()
    known = Finding.objects.count()
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "review", HQ_IN_CHINA), at=AT + HOUR)
    world.screened(AT + HOUR)
    assert Finding.objects.count() == known
