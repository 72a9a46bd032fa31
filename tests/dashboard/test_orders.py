"""The screens of orders: enter, amend, annex, lift, and who may do what."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accesscontrol import orders
from accesscontrol.models import AuditEvent, Licensee, Order, User
from tests.worlds.officers import NOW, letter, sign_in

pytestmark = pytest.mark.django_db
LETTER = {
    "reference": "BIS-2026-0612",
    "kind": "is_informed_letter",
    "authority": "BIS",
    "citation": "15 CFR 744.22(b)",
    "subject": "Frontier models",
    "received_at": "2026-06-12T17:21",
    "effective_at": "2026-06-12T17:21",
    "zone": "America/New_York",
    "text": "You are informed that …",
}


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


def test_no_order_yet_says_what_one_is(client, olivia) -> None:
    page = client.get(reverse("dashboard:orders"))
    assert page.status_code == 200
    assert b"No orders yet" in page.content


def test_an_order_is_entered_in_the_zone_it_names(client, olivia) -> None:
    page = client.post(reverse("dashboard:order-enter"), LETTER, follow=True)
    assert page.status_code == 200
    order = Order.objects.get(reference="BIS-2026-0612")
    assert order.received_at == datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
    assert order.entered_by == olivia
    assert AuditEvent.objects.filter(kind="order.entered").count() == 1


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(client, olivia) -> None:
    page = client.post(
        reverse("dashboard:order-enter"),
        {**LETTER, "received_at": "2999-01-01T00:00", "subject": "Kept"},
    )
    assert page.status_code == 422
    assert "cannot have been received in the future" in page.content.decode()
    assert 'value="Kept"' in page.content.decode()
    assert not Order.objects.exists()


def test_a_time_that_the_clock_skipped_is_refused(client, olivia) -> None:
    page = client.post(
        reverse("dashboard:order-enter"), {**LETTER, "received_at": "2026-03-08T02:30"}
    )
    assert page.status_code == 422
    assert "put forward" in page.content.decode()


@pytest.mark.parametrize("role", ["viewer", "auditor", "admin"])
def test_only_officers_and_approvers_enter_orders(client, role) -> None:
    sign_in(client, role, role)
    page = client.post(reverse("dashboard:order-enter"), LETTER)
    assert page.status_code == 403
    assert b"officer" in page.content
    assert not Order.objects.exists()


def test_the_page_warns_of_an_order_in_force_without_a_rule(client, olivia) -> None:
    letter()
    page = client.get(reverse("dashboard:order", args=["L-1"]))
    assert "In force by law, but no rule of it is published." in page.content.decode()


def test_the_text_of_a_confidential_order_is_by_right_and_its_reading_is_logged(client) -> None:
    letter(confidential=True, subject="Project Aurora", text="The secret text")
    sign_in(client, "victor", "viewer")
    for address in (reverse("dashboard:order", args=["L-1"]), reverse("dashboard:orders")):
        assert b"Aurora" not in client.get(address).content
    found = client.get(reverse("dashboard:orders"), {"q": "Aurora"}).content
    assert b"No order fits" in found
    assert client.post(reverse("dashboard:order-text", args=["L-1"])).status_code == 403
    sign_in(client, "anna", "auditor")
    page = client.post(reverse("dashboard:order-text", args=["L-1"]))
    assert b"The secret text" in page.content
    assert AuditEvent.objects.filter(kind="order.text_read").count() == 1


def test_a_lift_is_confirmed_by_somebody_else(client) -> None:
    alice = sign_in(client, "alice", "approver")
    letter()
    client.post(
        reverse("dashboard:order-lift", args=["L-1"]),
        {"reference": "L-1 lift", "received_at": f"{NOW:%Y-%m-%dT%H:%M}", "zone": "UTC",
         "effective_at": f"{NOW:%Y-%m-%dT%H:%M}", "because": "Lifted by letter"},
    )  # fmt: skip
    order = Order.objects.get()
    assert orders.waiting_lift(order) is not None
    own = client.post(reverse("dashboard:order-lift-confirm", args=["L-1"]))
    assert own.status_code == 409
    assert Order.objects.get().lifted_at is None
    assert alice.pk
    sign_in(client, "ben", "approver")
    client.post(reverse("dashboard:order-lift-confirm", args=["L-1"]), {"because": "Read it"})
    assert Order.objects.get().lifted_at is not None


def test_an_annex_names_known_licensees_only(client, olivia) -> None:
    letter()
    Licensee.objects.create(ref="acme", name="Acme", normalized_name="acme", created_at=NOW,
                            changed_at=NOW)  # fmt: skip
    annex = {"reference": "L-1 annex", "received_at": f"{NOW:%Y-%m-%dT%H:%M}", "zone": "UTC",
             "effective_at": f"{NOW:%Y-%m-%dT%H:%M}", "because": "Annex A"}  # fmt: skip
    address = reverse("dashboard:order-annex", args=["L-1"])
    page = client.post(address, {**annex, "parties": "acmee"})
    assert page.status_code == 422
    assert "nearest: acme" in page.content.decode()
    page = client.post(address, {**annex, "parties": "acme"}, follow=True)
    assert "wait" in page.content.decode()
    assert "annex:L-1 annex" in page.content.decode()


def test_filters_stand_in_the_address_and_as_chips(client, olivia) -> None:
    letter()
    letter(reference="L-2", kind="internal")
    page = client.get(reverse("dashboard:orders"), {"kind": "internal", "state": "received"})
    text = page.content.decode()
    assert "L-2" in text
    assert ">L-1<" not in text
    assert "Kind: Internal directive" in text
    assert (
        "No order fits"
        in client.get(reverse("dashboard:orders"), {"state": "lifted"}).content.decode()
    )


def test_no_query_grows_with_the_list(client, olivia, django_assert_max_num_queries) -> None:
    for number in range(12):
        letter(reference=f"L-{number}")
    with django_assert_max_num_queries(14):
        client.get(reverse("dashboard:orders"))


def test_an_unknown_order_is_a_page_in_words(client, olivia) -> None:
    page = client.get(reverse("dashboard:order", args=["nope"]))
    assert page.status_code == 404
    assert b"There is no order nope" in page.content


@pytest.mark.parametrize(
    "reference", ["A/lift", "A/annex", "A/text", "enter", "new", "A~1/é ~2", "..", "~2x"]
)
def test_an_order_opens_whatever_its_reference_is(client, olivia, reference) -> None:
    letter(reference=reference)
    letter(reference="A")
    page = client.get(reverse("dashboard:order", args=[reference]))
    assert page.status_code == 200
    assert page.context["order"].reference == reference
    lift = client.get(reverse("dashboard:order-lift", args=[reference]))
    assert lift.context["order"].reference == reference
    listed = client.get(reverse("dashboard:orders")).content.decode()
    assert f'href="{reverse("dashboard:order", args=[reference])}"' in listed


def test_an_address_with_the_slashes_typed_opens_the_order(client, olivia) -> None:
    letter(reference="BIS/2026/17")
    page = client.get("/orders/BIS/2026/17")
    assert page.context["order"].reference == "BIS/2026/17"
