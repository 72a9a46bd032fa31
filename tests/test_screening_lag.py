"""Whatever lags, breaks or comes back: a standing is of one set of facts, and is judged again."""

from typing import Any

import pytest

from accesscontrol import screening
from accesscontrol.models import Attestation, ExportLicense, Fact, Hold, Licensee
from accesscontrol.policy.columns.standings import Standings
from accesscontrol.screening.judge import evaluators
from accesscontrol.screening.register import process_cache
from accesscontrol.screening.results import feed
from tests.worlds import register as world
from tests.worlds.register import (
    AT,
    DAY,
    EMBARGO,
    HOUR,
    HQ_IN_CHINA,
    SECOND,
    one_by_one,
    publish,
    rule,
    screened,
    stored,
)  # fmt: skip

pytestmark = pytest.mark.django_db

BANK = {"is": ["licensee.sector", "bank"]}


def two() -> dict[str, Any]:
    return {
        "entered_by": world.person("mina"),
        "confirmed_by": world.person("jonas", "approver"),
        "confirmed_at": AT,
        "recorded_at": AT,
    }


@pytest.fixture
def holder() -> Licensee:
    """With a license for Germany: at AT + HOUR its seat moves to China, and its place to Germany."""
    evaluators._pool.clear()
    world.model()
    moved = AT + HOUR
    row = world.customer("a", hq_country="US", sector="bank")
    publish(rule("HQ", "deny", HQ_IN_CHINA), rule("LR", "license_required", BANK))
    ExportLicense.objects.create(
        number="D-1", licensees=["a"], countries=["DE"], valid=(AT, AT + DAY), **two()
    )
    world.attest(row, "request.location_country", "FR", until=moved)
    Attestation.objects.create(
        licensee=row, attribute="request.location_country", value="DE", evidence="letter",
        valid=(moved, None), **two(),
    )  # fmt: skip
    Fact.objects.filter(licensee=row, attribute="licensee.hq_country").update(held=(AT, moved))
    Fact.objects.create(
        licensee=row, attribute="licensee.hq_country", value="CN", source="test",
        held=(moved, None), learned_at=AT,
    )  # fmt: skip
    return row


def test_a_holder_is_judged_by_facts_of_one_instant(holder: Licensee) -> None:
    """Its row still says what was before the boundary, whose own run has not begun."""
    screened()
    assert world.standing(holder) == "license_required"
    late = AT + HOUR + SECOND
    run = screening.start(cause="manual", by=None, at=late)
    assert run is not None
    world.work(late)
    assert world.standing(holder) == "deny"
    assert set(Hold.objects.filter(released_at=None).values_list("outcome", flat=True)) == {"deny"}


def test_what_failed_once_is_judged_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluators._pool.clear()
    world.model()
    world.licensee("a", hq_country="US")
    publish(rule("HQ", "deny", HQ_IN_CHINA), rule("EM", "deny", EMBARGO))
    screened()
    world.licensee("b", hq_country="CN")
    world.licensee("c", hq_country="CN", country="CU")
    judged, failed = Standings._by_clauses, []

    def fails_once(self: Standings, profiles: Any) -> Any:
        if not failed:
            failed.append(profiles)
            raise MemoryError("once")
        return judged(self, profiles)

    monkeypatch.setattr(Standings, "_by_clauses", fails_once)
    run = screened(AT + HOUR)
    assert failed
    assert (run.state, run.failed) == ("done", 0)
    assert stored() == one_by_one(AT + HOUR)


def test_what_is_remembered_by_number_is_of_one_database_and_one_start_of_its_server() -> None:
    """One that was restored from a backup has the same oid and may give numbers anew."""
    assert " since " in process_cache.database()
    world.model()
    publish(rule("HQ", "deny", HQ_IN_CHINA))
    screened()
    assert all(key[0] == process_cache.database() for key in evaluators._pool)


def test_the_feed_says_that_there_is_more_until_all_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.model()
    publish(rule("HQ", "deny", HQ_IN_CHINA))
    for n in range(7):
        world.licensee(f"l-{n}", hq_country="CN")
    screened(chunk=1)
    monkeypatch.setattr(feed, "MOST_READ", 3)
    found = feed.changes(after=feed.Place(), most=100)
    told = len(found.changes)
    while found.more:
        found = feed.changes(after=found.place, most=100)
        told += len(found.changes)
    assert told == 7
