"""The one table of paths: what the register holds at an instant, as known at an instant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accesscontrol import facts
from accesscontrol.models import (
    AIModel,
    Attestation,
    Entitlement,
    ExportLicense,
    Fact,
    Hold,
    Licensee,
    Match,
    Offering,
    RedFlag,
    RestrictedList,
    User,
)

AT = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Licensee:
    return Licensee.objects.create(
        ref="acme", name="Acme", normalized_name="acme", created_at=AT, changed_at=AT
    )


@pytest.fixture
def model() -> AIModel:
    return AIModel.objects.create(ref="frontier-5", name="Frontier 5", created_at=AT)


@pytest.fixture
def people() -> tuple[User, User]:
    return (
        User.objects.create_user("mina", password="x", role="officer"),
        User.objects.create_user("jonas", password="x", role="approver"),
    )


def fact(licensee: Licensee, **changes: Any) -> Fact:
    row = {
        "attribute": "licensee.country",
        "value": "US",
        "source": "contract",
        "held": (AT, None),
        "learned_at": AT,
    }
    return Fact.objects.create(licensee=licensee, **{**row, **changes})


def about(
    licensee: Licensee, at: datetime = AT, known_at: datetime | None = None
) -> dict[str, Any]:
    found = facts.about_licensees([licensee.pk], at=at, known_at=known_at)
    return found[licensee.pk].facts


def test_what_the_register_does_not_hold_is_absent(acme: Licensee) -> None:
    assert about(acme) == {"licensee.id": "acme", "licensee.red_flags_open": 0}


def test_a_fact_holds_in_its_period_only(acme: Licensee) -> None:
    fact(acme, held=(AT, AT + DAY))
    assert about(acme)["licensee.country"] == "US"
    assert "licensee.country" not in about(acme, at=AT + DAY)


def test_known_then_and_known_now_are_both_answerable(acme: Licensee) -> None:
    fact(acme, held=(AT, None), learned_at=AT + DAY)
    assert "licensee.country" not in about(acme, at=AT)
    assert about(acme, at=AT, known_at=AT + DAY)["licensee.country"] == "US"


def test_a_superseded_fact_is_gone_from_then_on(acme: Licensee) -> None:
    fact(acme, superseded_at=AT + DAY)
    fact(acme, value="CN", learned_at=AT + DAY)
    assert about(acme)["licensee.country"] == "US"
    assert about(acme, at=AT + DAY)["licensee.country"] == "CN"


def test_a_fact_that_waits_for_a_second_person_is_absent(acme: Licensee) -> None:
    fact(acme, waits=True)
    assert "licensee.country" not in about(acme)


def test_a_withdrawn_fact_is_absent_not_null(acme: Licensee) -> None:
    fact(acme, value=None)
    assert "licensee.country" not in about(acme)


def test_an_attestation_counts_only_when_confirmed(
    acme: Licensee, people: tuple[User, User]
) -> None:
    row = Attestation.objects.create(
        licensee=acme,
        attribute="user.us_person",
        value=True,
        evidence="letter",
        valid=(AT, AT + DAY),
        recorded_at=AT,
        entered_by=people[0],
    )
    assert "user.us_person" not in about(acme)
    row.confirmed_by, row.confirmed_at = people[1], AT
    row.save()
    assert about(acme)["user.us_person"] is True
    assert "user.us_person" not in about(acme, at=AT + DAY)


def test_the_strictest_match_is_the_list_status(acme: Licensee) -> None:
    sdn = RestrictedList.objects.create(code="SDN", name="Specially Designated Nationals")
    row = {"licensee": acme, "restricted_list": sdn, "list_version": 1, "matcher_version": "1"}
    Match.objects.create(**row, status="clear", learned_at=AT)
    assert about(acme)["licensee.list_status.SDN"] == "clear"
    Match.objects.filter().update(superseded_at=AT + DAY)
    assert "licensee.list_status.SDN" not in about(acme, at=AT + DAY)
    Match.objects.create(**row, status="possible", learned_at=AT + DAY)
    assert about(acme, at=AT + DAY)["licensee.list_status.SDN"] == "possible"


def test_a_red_flag_is_open_until_a_second_person_confirms(
    acme: Licensee, people: tuple[User, User]
) -> None:
    flag = RedFlag.objects.create(licensee=acme, number=29, note="Owner unknown", opened_at=AT)
    flag.resolved_by, flag.resolved_at, flag.resolution = people[0], AT, "Register extract"
    flag.save()
    assert about(acme)["licensee.red_flags_open"] == 1
    flag.confirmed_by, flag.confirmed_at = people[1], AT
    flag.save()
    assert about(acme)["licensee.red_flags_open"] == 0


def test_a_question_about_an_unknown_licensee_or_model_leaves_their_facts_absent() -> None:
    asked = facts.question(licensee="nobody", model="nothing", activity="use_api", at=AT)
    assert asked.facts == {"request.activity": "use_api", "entitlement.status": "none"}


def test_only_an_officers_hold_makes_the_entitlement_held(
    acme: Licensee, model: AIModel, people: tuple[User, User]
) -> None:
    offering = Offering.objects.create(model=model, activity="use_api", position=0)
    entitlement = Entitlement.objects.create(licensee=acme, offering=offering, granted_at=AT)

    def status() -> str:
        asked = facts.question(licensee="acme", model="frontier-5", activity="use_api", at=AT)
        return asked.entitlement

    assert status() == "active"
    hold = {"entitlement": entitlement, "because": "Denied", "placed_at": AT}
    Hold.objects.create(**hold, cause="screening", outcome="deny")
    assert status() == "active"
    Hold.objects.create(**hold, cause="officer", placed_by=people[0])
    assert status() == "held"


def test_a_license_counts_when_confirmed_and_tells_what_is_left(
    acme: Licensee, people: tuple[User, User]
) -> None:
    row = ExportLicense.objects.create(
        number="D123",
        licensees=["acme"],
        valid=(AT, AT + DAY),
        recorded_at=AT,
        entered_by=people[0],
        quantity=3,
    )
    assert facts.about_licensees([acme.pk], at=AT)[acme.pk].licenses == []
    row.confirmed_by, row.confirmed_at = people[1], AT
    row.save()
    row.uses.create(decision_id="d", used_at=AT)
    (license_,) = facts.about_licensees([acme.pk], at=AT)[acme.pk].licenses
    assert license_["remaining"] == 2
    assert license_["valid_from"] == "2026-06-12T21:21:00Z"
