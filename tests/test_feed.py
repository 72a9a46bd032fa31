"""The feed of changes: in the order of commits, nothing left out, nothing twice, whoever writes."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from accesscontrol import screening
from accesscontrol.models import (
    Licensee,
    OutboxMessage,
    ScreeningChunk,
    ScreeningRun,
    StandingChange,
)
from accesscontrol.screening.results import feed
from tests.worlds import register as world
from tests.worlds.register import AT, EMBARGO, HOUR, HQ_IN_CHINA, licensee, publish, rule

START = screening.Place()


def told(after: screening.Place = START, **more: Any) -> list[tuple[str, int]]:
    """Everything behind a place, page by page: licensee and run."""
    seen, more_there = [], True
    while more_there:
        reading = screening.changes(after=after, most=2, **more)
        assert len(reading.changes) <= 2
        seen += [(each.licensee, each.run) for each in reading.changes]
        after, more_there = reading.place, reading.more
    return seen


@pytest.fixture
def everyone(db: None) -> list[Licensee]:
    world.model()
    publish(rule("R-1", "deny", EMBARGO))
    return [licensee(f"l{n}", country="CU" if n % 2 else "US") for n in range(5)]


def test_every_change_is_told_once_and_with_what_turned(everyone: list[Licensee]) -> None:
    run = world.screened(chunk=2)
    assert told() == [(f"l{n}", run.pk) for n in range(5)]
    first = screening.changes(after=START, most=2).changes[1]
    assert (first.licensee, first.release, first.outcome_changed) == ("l1", 1, True)
    assert [(each.model, each.activity, each.before, each.after) for each in first.offerings] == [
        ("frontier-5", "use_api", None, "deny"),
        ("frontier-5", "download_weights", None, "deny"),
    ]


def test_who_has_read_all_reads_on_where_he_stopped(everyone: list[Licensee]) -> None:
    world.screened(chunk=2)
    place = screening.changes(after=START, most=50).place
    assert told(place) == []
    publish(rule("R-1", "review", EMBARGO, version=2), at=AT + HOUR)
    run = world.screened(AT + HOUR, chunk=2)
    assert told(place) == [("l1", run.pk), ("l3", run.pk)]
    turned = screening.changes(after=place, most=1).changes[0].offerings[0]
    assert (turned.before, turned.after) == ("deny", "review")
    assert screening.Place.parse(str(place)) == place
    assert told(place, run=run) == told(START, run=run)


def test_a_change_of_reasons_is_told_only_to_who_asks_for_it(everyone: list[Licensee]) -> None:
    world.screened()
    place = screening.changes(after=START, most=50).place
    publish(rule("R-2", "deny", EMBARGO), at=AT + HOUR)
    run = world.screened(AT + HOUR)
    assert run.changed == 2
    assert told(place) == []
    assert told(place, reasons=True) == [("l1", run.pk), ("l3", run.pk)]
    assert [
        each.offerings for each in screening.changes(after=place, most=9, reasons=True).changes
    ] == [(), ()]


def test_one_reading_looks_at_a_bounded_number_of_rows(
    everyone: list[Licensee], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.screened(chunk=3)
    monkeypatch.setattr(feed, "MOST_READ", 2)
    reading = screening.changes(after=START, most=50)
    assert (len(reading.changes), reading.more) == (2, True)
    assert told() == [(f"l{n}", run.pk) for n in range(5)]


def test_a_run_shows_who_flipped_last(everyone: list[Licensee]) -> None:
    run = world.screened(chunk=2)
    assert [each.licensee for each in screening.newest_flips(run, most=3)] == ["l4", "l3", "l2"]
    publish(rule("R-2", "deny", EMBARGO), at=AT + HOUR)
    assert screening.newest_flips(world.screened(AT + HOUR)) == []


def test_how_one_licensees_standing_changed_is_told_from_the_newest(
    everyone: list[Licensee],
) -> None:
    first = world.screened(chunk=2)
    world.learn(everyone[4], "licensee.country", "CU", AT + HOUR)
    second = world.screened(AT + HOUR, licensees=[everyone[4].pk])
    found = screening.changes_of(everyone[4].pk, most=9)
    assert [(each.licensee, each.run, each.at) for each in found] == [
        ("l4", second.pk, AT + HOUR), ("l4", first.pk, AT),
    ]  # fmt: skip
    assert {each.after for each in found[0].offerings} == {"deny"}
    assert [each.run for each in screening.changes_of(everyone[4].pk, most=1)] == [second.pk]
    assert [each.run for each in screening.changes_of(everyone[3].pk, most=9)] == [first.pk]


def test_a_retried_run_tells_its_messages_once(everyone: list[Licensee]) -> None:
    run = world.start(chunk=2)
    broken = run.chunks.order_by("id")[1]
    ScreeningChunk.objects.filter(pk=broken.pk).update(attempts=5)
    world.work()
    run.refresh_from_db()
    assert run.state == "failed"
    screening.retry_failed(run, by=None, at=AT)
    world.work()
    changed = OutboxMessage.objects.filter(kind="standing.changed")
    assert sorted(changed.values_list("data__licensee", flat=True)) == [f"l{n}" for n in range(5)]
    assert OutboxMessage.objects.filter(kind="run.completed").count() == 2
    assert sorted(told()) == [(f"l{n}", run.pk) for n in range(5)]


@pytest.mark.slow
def test_what_commits_late_is_not_passed_over(own_database: str) -> None:
    """The first run writes its rows, with the smaller ids, and commits after the second."""
    world.model()
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "review", HQ_IN_CHINA))
    early = licensee("early", country="CU")
    late = Licensee.objects.create(
        id=1_000_000, ref="late", name="Late", normalized_name="late", created_at=AT, changed_at=AT
    )
    first = world.start(licensees=[early.pk])
    second = world.start(licensees=[late.pk])
    ScreeningRun.objects.filter(pk=first.pk).update(state="running", started_at=AT)

    with transaction.atomic():  # the first run can write its changes, and then not be closed
        ScreeningRun.objects.select_for_update().get(pk=first.pk)
        worker = threading.Thread(target=_works)
        worker.start()
        _until_somebody_waits()
        thread = threading.Thread(target=_works)
        thread.start()
        thread.join()
        assert told() == [("late", second.pk)]
        place = screening.changes(after=START, most=9).place
    worker.join()
    assert told(place) == [("early", first.pk)]
    ids = dict(StandingChange.objects.values_list("licensee__ref", "chunk"))
    assert ids["early"] < ids["late"]  # by ids it would have been passed over
    assert list(ScreeningChunk.objects.order_by("feed").values_list("feed", flat=True)) == [1, 2]


@pytest.mark.slow
def test_nobody_sees_a_place_before_those_ahead_of_it(own_database: str) -> None:
    """While somebody who has taken a place has not committed, nobody commits behind it."""
    world.model()
    publish(rule("R-1", "deny", EMBARGO))
    one = licensee("one", country="CU")
    two = Licensee.objects.create(
        id=1_000_000, ref="two", name="Two", normalized_name="two", created_at=AT, changed_at=AT
    )
    first = world.start(licensees=[one.pk])
    second = world.start(licensees=[two.pk])
    with transaction.atomic():
        screening.next_chunk(at=AT)  # has its place, and is not committed
        worker = threading.Thread(target=_works)
        worker.start()
        _until_somebody_waits()
        assert [each.licensee for each in _seen_by_another()] == []
    worker.join()
    assert told() == [("one", first.pk), ("two", second.pk)]


def _works() -> None:
    try:
        screening.next_chunk(at=AT)
    finally:
        connection.close()


def _seen_by_another() -> list[screening.Change]:
    seen: list[screening.Change] = []

    def look() -> None:
        seen.extend(screening.changes(after=START, most=9).changes)
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return seen


def _until_somebody_waits() -> None:
    deadline = time.monotonic() + 60
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(waits)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.02)
