"""Orders and rules: each verb, what it refuses, and what stands afterwards."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accesscontrol import decisions, orders, policy, releases
from accesscontrol.errors import NotAllowed, Refused, Stale
from accesscontrol.models import (
    AuditEvent,
    NamedList,
    Order,
    Release,
    Rule,
    RuleVersion,
    ScreeningRun,
    Term,
    User,
)
from tests.worlds import ground
from tests.worlds.officers import submit

pytestmark = pytest.mark.django_db

# Later than any clock that runs this, so that scheduled terms are in the database's future too.
NOW = datetime(2040, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHEN = {"is": ["model.id", "frontier-5"]}


def content(**more: Any) -> dict[str, Any]:
    return {
        "title": "No use of Frontier 5",
        "citation": "15 CFR 744.22(b)",
        "effect": "deny",
        "when": WHEN,
        "effective_from": "2040-05-01T11:00:00Z",
        **more,
    }


class World:
    """An order and the people around it."""

    def __init__(self) -> None:
        ground.lay()
        self.olivia, self.omar = (ground.person(n, "officer") for n in ("olivia", "omar"))
        self.priya, self.peter = (ground.person(n, "approver") for n in ("priya", "peter"))
        self.vera, self.adam = ground.person("vera", "viewer"), ground.person("adam", "admin")
        self.order = Order.objects.get(reference="LETTER-1")

    def draft(self, ref: str = "R-NEW", *, at: datetime = NOW, **more: Any) -> RuleVersion:
        return orders.draft(
            ref=ref, order=self.order, content=content(**more), by=self.olivia, at=at,
            because="The letter says so.",
        )  # fmt: skip

    def approved(self, ref: str = "R-NEW", *, at: datetime = NOW, **more: Any) -> RuleVersion:
        version = self.draft(ref, at=at, **more)
        submit(version=version, by=self.olivia, at=at, because="Ready.")
        return orders.approve(version=version, by=self.priya, at=at)

    def publish(self, ref: str = "R-NEW", *, at: datetime = NOW, **more: Any) -> Release:
        version = self.approved(ref, at=at, **more)
        return orders.publish(version=version, by=self.olivia, at=at, because="In force.")


@pytest.fixture
def world() -> World:
    return World()


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def in_release(release: Release, ref: str) -> list[dict[str, Any]]:
    return [rule for rule in json.loads(release.canonical)["rules"] if rule["ref"] == ref]


# ---------------------------------------------------------------- orders


def enter(world: World, **more: Any) -> Order:
    given: dict[str, Any] = {
        "reference": "BIS-2040-1", "kind": "is_informed_letter", "authority": "BIS",
        "citation": "15 CFR 744.22(b)", "subject": "Two models", "received_at": NOW - MINUTE,
        "effective_at": NOW, **more,
    }  # fmt: skip
    by = given.pop("by", world.olivia)
    return orders.enter(instrument=orders.Instrument(**given), by=by, at=NOW)


def test_an_order_is_entered_with_its_clock_and_acknowledged_once(world: World) -> None:
    order = enter(world, confidential=True, text="The text.", source_sha256="A" * 64)
    assert (order.received_at, order.source_sha256) == (NOW - MINUTE, "a" * 64)
    orders.acknowledge(order=order, by=world.priya, at=NOW)
    with pytest.raises(orders.CannotEnter, match="acknowledged by"):
        orders.acknowledge(order=order, by=world.priya, at=NOW)
    assert kinds()[-2:] == ["order.entered", "order.acknowledged"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"reference": " "}, "/reference"),
        ({"reference": "LETTER-1"}, "/reference"),
        ({"reference": "x" * 101}, "/reference"),
        ({"authority": ""}, "/authority"),
        ({"subject": "a\x00b"}, "/subject"),
        ({"text": "\x00"}, "/text"),
        ({"kind": "rumor"}, "/kind"),
        ({"zone": "Washington"}, "/zone"),
        ({"source_sha256": "abc"}, "/source_sha256"),
        ({"received_at": NOW + MINUTE}, "/received_at"),
        ({"expires_at": NOW - MINUTE}, "/expires_at"),
    ],
)
def test_an_incomplete_order_is_refused_with_the_field_at_fault(
    world: World, wrong: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(orders.CannotEnter) as refusal:
        enter(world, **wrong)
    assert refusal.value.pointer == pointer
    assert not Order.objects.filter(reference="BIS-2040-1").exists()


def test_the_text_of_a_confidential_order_is_read_by_right_and_the_reading_is_logged(
    world: World,
) -> None:
    order = enter(world, confidential=True, text="The text.")
    with pytest.raises(NotAllowed):
        orders.read_text(order=order, by=world.vera, at=NOW)
    assert orders.read_text(order=order, by=world.priya, at=NOW) == "The text."
    assert kinds()[-1] == "order.text_read"


def test_roles_without_the_right_change_nothing(world: World) -> None:
    for person in (world.vera, world.adam):
        with pytest.raises(NotAllowed):
            enter(world, by=person)
        with pytest.raises(NotAllowed):
            orders.draft(ref="R-X", order=world.order, content=content(), by=person, at=NOW,
                         because="No.")  # fmt: skip
    version = world.draft()
    submit(version=version, by=world.olivia, at=NOW, because="Ready.")
    for person in (world.vera, world.adam, world.omar):
        with pytest.raises(NotAllowed):
            orders.approve(version=version, by=person, at=NOW)


# ---------------------------------------------------------------- a release is read once


def test_a_preview_and_a_publication_each_read_one_release(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read a release of the demo takes tens of thousands of calls; it is handed on instead."""
    read: list[policy.Release] = []

    def noting(document: object) -> policy.Release:
        read.append(parse_release(document))
        return read[-1]

    parse_release = policy.parse_release
    version = world.approved()
    draft = world.draft("R-OTHER")
    releases.current()
    monkeypatch.setattr(policy, "parse_release", noting)
    orders.preview_now(version=draft, by=world.olivia, at=NOW)
    assert len(read) == 1
    orders.publish(version=version, by=world.olivia, at=NOW, because="In force.")
    assert len(read) == 2
    assert releases.current().policy is read[-1]


# ---------------------------------------------------------------- drafts


def test_a_draft_is_content_with_its_digest_and_nothing_is_in_force(world: World) -> None:
    before = Release.objects.count()
    version = world.draft()
    assert (version.version, version.state, version.effect) == (1, "draft", "deny")
    assert version.content["order"] == "LETTER-1"
    assert version.content["unless"] == []
    assert len(version.digest) == 64
    assert Release.objects.count() == before


@pytest.mark.parametrize(
    ("wrong", "code", "pointer", "says"),
    [
        ({"when": {"is": ["licensee.hq_contry", "CN"]}}, "unknown_attribute", "/when",
         "licensee.hq_country"),
        ({"when": {"all": [WHEN, {"is": ["licensee.country", "UK"]}]}}, "bad_value",
         "/when/all/1", ""),
        ({"when": {"is": ["request.activity", "use_apis"]}}, "bad_value", "/when", ""),
        ({"when": {"equals": ["model.id", "x"]}}, "unknown_operator", "/when", ""),
        ({"when": {"at_least": ["licensee.country", 5]}}, "wrong_operator", "/when", ""),
        ({"when": {"in_group": ["licensee.country", "D:6"]}}, "unknown_group", "", "D:5"),
        ({"effect": "permit"}, "bad_value", "/effect", ""),
        ({"effective_from": "yesterday"}, "bad_value", "/effective_from", ""),
        ({"effective_until": "2039-01-01T00:00:00Z"}, "bad_period", "", ""),
        ({"surprise": 1}, "bad_shape", "", "surprise"),
        ({"title": 7}, "bad_value", "/title", ""),
        ({"when": [1.5]}, None, "", ""),
        ({"title": "NUL \x00"}, None, "", ""),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_pointer_code_and_the_nearest_name(
    world: World, wrong: dict[str, Any], code: str | None, pointer: str, says: str
) -> None:
    with pytest.raises(orders.CannotEdit) as refusal:
        world.draft(**wrong)
    if code:
        assert refusal.value.code == code
    assert refusal.value.pointer.startswith(pointer)
    assert says in refusal.value.message
    assert not Rule.objects.filter(ref="R-NEW").exists()


def test_one_draft_at_a_time_and_a_rule_stays_with_its_order(world: World) -> None:
    world.draft()
    with pytest.raises(orders.CannotEdit, match="open already"):
        world.draft()
    with pytest.raises(orders.CannotEdit, match="needs the order"):
        orders.draft(ref="R-2", content=content(), by=world.olivia, at=NOW, because="Why not.")
    with pytest.raises(orders.CannotEdit, match="belongs to SECRET-1"):
        world.draft("R-USER")
    with pytest.raises(orders.CannotEdit, match="Say why"):
        orders.draft(ref="R-3", order=world.order, content=content(), by=world.olivia, at=NOW,
                     because=" ")  # fmt: skip


def test_an_edit_is_remembered_and_a_stale_one_refused(world: World) -> None:
    version = world.draft()
    seen = version.edited_at
    orders.edit(version=version, content=content(title="Another"), by=world.omar,
                at=NOW + MINUTE, seen_at=seen)  # fmt: skip
    version.refresh_from_db()
    assert version.title == "Another"
    assert set(orders.editors(version)) == {world.olivia.pk, world.omar.pk}
    with pytest.raises(Stale, match="Load it again"):
        orders.edit(version=version, content=content(), by=world.olivia, at=NOW, seen_at=seen)


def test_test_cases_run_at_every_save_and_a_failing_one_blocks(world: World) -> None:
    version = world.draft()
    facts = {"licensee.id": "acme", "model.id": "frontier-5", "request.activity": "use_api"}
    orders.add_test_case(rule=version.rule, name="refused", facts=facts, holds_at=NOW,
                         outcome="deny", by=world.olivia, at=NOW)  # fmt: skip
    assert [r.passed for r in orders.run_test_cases(version, at=NOW)] == [True]
    results = orders.edit(version=version, content=content(effect="review"), by=world.olivia,
                          at=NOW)  # fmt: skip
    assert [(r.passed, r.outcome) for r in results] == [(False, "review")]
    with pytest.raises(orders.CannotSubmit, match=r"“refused” expects deny and gets review"):
        submit(version=version, by=world.olivia, at=NOW, because="Ready.")


def test_a_failing_test_case_blocks_publication_too(world: World) -> None:
    version = world.approved()
    facts = {"licensee.id": "acme", "model.id": "mini-1", "request.activity": "use_api"}
    case = orders.add_test_case(rule=version.rule, name="mini", facts=facts, holds_at=NOW,
                                outcome="deny", by=world.olivia, at=NOW)  # fmt: skip
    with pytest.raises(orders.CannotPublish, match="mini") as refusal:
        orders.publish(version=version, by=world.olivia, at=NOW)
    assert refusal.value.code == "test_case_fails"
    orders.remove_test_case(case=case, by=world.olivia, at=NOW, because="It was wrong.")
    orders.publish(version=version, by=world.olivia, at=NOW)


def test_a_case_of_the_time_before_is_judged_by_the_version_of_that_time(world: World) -> None:
    world.publish(effective_from="2040-05-01T12:00:00Z")
    facts = {"licensee.id": "acme", "model.id": "frontier-5", "request.activity": "use_api"}
    rule = Rule.objects.get(ref="R-NEW")
    for holds_at, outcome in ((NOW, "deny"), (NOW + 3 * MINUTE, "review")):
        orders.add_test_case(rule=rule, name=outcome, facts=facts, holds_at=holds_at,
                             outcome=outcome, by=world.olivia, at=NOW)  # fmt: skip
    version = world.draft(at=NOW + MINUTE, effect="review", effective_from="2040-05-01T12:02:00Z")
    assert all(r.passed for r in orders.run_test_cases(version, at=NOW + MINUTE))


# ---------------------------------------------------------------- four eyes


def test_nobody_who_edited_since_the_last_published_version_approves(world: World) -> None:
    version = orders.draft(ref="R-NEW", order=world.order, content=content(), by=world.priya,
                           at=NOW, because="An approver writes.")  # fmt: skip
    submit(version=version, by=world.olivia, at=NOW, because="Ready.")
    with pytest.raises(orders.CannotApprove, match="You edited R-NEW at 2040-05-01 12:00 UTC"):
        orders.approve(version=version, by=world.priya, at=NOW)
    orders.reject(version=version, by=world.peter, at=NOW, because="Too wide.")
    again = orders.duplicate(version=version, by=world.olivia, at=NOW, because="Second try.")
    submit(version=again, by=world.olivia, at=NOW, because="Ready.")
    with pytest.raises(orders.CannotApprove):
        orders.approve(version=again, by=world.priya, at=NOW)
    orders.approve(version=again, by=world.peter, at=NOW)


def test_the_database_refuses_an_author_too(world: World) -> None:
    version = world.draft()
    with pytest.raises(DatabaseError, match="nobody approves"), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk).update(
            state="approved", approved_by=world.olivia, approved_at=NOW
        )


def test_changes_are_requested_comments_decide_nothing_and_a_draft_is_withdrawn(
    world: World,
) -> None:
    version = world.draft()
    with pytest.raises(orders.CannotApprove, match="does not wait"):
        orders.approve(version=version, by=world.priya, at=NOW)
    submit(version=version, by=world.olivia, at=NOW, because="Ready.")
    orders.comment(version=version, text="Is that all?", by=world.peter, at=NOW)
    with pytest.raises(orders.CannotEdit, match="waits for somebody else"):
        orders.edit(version=version, content=content(), by=world.olivia, at=NOW)
    back = orders.request_changes(version=version, by=world.peter, at=NOW, because="Narrower.")
    assert back.state == "draft"
    orders.withdraw(version=version, by=world.olivia, at=NOW, because="Given up.")
    with pytest.raises(orders.CannotEdit, match="nothing is left"):
        orders.withdraw(version=version, by=world.olivia, at=NOW, because="Again.")
    said = list(version.comments.values_list("kind", flat=True))
    assert said == ["comment", "changes_requested", "withdrawn"]


# ---------------------------------------------------------------- publishing


def test_publishing_makes_release_record_and_screening_in_one(world: World) -> None:
    before = releases.current().number
    release = world.publish()
    assert release.number == before + 1
    assert releases.current().number == release.number
    assert kinds()[-2:] == ["release.published", "rule.published"]
    run = ScreeningRun.objects.get(release=release)
    assert (run.cause, run.state) == ("rule", "queued")
    asked = decisions.Asked(licensee="acme", model="frontier-5", activity="use_api")
    assert decisions.decide(asked=asked, by=world.olivia, at=NOW).outcome == "deny"


@pytest.mark.parametrize("state", ["draft", "submitted"])
def test_what_is_not_approved_is_not_published(world: World, state: str) -> None:
    version = world.draft()
    if state == "submitted":
        submit(version=version, by=world.olivia, at=NOW, because="Ready.")
    with pytest.raises(orders.CannotPublish, match="Only an approved version"):
        orders.publish(version=version, by=world.olivia, at=NOW)
    assert not Term.objects.filter(rule__ref="R-NEW").exists()


def test_published_twice_is_refused(world: World) -> None:
    world.publish()
    version = RuleVersion.objects.get(rule__ref="R-NEW")
    with pytest.raises(orders.CannotPublish, match="is published"):
        orders.publish(version=version, by=world.olivia, at=NOW)


def test_a_version_overtaken_by_an_emergency_is_stale(world: World) -> None:
    version = world.approved()
    orders.emergency_deny(ref="R-NEW", content=content(), by=world.omar, at=NOW, because="Now.")
    with pytest.raises(orders.CannotPublish, match="out of date") as refusal:
        orders.publish(version=version, by=world.olivia, at=NOW + MINUTE)
    assert refusal.value.code == "stale"


def test_a_backdated_rule_takes_effect_at_publication(world: World) -> None:
    version = world.approved(effective_from="2040-04-01T00:00:00Z")
    assert "takes effect at publication" in orders.plan(version, NOW).in_words()
    release = orders.publish(version=version, by=world.olivia, at=NOW)
    (rule,) = in_release(release, "R-NEW")
    assert rule["effective_from"] == "2040-05-01T12:00:00Z"
    event = json.loads(AuditEvent.objects.latest("id").payload)
    assert event["details"]["backdated"] is True


def test_a_scheduled_rule_bites_at_its_minute(world: World) -> None:
    world.publish(effective_from="2040-05-01T13:00:00Z")
    asked = decisions.Asked(licensee="acme", model="frontier-5", activity="use_api")
    before = decisions.decide(asked=asked, by=world.olivia, at=NOW + 59 * MINUTE)
    after = decisions.decide(asked=asked, by=world.olivia, at=NOW + 60 * MINUTE)
    assert (before.outcome, after.outcome) == ("undetermined", "deny")  # R-USER asks who


def test_a_successor_ends_the_old_term_where_the_new_one_starts(world: World) -> None:
    world.publish()
    at = NOW + 10 * MINUTE
    release = world.publish(at=at, effect="review", effective_from="2040-05-01T13:00:00Z")
    old, new = Term.objects.filter(rule__ref="R-NEW").order_by("period")
    assert old.period.upper == new.period.lower == NOW + 60 * MINUTE
    assert [rule["version"] for rule in in_release(release, "R-NEW")] == [1, 2]


def test_two_publications_within_a_second_leave_no_term_empty(world: World) -> None:
    world.publish()
    world.publish(effect="review")
    old, new = Term.objects.filter(rule__ref="R-NEW").order_by("period")
    assert old.period.upper == new.period.lower == NOW + timedelta(seconds=1)


def test_a_scheduled_version_gives_way_to_one_that_begins_earlier(world: World) -> None:
    world.publish(effective_from="2041-01-01T00:00:00Z")
    release = world.publish(at=NOW + MINUTE, effect="review")
    assert [rule["version"] for rule in in_release(release, "R-NEW")] == [2]
    assert Term.objects.get(rule_version__version=1, rule__ref="R-NEW").withdrawn
    event = json.loads(AuditEvent.objects.filter(kind="rule.published").latest("id").payload)
    assert event["details"]["withdrawn"] == [1]


def test_a_rule_whose_period_has_passed_is_not_published(world: World) -> None:
    version = world.approved(effective_until="2040-05-01T12:30:00Z")
    with pytest.raises(orders.CannotPublish, match="Choose a later end"):
        orders.publish(version=version, by=world.olivia, at=NOW + 60 * MINUTE)


def test_the_database_refuses_overlapping_terms_and_edits_of_published_versions(
    world: World,
) -> None:
    world.publish()
    term = Term.objects.get(rule__ref="R-NEW")
    version = term.rule_version
    other = world.draft(at=NOW + MINUTE)
    with pytest.raises(IntegrityError, match="term_no_overlap"), transaction.atomic():
        Term.objects.create(rule=term.rule, rule_version=other, period=(NOW, None))
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk).update(title="Softer")
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk)._raw_delete("default")


def test_a_release_that_would_not_be_sound_is_never_published(world: World) -> None:
    version = world.approved()
    NamedList.objects.create(code="annex:x", title="x", created_at=NOW)
    loose = world.draft("R-LIST", when={"in_list": ["licensee.id", "annex:x"]})
    submit(version=loose, by=world.olivia, at=NOW, because="Ready.")
    orders.approve(version=loose, by=world.priya, at=NOW)
    NamedList.objects.all().delete()
    before = releases.current().number
    with pytest.raises(orders.CannotPublish) as refusal:
        orders.publish(version=loose, by=world.olivia, at=NOW)
    assert refusal.value.code == "unknown_list"
    assert releases.current().number == before
    loose.refresh_from_db()
    assert loose.state == "approved"
    orders.publish(version=version, by=world.olivia, at=NOW)


def test_rollback_is_a_new_draft_of_an_old_version_through_the_gate(world: World) -> None:
    world.publish()
    world.publish(at=NOW + MINUTE, effect="review")
    first = RuleVersion.objects.get(rule__ref="R-NEW", version=1)
    back = orders.duplicate(version=first, by=world.olivia, at=NOW + 2 * MINUTE, because="Back.")
    assert (back.version, back.effect, back.based_on) == (3, "deny", first)
    other = orders.duplicate(version=first, ref="R-COPY", by=world.olivia, at=NOW, because="Too.")
    assert (other.rule.ref, other.version) == ("R-COPY", 1)


# ---------------------------------------------------------------- emergencies, ends


def test_an_emergency_denies_at_once_and_a_second_person_confirms(world: World) -> None:
    orders.emergency_deny(ref="R-NOW", order=world.order, content=content(), by=world.priya,
                          at=NOW, because="Leaked weights.")  # fmt: skip
    version = RuleVersion.objects.get(rule__ref="R-NOW")
    assert orders.in_force(version.rule, NOW) == version
    assert list(orders.emergencies_to_confirm()) == [version]
    with pytest.raises(orders.CannotApprove, match="You edited"):
        orders.confirm_emergency(version=version, by=world.priya, at=NOW)
    orders.confirm_emergency(version=version, by=world.peter, at=NOW + MINUTE)
    assert not orders.emergencies_to_confirm().exists()
    with pytest.raises(orders.CannotConfirm):
        orders.confirm_emergency(version=version, by=world.peter, at=NOW)


def test_an_emergency_only_denies(world: World) -> None:
    with pytest.raises(orders.CannotPublish, match="only deny"):
        orders.emergency_deny(ref="R-NOW", order=world.order, content=content(effect="review"),
                              by=world.omar, at=NOW, because="Now.")  # fmt: skip


def test_an_unconfirmed_emergency_raises_one_alarm_and_stays_denied(world: World) -> None:
    orders.emergency_deny(ref="R-NOW", order=world.order, content=content(), by=world.omar,
                          at=NOW, because="Now.")  # fmt: skip
    day = timedelta(hours=24)
    assert orders.alarm_overdue_emergencies(at=NOW + day - MINUTE) == []
    for later in (day, day + MINUTE):
        overdue = orders.alarm_overdue_emergencies(at=NOW + later)
        assert [version.rule.ref for version in overdue] == ["R-NOW"]
    assert kinds().count("rule.emergency_overdue") == 1
    assert orders.in_force(overdue[0].rule, NOW + day) == overdue[0]


def test_a_rule_is_retired_by_two_persons(world: World) -> None:
    world.publish()
    rule = Rule.objects.get(ref="R-NEW")
    at = NOW + MINUTE
    version = orders.retire(rule=rule, by=world.priya, at=at, because="No longer needed.")
    with pytest.raises(orders.CannotApprove, match="You edited"):
        orders.approve(version=version, by=world.priya, at=at)
    assert orders.in_force(rule, at) is not None
    orders.approve(version=version, by=world.peter, at=at)
    release = orders.publish(version=version, by=world.olivia, at=at)
    assert in_release(release, "R-NEW") == []
    assert kinds()[-1] == "rule.retired"
    with pytest.raises(orders.CannotRetire, match="not in force"):
        orders.retire(rule=rule, by=world.olivia, at=at, because="Again.")


def test_a_rule_can_end_later(world: World) -> None:
    world.publish()
    rule = Rule.objects.get(ref="R-NEW")
    end = NOW + 60 * MINUTE
    version = orders.retire(rule=rule, by=world.olivia, at=NOW, because="Soon.", ends_at=end)
    orders.approve(version=version, by=world.peter, at=NOW)
    release = orders.publish(version=version, by=world.olivia, at=NOW + MINUTE)
    (kept,) = in_release(release, "R-NEW")
    assert kept["effective_until"] == "2040-05-01T13:00:00Z"


# ---------------------------------------------------------------- annex, lift


def annexed(world: World, *parties: str) -> NamedList:
    notice = orders.Notice(reference="LETTER-1-A", received_at=NOW, effective_at=NOW - MINUTE)
    return orders.annex(
        order=world.order, notice=notice, parties=parties, by=world.priya, at=NOW,
        because="Trusted partners.",
    )  # fmt: skip


def test_an_annex_counts_when_a_second_person_confirms_it(world: World) -> None:
    named = annexed(world, "acme")
    with pytest.raises(orders.CannotConfirm, match="Somebody else"):
        orders.confirm_annex(named_list=named, by=world.priya, at=NOW)
    assert releases.build(number=1, at=NOW)["lists"] == {"annex:LETTER-1-A": []}
    release = orders.confirm_annex(named_list=named, by=world.peter, at=NOW + MINUTE)
    entries = json.loads(release.canonical)["lists"]["annex:LETTER-1-A"]
    assert entries == [{"value": "acme", "from": "2040-05-01T12:01:00Z", "until": None}]
    assert ScreeningRun.objects.filter(release=release, cause="annex").exists()
    with pytest.raises(orders.CannotConfirm, match="No entry"):
        orders.confirm_annex(named_list=named, by=world.peter, at=NOW)
    with pytest.raises(orders.CannotEnter, match="already"):
        annexed(world, "acme")


def test_a_mistyped_party_is_refused_with_the_nearest(world: World) -> None:
    with pytest.raises(orders.CannotEnter, match=r"acmee \(nearest: acme\)"):
        annexed(world, "acme", "acmee")
    with pytest.raises(orders.CannotEnter, match="at least one"):
        annexed(world, " ")


def test_a_party_is_struck_from_an_annex_by_one_person(world: World) -> None:
    named = annexed(world, "acme", "murk")
    orders.confirm_annex(named_list=named, by=world.peter, at=NOW)
    at = NOW + MINUTE
    release = orders.strike_from_annex(named_list=named, parties=["acme"], by=world.omar, at=at,
                                       because="No longer trusted.")  # fmt: skip
    entries = {e["value"]: e["until"] for e in json.loads(release.canonical)["lists"][named.code]}
    assert entries == {"acme": "2040-05-01T12:01:00Z", "murk": None}
    with pytest.raises(orders.CannotEnter, match="Not on"):
        orders.strike_from_annex(named_list=named, parties=["acme"], by=world.omar, at=at,
                                 because="Again.")  # fmt: skip


def lifted(world: World, by: User) -> None:
    notice = orders.Notice(reference="LETTER-1-L", received_at=NOW, effective_at=NOW)
    orders.lift(order=world.order, notice=notice, by=by, at=NOW, because="Lifted by its authority.")


def test_a_lift_ends_the_terms_of_its_rules_and_only_of_those(world: World) -> None:
    world.publish()
    lifted(world, world.priya)
    with pytest.raises(orders.CannotEnter, match="entered already"):
        lifted(world, world.olivia)
    with pytest.raises(orders.CannotConfirm, match="Somebody else"):
        orders.confirm_lift(order=world.order, by=world.priya, at=NOW)
    release = orders.confirm_lift(order=world.order, by=world.peter, at=NOW + MINUTE)
    refs = {rule["ref"] for rule in json.loads(release.canonical)["rules"]}
    assert refs == {"R-USER"}  # the one of the other order
    world.order.refresh_from_db()
    assert world.order.lifted_at == NOW + MINUTE
    again = world.approved("R-AFTER")
    with pytest.raises(orders.CannotPublish, match="was lifted at 2040-05-01 12:01 UTC"):
        orders.publish(version=again, by=world.olivia, at=NOW + 2 * MINUTE)
    with pytest.raises(orders.CannotConfirm, match="No lift"):
        orders.confirm_lift(order=world.order, by=world.peter, at=NOW)
    assert "order.lifted" in kinds()


def test_an_amendment_is_recorded(world: World) -> None:
    notice = orders.Notice(reference="LETTER-1-B", received_at=NOW, effective_at=NOW)
    early = orders.Notice(reference="B", received_at=NOW + MINUTE, effective_at=NOW)
    who = {"by": world.olivia, "at": NOW}
    orders.amend(order=world.order, notice=notice, because="A change of scope.", **who)
    with pytest.raises(orders.CannotEnter, match="received in the future"):
        orders.amend(order=world.order, notice=early, because="Too early.", **who)
    steps = [step.label for step in orders.timeline(world.order).amendments]
    assert steps == ["LETTER-1-B (amendment)"]


# ---------------------------------------------------------------- the clock


def test_the_clock_of_an_order_runs_from_receipt_to_the_last_standing(world: World) -> None:
    world.order = enter(world)
    assert orders.timeline(world.order).time_to_enforce is None
    world.publish(at=NOW + 10 * MINUTE)
    asked = decisions.Asked(licensee="acme", model="frontier-5", activity="use_api")
    decisions.decide(asked=asked, by=world.olivia, at=NOW + 11 * MINUTE)
    from tests.worlds.cast import screen

    screen(NOW + 12 * MINUTE)
    clock = orders.timeline(world.order)
    assert clock.time_to_enforce == 11 * MINUTE
    assert clock.at("first_refusal") == NOW + 11 * MINUTE
    assert clock.time_to_last_standing == 13 * MINUTE


def test_every_refusal_is_one_of_this_product() -> None:
    for name in orders.__all__:
        if name.startswith("Cannot"):
            assert issubclass(getattr(orders, name), Refused)
