"""A possible match in the queue: the same party, not the same for a time, or more data first."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accesscontrol import facts, parties, registry
from accesscontrol.models import AuditEvent, Case, Clearance, Match, User
from tests.test_parties import BETA, file
from tests.worlds import register as world
from tests.worlds.officers import sign_in

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=1)
UNTIL = f"{NOW + timedelta(days=90):%Y-%m-%d}"
POSSIBLE = {"is": ["licensee.list_status.SDN", "possible"]}


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


@pytest.fixture
def case(db) -> Case:
    """A licensee with the name of a listed party."""
    world.model()
    world.publish(world.rule("R-SDN", "deny", POSSIBLE), at=EARLIER, lists={"SDN": []})
    registry.add_licensee(ref="beta", name="Beta Bank", source="contract", by=None, at=EARLIER)
    parties.import_list(data=file(BETA), file_name="list.csv", by=None, at=EARLIER)
    world.work(EARLIER)
    return Case.objects.get()


def post(client, case: Case, name: str, *more: str, **said):
    case.refresh_from_db()
    said = {"version": case.version, **said}
    return client.post(reverse(f"dashboard:case-{name}", args=[case.pk, *more]), said)


def status(case: Case) -> str:
    at = datetime.now(UTC)
    known = facts.about_licensees([case.licensee_id], at=at)[case.licensee_id].facts
    return known["licensee.list_status.SDN"]


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def test_the_page_offers_three_answers_by_key(client, olivia, case) -> None:
    text = client.get(reverse("dashboard:cases")).content.decode()
    places = [text.index(f"<span>{label}") for label in
              ("The same party: deny", "Not the same: clear", "Need more data")]  # fmt: skip
    assert places == sorted(places)
    assert "Cleared until" in text


def test_the_same_party_is_confirmed_at_once(client, olivia, case) -> None:
    before = len(kinds())
    assert post(client, case, "decide", "same", because="Same number").status_code == 302
    assert status(case) == "confirmed"
    assert Case.objects.get().state == "decided"
    assert kinds()[before:] == ["case.decided", "match.confirmed"]
    world.work(datetime.now(UTC))
    assert Case.objects.get().state == "decided"


def test_not_the_same_is_cleared_by_two_and_ends(client, olivia, case) -> None:
    page = post(client, case, "decide", "different", because="Other town", valid_until=UNTIL)
    assert page.status_code == 302, page.content.decode()
    assert (Case.objects.get().state, status(case)) == ("proposed", "possible")
    assert post(client, case, "confirm").status_code == 422  # the same person
    assert Clearance.objects.get().confirmed_at is None
    sign_in(client, "omar", "officer")
    page = client.get(reverse("dashboard:case", args=[case.pk])).content.decode()
    assert "Confirm: not the same party" in page
    assert post(client, case, "confirm").status_code == 302
    assert (Case.objects.get().state, status(case)) == ("decided", "clear")
    row = Clearance.objects.get()
    assert (row.confirmed_by.username, f"{row.valid.upper:%Y-%m-%d}") == ("omar", UNTIL)
    world.work(datetime.now(UTC))
    assert world.standing(case.licensee) == "permit"
    over = row.valid.upper
    world.screened(over, licensees=[case.licensee_id])
    assert world.standing(case.licensee) == "deny"
    assert list(Case.objects.order_by("id").values_list("state", flat=True)) == ["decided", "open"]


@pytest.mark.parametrize("until", ["", f"{NOW + timedelta(days=500):%Y-%m-%d}"])
def test_a_clearance_says_until_when_within_a_year(client, olivia, case, until) -> None:
    page = post(client, case, "decide", "different", because="Other town", valid_until=until)
    assert page.status_code == 422
    assert (Case.objects.get().state, Clearance.objects.exists()) == ("open", False)


def test_sent_back_the_clearance_never_counts(client, olivia, case) -> None:
    post(client, case, "decide", "different", because="Other town", valid_until=UNTIL)
    sign_in(client, "omar", "officer")
    assert post(client, case, "send-back", because="Which town?").status_code == 302
    assert (Case.objects.get().state, status(case)) == ("open", "possible")
    assert Clearance.objects.get().revoked_at is not None


def test_a_proposal_about_another_name_is_not_confirmed(client, olivia, case) -> None:
    post(client, case, "decide", "different", because="Other town", valid_until=UNTIL)
    registry.rename(licensee=case.licensee, name="BETA Bank", source="x", by=None,
                    at=datetime.now(UTC), because="Renamed")  # fmt: skip
    sign_in(client, "omar", "officer")
    page = post(client, case, "confirm")
    assert page.status_code == 422
    assert "changed since" in page.content.decode()
    world.work(datetime.now(UTC))
    page = post(client, case, "confirm")
    assert "Send it back and look again" in page.content.decode()
    assert (Case.objects.get().state, status(case)) == ("proposed", "possible")
    assert post(client, case, "send-back", because="Look again").status_code == 302
    assert Case.objects.get().evidence["match"] == Match.objects.get(superseded_at=None).pk


def test_more_data_puts_it_off_and_it_stays_refused(client, olivia, case) -> None:
    until = f"{NOW + timedelta(days=7):%Y-%m-%d}"
    page = post(client, case, "decide", "more-data", because="Ask for the number", until=until)
    assert page.status_code == 302, page.content.decode()
    assert (Case.objects.get().state, status(case)) == ("snoozed", "possible")
    assert "More data asked for: Ask for the number" in case.notes.get().text
