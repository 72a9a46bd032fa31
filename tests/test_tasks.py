"""Celery is only the clock: what its tasks do when they are woken, and that beat wakes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app

from accesscontrol import parties, registry, tasks
from accesscontrol.models import AuditEvent, Boundary, ScreeningRun
from tests.test_parties import file
from tests.worlds import register as world
from tests.worlds.register import EMBARGO, FOREIGN_USER, licensee, publish, rule, standing, start

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


@pytest.fixture
def offerings() -> list[Any]:
    return world.model()


def test_one_wake_up_takes_every_waiting_chunk(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO), at=NOW)
    for n in range(5):
        licensee(f"l{n}", at=NOW, country="US")
    run = start(NOW, chunk=2)
    assert tasks.screen() == 3
    run.refresh_from_db()
    assert run.state == "done"
    assert tasks.screen() == 0  # a doubled message finds nothing to do


def test_a_wake_up_starts_what_has_become_due(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", FOREIGN_USER), at=NOW)
    acme = licensee("acme", at=NOW, country="US")
    world.attest(acme, "user.us_person", True, at=NOW, until=NOW + timedelta(minutes=1))
    start(NOW, licensees=[acme.pk])
    from accesscontrol import screening

    screening.next_chunk(at=NOW)
    assert standing(acme) == "permit"
    tasks.screen()
    assert standing(acme) == "per_request"
    assert not Boundary.objects.filter(run=None, at__lte=datetime.now(UTC)).exists()


def test_what_rests_on_dated_papers_is_recomputed_when_they_end(offerings: list[Any]) -> None:
    """Its owner is cleared for a minute; when that ends, nobody knows any more, nor says "no"."""
    over = NOW + timedelta(minutes=1)
    publish(rule("R-1", "deny", {"is": ["licensee.captured_by_ownership.ofac", True]}), at=NOW)
    owner, acme = licensee("owner", at=NOW), licensee("acme", at=NOW)
    mina, jonas = world.person("mina"), world.person("jonas", "approver")
    parties.import_list(data=file(("SDN", "Owner")), file_name="list.csv", by=None, at=NOW)
    for owned, by in ((owner, "Jane Roe"), (acme, owner)):
        declaration = registry.declare_owners(
            licensee=owned, owners=[registry.OwnedBy(by, 10_000)], source="register", by=mina,
            at=NOW,
        )  # fmt: skip
        registry.confirm_owners(declaration=declaration, by=jonas, at=NOW)
    proposed = registry.clear(match=owner.matches.get(), because="Another one", valid_until=over,
                              by=mina, at=NOW)  # fmt: skip
    registry.confirm_clearance(clearance=proposed, by=jonas, at=NOW)
    world.work(NOW)
    assert standing(acme) == "permit"
    refreshed = AuditEvent.objects.filter(kind="parties.refreshed")
    assert not refreshed.exists()
    tasks.screen()
    assert standing(acme) == "undetermined"
    assert refreshed.count() == 1
    tasks.screen()
    assert refreshed.count() == 1


def test_whoever_dies_before_the_boundary_starts_leaves_it_to_the_next(
    offerings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(rule("R-1", "deny", FOREIGN_USER), at=NOW)
    acme = licensee("acme", at=NOW, country="US")
    world.attest(acme, "user.us_person", True, at=NOW, until=NOW + timedelta(minutes=1))
    start(NOW, licensees=[acme.pk])
    world.work(NOW)

    def dies(**_: Any) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(parties, "refresh", dies)
        with pytest.raises(ConnectionError):
            tasks.screen()
    assert Boundary.objects.filter(run=None, at__lte=datetime.now(UTC)).exists()
    tasks.screen()
    assert standing(acme) == "per_request"


def test_the_nightly_task_runs_once_a_night_and_finds_nothing(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO), at=NOW)
    acme = licensee("acme", at=NOW, country="US")
    start(NOW)
    tasks.screen()
    for _ in range(2):
        tasks.nightly()
        tasks.screen()
    nightly = ScreeningRun.objects.get(cause="nightly")
    assert (nightly.state, nightly.alarm, standing(acme)) == ("done", 0, "permit")


def test_beat_wakes_tasks_that_exist() -> None:
    schedule = current_app.conf.beat_schedule
    assert {"screen", "nightly"} <= schedule.keys()
    assert {entry["task"] for entry in schedule.values()} <= current_app.tasks.keys()
    assert schedule["screen"]["schedule"] <= 1.0
