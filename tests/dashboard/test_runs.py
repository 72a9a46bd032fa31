"""The screens of screening runs: list, live page that ends its polling, cancel and retry."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accesscontrol import screening
from accesscontrol.models import Boundary, Order, Rule, ScreeningRun, User
from tests.worlds import register as world
from tests.worlds.officers import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


@pytest.fixture
def run(db) -> ScreeningRun:
    world.model()
    for name in ("acme", "bolt", "cove"):
        world.licensee(name, country="US")
    world.publish(world.rule("R-1", "deny", world.EMBARGO))
    started = screening.start(
        cause="rule", subject="R-1", at=world.AT, by=None, because="A letter", chunk=1
    )
    assert started is not None
    return started


def look(client, run: ScreeningRun):
    return client.get(reverse("dashboard:run", args=[run.pk]))


def test_no_run_yet_says_when_one_starts(client, olivia) -> None:
    assert b"No runs yet" in client.get(reverse("dashboard:runs")).content


def test_a_queued_run_polls_and_works_by_refresh(client, olivia, run) -> None:
    text = look(client, run).content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "<noscript>" in text
    assert "0 of 3 licensees" in text
    live = client.get(reverse("dashboard:run-live", args=[run.pk]))
    assert live.status_code == 200
    assert b"<html" not in live.content


def test_polling_is_told_to_stop_when_the_run_has_ended_and_the_totals_reconcile(
    client, olivia, run
) -> None:
    while screening.next_chunk(at=world.AT):
        pass
    live = client.get(reverse("dashboard:run-live", args=[run.pk]))
    assert live.status_code == 286
    assert "3 changed + 0 unchanged + 0 failed = 3" in " ".join(live.content.decode().split())
    assert "Reconciles" in live.content.decode()
    assert "every 2s" not in look(client, run).content.decode()


def test_a_run_without_a_worker_says_so(client, olivia, run) -> None:
    assert "No worker has taken a chunk" in look(client, run).content.decode()


def test_cancelling_says_what_stays(client, olivia, run) -> None:
    screening.next_chunk(at=world.AT)
    page = client.post(
        reverse("dashboard:run-cancel", args=[run.pk]), {"because": "Wrong rule"}, follow=True
    )
    assert ScreeningRun.objects.get().state == "cancelled"
    assert "What its finished chunks changed stays" in page.content.decode()
    again = client.post(reverse("dashboard:run-cancel", args=[run.pk]))
    assert again.status_code == 409
    assert "ended already" in again.content.decode()


def test_failed_chunks_are_shown_with_their_reason_and_retried(client, olivia, run) -> None:
    run.chunks.all().update(
        state="failed", attempts=5, failed=1, problem="The judge broke on acme."
    )
    ScreeningRun.objects.update(
        state="failed", failed=3, started_at=world.AT, finished_at=world.AT + timedelta(seconds=1)
    )
    text = look(client, run).content.decode()
    assert "The judge broke on acme." in text
    assert "Retry 3 failed chunks" in text
    client.post(reverse("dashboard:run-retry", args=[run.pk]))
    assert ScreeningRun.objects.get().state == "running"


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_viewer_manages_no_run(client, run, verb) -> None:
    sign_in(client, "victor", "viewer")
    assert client.post(reverse(f"dashboard:run-{verb}", args=[run.pk])).status_code == 403
    assert ScreeningRun.objects.get().state == "queued"


def test_the_list_filters_by_state(client, olivia, run) -> None:
    assert b"Rule published" in client.get(reverse("dashboard:runs"), {"state": "queued"}).content
    assert b"No run fits" in client.get(reverse("dashboard:runs"), {"state": "done"}).content


def test_the_tail_shows_what_turned_before_and_after(client, olivia, run) -> None:
    world.work()
    assert "judged for the first time" in look(client, run).content.decode()
    later = world.AT + world.HOUR
    everybody = {"is": ["licensee.country", "US"]}
    world.publish(world.rule("R-2", "review", everybody), at=later)
    text = look(client, world.screened(later)).content.decode()
    tail = text[text.index("Last licensees whose outcome changed") :]
    assert "Acme" in tail
    assert tail.index("Allowed") < tail.index("becomes") < tail.index("Review")


def test_each_tenth_is_said_once(client, olivia, run) -> None:
    address = reverse("dashboard:run-live", args=[run.pk])
    screening.next_chunk(at=world.AT)
    assert "30 percent looked at" in client.get(address, {"said": "0"}).content.decode()
    assert 'role="status"' not in client.get(address, {"said": "30"}).content.decode()
    world.work()
    ended = client.get(address, {"said": "100"}).content.decode()
    assert "Done: 3 changed" in ended
    assert "Cancel the run" not in ended
    assert 'id="run-acts" hx-swap-oob="true"' in ended


def test_whom_a_change_cannot_touch_is_counted(client, olivia, run) -> None:
    world.work()
    ScreeningRun.objects.update(judged=1)
    assert "1 judged, 2 not touched by the change" in look(client, run).content.decode()


def test_a_worker_that_took_anything_of_late_is_there(client, olivia, run) -> None:
    at = datetime.now(UTC)
    other = world.start(at, cause="fact", licensees=[run.chunks.get(first_id__lte=0).last_id])
    other.chunks.update(taken_at=at)
    assert "No worker has taken a chunk" not in look(client, run).content.decode()
    other.chunks.update(taken_at=at - timedelta(minutes=2))
    ScreeningRun.objects.filter(pk=other.pk).update(created_at=at - timedelta(minutes=2))
    assert "No worker has taken a chunk" in look(client, run).content.decode()
    assert "Waiting for worker" in look(client, run).content.decode()


def test_why_a_confidential_rule_came_is_read_by_right_only(client, run) -> None:
    order = Order.objects.create(
        reference="SECRET-1", authority="BIS", citation="15 CFR 744", subject="Secret",
        effective_at=world.AT, received_at=world.AT, entered_at=world.AT,
        confidential=True,
    )  # fmt: skip
    Rule.objects.create(ref="R-1", order=order, created_at=world.AT)
    sign_in(client, "victor", "viewer")
    text = look(client, run).content.decode()
    assert "A letter" not in text
    assert "Restricted by an order in force." in text
    sign_in(client, "olivia", "officer")
    assert "A letter" in look(client, run).content.decode()


def test_watching_costs_as_many_statements_whatever_was_changed(
    client, olivia, run, django_assert_max_num_queries
) -> None:
    world.work()
    with django_assert_max_num_queries(20):
        look(client, run)


def test_the_list_says_how_many_outcomes_turned_and_what_comes_next(client, olivia, run) -> None:
    world.work()
    later = world.AT + world.HOUR
    world.publish(world.rule("R-2", "review", {"is": ["licensee.country", "US"]}), at=later)
    world.screened(later)
    coming = datetime.now(UTC) + timedelta(days=1)
    Boundary.objects.create(at=coming, what="attestation ends")
    text = client.get(reverse("dashboard:runs")).content.decode()
    assert '<td data-label="Outcomes turned" class="ta-r num">6</td>' in text
    assert "Next by itself: attestation ends" in text
