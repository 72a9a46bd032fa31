"""The screens of screening runs: list, live page that ends its polling, cancel and retry."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accesscontrol import screening
from accesscontrol.models import ScreeningRun, User
from tests import screening_world as world
from tests.dashboard.acting import sign_in

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
