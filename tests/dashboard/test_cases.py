"""The review queue's screens: what is asked, deciding with and without a script, by keyboard alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accesscontrol import cases, screening
from accesscontrol.models import Case, Disposition, RedFlag, User
from tests.worlds import register as world
from tests.worlds.officers import person, sign_in

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


@pytest.fixture
def case(db) -> Case:
    """A review of a licensee with an open red flag."""
    world.model()
    world.publish(world.rule("R-1", "review", world.RED_FLAG), at=EARLIER)
    acme = world.customer("acme", at=EARLIER, country="US")
    RedFlag.objects.create(licensee=acme, number=3, note="odd route", opened_at=EARLIER)
    screening.start(cause="manual", at=EARLIER, by=None)
    while screening.next_chunk(at=EARLIER):
        pass
    return Case.objects.get()


def post(client, case: Case, name: str, *more: Any, **said):
    said.setdefault("version", case.version)
    return client.post(reverse(f"dashboard:case-{name}", args=[case.pk, *more]), said)


def test_an_empty_queue_is_clear(client, olivia) -> None:
    assert b"Queue is clear" in client.get(reverse("dashboard:cases")).content


def test_the_page_asks_the_question_and_says_why(client, olivia, case) -> None:
    text = client.get(reverse("dashboard:cases")).content.decode()
    assert "May Acme go on despite R-1 v1?" in text
    assert "2 offerings wait for it" in text
    assert "Keep refused" in text


def test_a_missing_fact_is_asked_for_by_name(client, olivia) -> None:
    world.model()
    world.publish(world.rule("R-2", "deny", world.HQ_IN_CHINA), at=EARLIER)
    world.customer("acme", at=EARLIER, country="US")
    screening.start(cause="manual", at=EARLIER, by=None)
    while screening.next_chunk(at=EARLIER):
        pass
    text = client.get(reverse("dashboard:cases")).content.decode()
    assert "What is not known about Acme?" in text
    assert "licensee.hq_country" in text


def test_deny_works_without_a_script(client, olivia, case) -> None:
    page = post(client, case, "decide", "refuse", because="The flag stands")
    assert page.status_code == 302
    assert Case.objects.get().state == "decided"


def test_a_decision_without_a_reason_is_refused_in_words(client, olivia, case) -> None:
    page = post(client, case, "decide", "refuse", because="")
    assert page.status_code == 422
    assert "Nothing was saved" in page.content.decode()
    assert Case.objects.get().state == "open"


def test_clearing_takes_a_second_person_and_then_lifts_the_review(client, olivia, case) -> None:
    until = f"{NOW + timedelta(days=90):%Y-%m-%d}"
    page = post(client, case, "decide", "clear", because="Route explained", valid_until=until)
    assert page.status_code == 302, page.content.decode()
    case.refresh_from_db()
    assert case.state == "proposed"
    assert Disposition.objects.get().confirmed_at is None
    own = post(client, case, "confirm")
    assert own.status_code == 422
    assert "a second person has to confirm it" in own.content.decode()
    sign_in(client, "omar", "officer")
    assert post(client, case, "confirm", because="Read it").status_code == 302
    assert Case.objects.get().state == "decided"
    assert Disposition.objects.get().confirmed_by.username == "omar"


def test_sent_back_nothing_of_the_proposal_counts(client, olivia, case) -> None:
    until = f"{NOW + timedelta(days=90):%Y-%m-%d}"
    post(client, case, "decide", "clear", because="Route explained", valid_until=until)
    case.refresh_from_db()
    sign_in(client, "omar", "officer")
    post(client, case, "send-back", because="Not enough")
    assert Case.objects.get().state == "open"
    assert Disposition.objects.get().revoked_at is not None


def test_a_clearance_lasts_a_year_at_most(client, olivia, case) -> None:
    until = f"{NOW + timedelta(days=800):%Y-%m-%d}"
    page = post(client, case, "decide", "clear", because="For ever", valid_until=until)
    assert page.status_code == 422
    assert "a year at most" in page.content.decode()
    assert Case.objects.get().state == "open"
    assert not Disposition.objects.exists()


def test_a_stale_page_is_refused(client, olivia, case) -> None:
    cases.assign(case=case, to=olivia, by=olivia, at=NOW)
    page = post(client, case, "decide", "refuse", because="No", version=case.version)
    assert page.status_code == 422
    assert "Somebody changed this case" in page.content.decode()


def test_take_it_snooze_it_escalate_it_talk_about_it(client, olivia, case) -> None:
    post(client, case, "assign")
    case.refresh_from_db()
    assert case.assignee == olivia
    post(client, case, "comment", because="Asked sales.")
    assert "Asked sales." in client.get(reverse("dashboard:case", args=[case.pk])).content.decode()
    post(client, case, "escalate", because="Above my pay grade")
    case.refresh_from_db()
    assert case.assignee is None
    page = post(client, case, "snooze", because="Waiting", until="2999-01-01")
    assert page.status_code == 422
    assert "within 90 days" in page.content.decode()
    post(client, case, "snooze", because="Waiting", until=f"{NOW + timedelta(days=3):%Y-%m-%d}")
    assert Case.objects.get().state == "snoozed"


@pytest.mark.parametrize("role", ["viewer", "auditor", "admin"])
def test_others_read_and_decide_nothing(client, case, role) -> None:
    sign_in(client, role, role)
    text = client.get(reverse("dashboard:case", args=[case.pk])).content.decode()
    assert "Officers and approvers decide cases" in text
    assert post(client, case, "decide", "refuse", because="No").status_code == 403
    assert Case.objects.get().state == "open"


def test_who_else_looks_is_told(client, case) -> None:
    cases.look(case=case, by=person("omar", "officer"), at=datetime.now(UTC))
    sign_in(client, "olivia", "officer")
    text = client.get(reverse("dashboard:case", args=[case.pk])).content.decode()
    assert "omar has been looking at this" in text


def test_an_unknown_decision_is_refused(client, olivia, case) -> None:
    page = post(client, case, "decide", "permit-everything", because="No")
    assert page.status_code == 422
    assert "Choose one of" in page.content.decode()
