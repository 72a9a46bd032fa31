"""What was granted, and how it is held: by a screening, by an officer, and never one for the other."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accesscontrol import entitlements, errors, screening
from accesscontrol.models import AuditEvent, Entitlement, Hold, User
from tests.worlds import register as world
from tests.worlds.register import (
    AT,
    DAY,
    EMBARGO,
    FOREIGN_USER,
    HOUR,
    SECOND,
    licensee,
    publish,
    rule,
    screened,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def offerings() -> list[Any]:
    return world.model()


@pytest.fixture
def officer() -> User:
    return world.person("mina")


@pytest.fixture
def second() -> User:
    return world.person("jonas", "approver")


def open_holds(entitlement: Entitlement) -> list[tuple[str, str]]:
    return list(
        entitlement.holds.filter(released_at=None).order_by("cause").values_list("cause", "outcome")
    )


def logged(kind: str) -> int:
    return AuditEvent.objects.filter(kind=kind).count()


def test_a_screening_holds_and_releases_what_the_standing_says(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme, cuba = licensee("acme", country="US"), licensee("cuba", country="CU")
    mine, theirs = world.grant(acme, offerings[0]), world.grant(cuba, offerings[0])
    screened()
    assert open_holds(mine) == []
    assert open_holds(theirs) == [("screening", "deny")]
    assert theirs.holds.get().because == "Denied by R-1 v1."
    publish(at=AT + HOUR)
    run = screened(AT + HOUR)
    assert open_holds(theirs) == []
    assert theirs.holds.get().released_run == run


def test_per_request_leaves_the_entitlement(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", FOREIGN_USER))
    mine = world.grant(licensee("acme", country="US"), offerings[0])
    screened()
    assert open_holds(mine) == []


def test_a_missing_fact_holds_by_name(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    mine = world.grant(licensee("acme"), offerings[0])
    screened()
    assert open_holds(mine) == [("screening", "undetermined")]
    assert mine.holds.get().because == "Can't decide: not on record is licensee.country."


def test_another_outcome_is_another_hold(offerings: list[Any]) -> None:
    publish(rule("R-1", "review", EMBARGO))
    mine = world.grant(licensee("cuba", country="CU"), offerings[0])
    screened()
    publish(rule("R-1", "deny", EMBARGO), at=AT + HOUR)
    screened(AT + HOUR)
    assert list(mine.holds.order_by("id").values_list("outcome", flat=True)) == ["review", "deny"]
    assert open_holds(mine) == [("screening", "deny")]


def test_screening_twice_places_one_hold(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    mine = world.grant(licensee("cuba", country="CU"), offerings[0])
    screened()
    screened(AT + HOUR)
    assert mine.holds.count() == 1


def test_a_screening_never_releases_an_officers_hold(offerings: list[Any], officer: User) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    mine = world.grant(licensee("acme", country="US"), offerings[0])
    entitlements.hold(entitlement=mine, by=officer, at=AT, because="call from the agency")
    screened()
    assert open_holds(mine) == [("officer", "")]


def test_granting_to_somebody_denied_is_held_at_once(offerings: list[Any], officer: User) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    cuba = licensee("cuba", country="CU")
    screened()
    mine = entitlements.grant(licensee=cuba, offering=offerings[0], by=officer, at=AT + SECOND)
    assert open_holds(mine) == [("screening", "deny")]
    assert logged("entitlement.granted") == 1


def test_a_rule_about_the_entitlement_sees_a_grant_and_a_hold(
    offerings: list[Any], officer: User
) -> None:
    publish(rule("R-1", "review", {"is": ["entitlement.status", "none"]}))
    acme = licensee("acme", country="US")
    screened()
    assert world.standing(acme) == "review"
    entitlements.grant(licensee=acme, offering=offerings[0], by=officer, at=AT + SECOND)
    assert len(screening.due_boundaries(AT + SECOND)) == 1
    work(AT + SECOND)
    assert world.standing(acme) == "permit"
    assert world.standing(acme, 1) == "review"


def test_granting_twice_is_refused_and_after_an_end_it_is_not(
    offerings: list[Any], officer: User
) -> None:
    acme = licensee("acme", country="US")
    mine = entitlements.grant(licensee=acme, offering=offerings[0], by=officer, at=AT)
    with pytest.raises(entitlements.CannotGrant, match="already"):
        entitlements.grant(licensee=acme, offering=offerings[0], by=officer, at=AT)
    entitlements.end(entitlement=mine, by=officer, at=AT + HOUR, because="contract ended")
    again = entitlements.grant(licensee=acme, offering=offerings[0], by=officer, at=AT + DAY)
    assert (again.pk, again.ended_at) == (mine.pk, None)


def test_an_end_takes_the_screenings_hold_with_it(offerings: list[Any], officer: User) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    mine = world.grant(licensee("cuba", country="CU"), offerings[0])
    screened()
    entitlements.end(entitlement=mine, by=officer, at=AT + HOUR, because="contract ended")
    assert open_holds(mine) == []
    with pytest.raises(entitlements.CannotHold):
        entitlements.hold(entitlement=mine, by=officer, at=AT + HOUR, because="x")


def test_many_are_granted_with_one_event(offerings: list[Any]) -> None:
    rows = [licensee(f"l{n}", country="US") for n in range(5)]
    pairs = [(row.pk, offerings[0].pk) for row in rows]
    assert entitlements.grant_many(pairs=pairs, by=None, at=AT) == 5
    assert entitlements.grant_many(pairs=pairs, by=None, at=AT) == 0
    assert logged("entitlement.granted_many") == 1
    assert Entitlement.objects.count() == 5


def test_releasing_an_officers_hold_takes_two_persons(
    offerings: list[Any], officer: User, second: User
) -> None:
    mine = world.grant(licensee("acme", country="US"), offerings[0])
    placed = entitlements.hold(entitlement=mine, by=officer, at=AT, because="call")
    with pytest.raises(entitlements.CannotRelease, match="Nobody has asked"):
        entitlements.release_hold(hold=placed, by=second, at=AT)
    entitlements.ask_release(hold=placed, by=officer, at=AT, because="cleared up")
    with pytest.raises(entitlements.CannotRelease, match="second person"):
        entitlements.release_hold(hold=placed, by=officer, at=AT)
    assert open_holds(mine) == [("officer", "")]
    entitlements.release_hold(hold=placed, by=second, at=AT + HOUR)
    assert open_holds(mine) == []
    assert [logged(f"entitlement.{verb}") for verb in ("held", "release_asked", "released")] == [
        1, 1, 1,
    ]  # fmt: skip


def test_the_database_refuses_one_person_alone(offerings: list[Any], officer: User) -> None:
    mine = world.grant(licensee("acme", country="US"), offerings[0])
    placed = entitlements.hold(entitlement=mine, by=officer, at=AT, because="call")
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.filter(pk=placed.pk).update(
            released_at=AT, release_asked_by=officer, released_by=officer
        )


def test_a_screenings_hold_is_released_by_nobody(offerings: list[Any], officer: User) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    mine = world.grant(licensee("cuba", country="CU"), offerings[0])
    screened()
    with pytest.raises(entitlements.CannotRelease, match="follows the standing"):
        entitlements.ask_release(hold=mine.holds.get(), by=officer, at=AT, because="x")


def test_holding_needs_the_right_and_a_reason(offerings: list[Any], officer: User) -> None:
    mine = world.grant(licensee("acme", country="US"), offerings[0])
    with pytest.raises(errors.NotAllowed):
        entitlements.hold(entitlement=mine, by=world.person("vera", "viewer"), at=AT, because="x")
    with pytest.raises(entitlements.CannotHold, match="reason"):
        entitlements.hold(entitlement=mine, by=officer, at=AT, because=" ")
    entitlements.hold(entitlement=mine, by=officer, at=AT, because="call")
    with pytest.raises(entitlements.CannotHold, match="already"):
        entitlements.hold(entitlement=mine, by=officer, at=AT, because="again")
