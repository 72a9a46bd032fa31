"""The review queue: what opens and closes a case, and what a person can do with one."""

from datetime import timedelta
from typing import Any

import pytest

from accesscontrol import cases, errors
from accesscontrol.models import AuditEvent, Case, Disposition, Match, RedFlag, RestrictedList, User
from tests.worlds import register as world
from tests.worlds.register import (
    AT,
    DAY,
    EMBARGO,
    FOREIGN_USER,
    HOUR,
    HQ_IN_CHINA,
    RED_FLAG,
    SECOND,
    customer,
    publish,
    rule,
    screened,
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


@pytest.fixture
def case(offerings: list[Any]) -> Case:
    """A review of a licensee with an open red flag."""
    publish(rule("R-1", "review", RED_FLAG))
    acme = customer("acme", country="US")
    RedFlag.objects.create(licensee=acme, number=3, note="odd route", opened_at=AT)
    screened()
    return Case.objects.get()


def logged(kind: str) -> int:
    return AuditEvent.objects.filter(kind=kind).count()


# ---------------------------------------------------------------- opening and closing


def test_a_review_opens_one_case_a_rule_whatever_the_offerings(case: Case) -> None:
    assert (case.kind, case.subject, case.state) == ("review", "R-1 v1", "open")
    assert len(case.evidence["offerings"]) == 2
    assert case.due_at > AT


def test_missing_facts_open_a_case_by_name_and_close_it_when_they_come(
    offerings: list[Any],
) -> None:
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "deny", HQ_IN_CHINA))
    acme = customer("acme")
    screened()
    case = Case.objects.get()
    assert case.kind == "undetermined"
    assert case.subject == "licensee.country, licensee.hq_country"
    world.learn(acme, "licensee.country", "US", AT + SECOND)
    screened(AT + SECOND)
    case.refresh_from_db()
    assert (case.subject, case.state) == ("licensee.hq_country", "open")
    world.learn(acme, "licensee.hq_country", "US", AT + HOUR)
    screened(AT + HOUR)
    case.refresh_from_db()
    assert case.state == "closed"
    assert "nothing left to decide" in case.notes.get().text


def test_nobody_is_asked_where_nobody_must_decide(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "license_required", FOREIGN_USER))
    customer("cuba", country="CU")
    customer("acme", country="US")
    screened()
    assert not Case.objects.exists()


def test_nobody_is_asked_about_what_was_never_granted(offerings: list[Any]) -> None:
    publish(rule("R-1", "review", RED_FLAG), rule("R-2", "deny", HQ_IN_CHINA))
    acme = world.licensee("acme", country="US")
    RedFlag.objects.create(licensee=acme, number=3, note="odd route", opened_at=AT)
    screened()
    assert world.standing(acme) == "review"
    assert not Case.objects.exists()


def test_a_missing_fact_of_a_model_is_no_question_about_licensees(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", {"is": ["model.weights_published", True]}))
    acme = customer("acme", country="US")
    screened()
    assert world.standing(acme) == "undetermined"
    assert not Case.objects.exists()


def test_a_possible_match_opens_a_case(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = customer("acme", country="US")
    sdn = RestrictedList.objects.create(code="SDN", name="SDN")
    match = Match.objects.create(
        licensee=acme, restricted_list=sdn, status="possible", list_version=1,
        matcher_version="1", learned_at=AT,
    )  # fmt: skip
    screened()
    case = Case.objects.get()
    assert (case.kind, case.evidence["match"], case.evidence["list"]) == ("match", match.pk, "SDN")
    Match.objects.filter(pk=match.pk).update(superseded_at=AT + HOUR)
    screened(AT + HOUR, licensees=[acme.pk])  # what changes a match names whom it is about
    case.refresh_from_db()
    assert case.state == "closed"


def test_what_was_decided_stays_decided_until_the_standing_changes(
    case: Case, officer: User
) -> None:
    cases.decide(case=case, decision="refuse", by=officer, at=AT, because="stays refused")
    screened(AT + HOUR)
    assert Case.objects.count() == 1
    RedFlag.objects.update(
        confirmed_at=AT + HOUR, confirmed_by=officer, resolved_by=world.person("x")
    )
    screened(AT + 2 * HOUR)
    RedFlag.objects.create(licensee=case.licensee, number=5, note="new", opened_at=AT + 3 * HOUR)
    screened(AT + 3 * HOUR)
    assert Case.objects.filter(state="open").count() == 1


def test_screening_twice_opens_one_case(case: Case) -> None:
    screened(AT + HOUR)
    again = Case.objects.get()
    assert (again.pk, again.version) == (case.pk, 1)


def test_a_confirmed_disposition_ends_the_question(case: Case, officer: User, second: User) -> None:
    proposed = cases.decide(case=case, decision="clear", by=officer, at=AT, because="harmless")
    assert proposed.state == "proposed"
    Disposition.objects.create(
        ref="DSP-1", rule="R-1", version=1, licensee=case.licensee, because="harmless", case=case,
        facts={"licensee.red_flags_open": 1}, valid=(AT, AT + 90 * DAY), recorded_at=AT,
        entered_by=officer, confirmed_by=second, confirmed_at=AT,
    )  # fmt: skip
    cases.confirm(case=case, by=second, at=AT)
    screened(AT + HOUR)
    assert world.standing(case.licensee) == "permit"
    assert Case.objects.get().state == "decided"


# ---------------------------------------------------------------- what a person does


def test_what_loosens_needs_a_second_person(case: Case, officer: User, second: User) -> None:
    cases.decide(case=case, decision="clear", by=officer, at=AT, because="harmless")
    with pytest.raises(cases.CannotDecide, match="second person"):
        cases.confirm(case=case, by=officer, at=AT)
    confirmed = cases.confirm(case=case, by=second, at=AT)
    assert (confirmed.state, confirmed.decided_by) == ("decided", officer)
    assert [logged(f"case.{verb}") for verb in ("proposed", "confirmed")] == [1, 1]
    assert [note.kind for note in case.notes.all()] == ["proposed", "confirmed"]


def test_a_proposal_can_be_sent_back(case: Case, officer: User, second: User) -> None:
    cases.decide(case=case, decision="clear", by=officer, at=AT, because="harmless")
    back = cases.send_back(case=case, by=second, at=AT, because="show me the route")
    assert (back.state, back.decision, back.decided_by) == ("open", "", None)


def test_what_refuses_is_decided_by_one(case: Case, officer: User) -> None:
    decided = cases.decide(case=case, decision="refuse", by=officer, at=AT, because="stays")
    assert decided.state == "decided"
    assert logged("case.decided") == 1
    with pytest.raises(cases.CannotDecide, match="not open"):
        cases.decide(case=case, decision="refuse", by=officer, at=AT, because="again")


def test_a_decision_must_be_one_of_its_kind_and_have_a_reason(case: Case, officer: User) -> None:
    with pytest.raises(cases.CannotDecide, match="clear, refuse"):
        cases.decide(case=case, decision="same", by=officer, at=AT, because="x")
    with pytest.raises(errors.Refused, match="reason"):
        cases.decide(case=case, decision="refuse", by=officer, at=AT, because=" ")
    with pytest.raises(errors.NotAllowed):
        cases.decide(
            case=case, decision="refuse", by=world.person("vera", "viewer"), at=AT, because="x"
        )
    case.refresh_from_db()
    assert (case.state, case.version) == ("open", 1)


def test_a_stale_view_of_a_case_changes_nothing(case: Case, officer: User, second: User) -> None:
    seen = case.version
    cases.assign(case=case, to=second, by=second, at=AT, version=seen)
    with pytest.raises(errors.Stale, match="Read it again"):
        cases.decide(case=case, decision="refuse", by=officer, at=AT, because="x", version=seen)
    case.refresh_from_db()
    assert case.state == "open"


def test_cases_are_taken_and_given_back(case: Case, officer: User) -> None:
    assert cases.next_unassigned(at=AT) == case
    cases.assign(case=case, to=officer, by=officer, at=AT)
    assert cases.next_unassigned(at=AT) is None
    cases.assign(case=case, to=None, by=officer, at=AT)
    assert cases.next_unassigned(at=AT) == case
    with pytest.raises(cases.CannotDecide, match="may not decide"):
        cases.assign(case=case, to=world.person("vera", "viewer"), by=officer, at=AT)


def test_a_snoozed_case_comes_back_by_itself(case: Case, officer: User) -> None:
    cases.snooze(case=case, until=AT + 10 * DAY, by=officer, at=AT, because="papers ordered")
    assert list(cases.queue(at=AT + 9 * DAY)) == []
    assert list(cases.queue(at=AT + 10 * DAY)) == [case]


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_a_snooze_lasts_ninety_days_at_most(case: Case, officer: User, days: int) -> None:
    with pytest.raises(cases.CannotSnooze, match="90 days"):
        cases.snooze(case=case, until=AT + days * DAY, by=officer, at=AT, because="x")


def test_an_escalated_case_is_due_now_and_nobodys(case: Case, officer: User) -> None:
    cases.assign(case=case, to=officer, by=officer, at=AT)
    case = cases.escalate(case=case, by=officer, at=AT + HOUR, because="beyond me")
    assert (case.assignee, case.escalated_at, case.due_at) == (None, AT + HOUR, AT + HOUR)


def test_a_comment_is_kept_and_logged(case: Case, officer: User) -> None:
    cases.comment(case=case, text="Called them.", by=officer, at=AT)
    assert [(note.by, note.text) for note in case.notes.all()] == [(officer, "Called them.")]
    with pytest.raises(errors.Refused, match="empty"):
        cases.comment(case=case, text="  ", by=officer, at=AT)


def test_looking_says_who_else_does_and_locks_nobody_out(
    case: Case, officer: User, second: User
) -> None:
    assert cases.look(case=case, by=officer, at=AT) is None
    assert cases.look(case=case, by=second, at=AT + timedelta(minutes=3)) == (officer, AT)
    assert cases.look(case=case, by=second, at=AT + timedelta(minutes=6)) is None
