"""What this product promises (docs/architecture.md, The promises): a test each that tries to break it.

They run on the demo's cast under the starter policy, which is what a fresh installation holds.
"""

import inspect
import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accesscontrol import access, decisions, entitlements, errors, orders, registry, screening
from accesscontrol.models import (
    Attestation,
    AuditEvent,
    Decision,
    Fact,
    Match,
    Offering,
    Order,
    Release,
    RuleVersion,
)
from tests.journeys.story import letter_rule
from tests.worlds import cast as cast_module
from tests.worlds import register as small
from tests.worlds.cast import Cast
from tests.worlds.officers import submit

AT = datetime(2026, 6, 13, tzinfo=UTC)
LATER = timedelta(minutes=1)
QUESTION = {"request_location_country": "US", "request_end_use": "commercial"}


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The named cast, loaded once for this module and rolled back after it."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # as in a TestCase: what a test commits is a savepoint
        whole.__enter__()
        try:
            yield cast_module.load()
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture
def cast(loaded: Cast, db: None) -> Cast:
    """The cast as loaded; what a test changes is undone after it."""
    return loaded


# ---------------------------------------------------------------- a missing fact never permits


def test_a_missing_fact_never_permits(cast: Cast) -> None:
    """The law: 'proceeding without knowing' is not a permission (Supp. 3 to part 732)."""
    permitted = [(cast.meridian, {}), (cast.cascade, QUESTION), (cast.silent, QUESTION)]
    for licensee, stated in permitted:
        assert cast.ask(licensee, AT, **stated).outcome == "permit"
        for fact in Fact.objects.filter(licensee=licensee, superseded_at=None):
            with undone():
                Fact.objects.filter(pk=fact.pk).update(superseded_at=AT)
                without = cast.ask(licensee, AT, **stated)
                was_needed = fact.attribute in named_as_missing(without)
                assert was_needed == (without.outcome == "undetermined"), fact.attribute
    for attribute in ("hq_country", "ultimate_parent_country", "captured_by_ownership.ofac"):
        with undone():
            Fact.objects.filter(licensee=cast.meridian, attribute=f"licensee.{attribute}").update(
                superseded_at=AT
            )
            refused = cast.ask(cast.meridian, AT)
            assert refused.outcome == "undetermined"
            assert f"licensee.{attribute}" in named_as_missing(refused)


def test_what_nobody_attested_or_stated_never_permits(cast: Cast) -> None:
    for attestation in Attestation.objects.filter(licensee=cast.cascade):
        with undone():
            Attestation.objects.filter(pk=attestation.pk).update(revoked_at=AT)
            without = cast.ask(cast.cascade, AT)
            needed = attestation.attribute in named_as_missing(without)
            assert needed == (without.outcome != "permit")
    assert cast.ask(cast.silent, AT).outcome == "undetermined"


@pytest.mark.parametrize("value", ["UK", "us", "", 1, None, ["US"], {}])
def test_a_mistyped_country_never_permits(cast: Cast, value: Any) -> None:
    stated = {"request_location_country": value, "request_end_use": "commercial"}
    assert cast.ask(cast.silent, AT, **stated).outcome == "undetermined"


def named_as_missing(decision: Decision) -> set[str]:
    return {name for each in decision.verdict["undetermined"] for name in each["missing"]}


# ---------------------------------------------------------------- no answer without a record


def test_no_answer_without_a_record(cast: Cast) -> None:
    with undone():
        break_the_log()
        with pytest.raises(errors.NotRecorded):
            cast.ask(cast.meridian, AT)
        assert not Decision.objects.exists()


def test_every_answer_has_its_event(cast: Cast) -> None:
    made = [cast.ask(cast.meridian, AT), cast.ask(cast.lumen, AT), cast.ask(cast.silent, AT)]
    told = AuditEvent.objects.filter(kind="decision.made").values_list("decision_id", flat=True)
    assert sorted(told) == sorted(decision.decision_id for decision in made)


@pytest.mark.parametrize("statement", [
    "UPDATE accesscontrol_decision SET outcome = 'permit'",
    "DELETE FROM accesscontrol_decision",
    "TRUNCATE accesscontrol_decision CASCADE",
])  # fmt: skip
def test_a_decision_cannot_be_changed(cast: Cast, statement: str) -> None:
    cast.ask(cast.silent, AT)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# ---------------------------------------------------------------- four eyes


@pytest.mark.parametrize("statement", [
    "UPDATE accesscontrol_ruleversion SET content = '{}' WHERE state = 'published'",
    "UPDATE accesscontrol_ruleversion SET state = 'draft' WHERE state = 'published'",
    "UPDATE accesscontrol_ruleversion SET effect = 'review' WHERE state = 'published'",
    "DELETE FROM accesscontrol_ruleversion WHERE state = 'published'",
    "UPDATE accesscontrol_release SET canonical = '{}'",
    "DELETE FROM accesscontrol_term",
])  # fmt: skip
def test_a_published_rule_cannot_be_edited(cast: Cast, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    version = RuleVersion.objects.filter(state="published").first()
    assert version is not None
    with pytest.raises(orders.CannotEdit, match="never changes"):
        orders.edit(version=version, content=version.content, by=cast.olivia, at=AT)


def test_an_author_cannot_approve(cast: Cast) -> None:
    version = drafted(cast, by=cast.priya)
    submit(version=version, by=cast.olivia, at=AT, because="Ready.")
    with pytest.raises(orders.CannotApprove, match="You edited"):
        orders.approve(version=version, by=cast.priya, at=AT)
    with pytest.raises(DatabaseError, match="nobody approves"), transaction.atomic():
        RuleVersion.objects.filter(pk=version.pk).update(approved_by=cast.priya, approved_at=AT)
    with pytest.raises(errors.NotAllowed):
        orders.approve(version=version, by=cast.adam, at=AT)
    assert orders.approve(version=version, by=cast.peter, at=AT).state == "approved"


def test_what_loosens_counts_only_with_a_second_person(cast: Cast) -> None:
    attestation = registry.attest(
        licensee=cast.silent, attribute="request.end_use", value="commercial", evidence="Letter",
        valid_until=AT + timedelta(days=90), by=cast.olivia, at=AT,
    )  # fmt: skip
    with pytest.raises(registry.SamePerson):
        registry.confirm_attestation(attestation=attestation, by=cast.olivia, at=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attestation.objects.filter(pk=attestation.pk).update(
            confirmed_by=cast.olivia, confirmed_at=AT
        )
    assert "request.end_use" in named_as_missing(cast.ask(cast.silent, AT))


# ---------------------------------------------------------------- the log


def test_if_the_log_cannot_be_written_nothing_happened(cast: Cast) -> None:
    for name, verb in verbs(cast):
        before = rows()
        with undone():
            break_the_log()
            with pytest.raises(errors.NotRecorded), transaction.atomic():
                verb()
            assert rows() == before, name
        verb()


def test_every_write_verb_leaves_exactly_one_event(cast: Cast) -> None:
    """A new release tells of itself beside the verb that made it."""
    for name, verb in verbs(cast):
        last = AuditEvent.objects.latest("id").pk
        verb()
        kinds = AuditEvent.objects.filter(id__gt=last).values_list("kind", flat=True)
        told = [kind for kind in kinds if kind != "release.published"]
        assert len(told) == 1, (name, told)


def test_no_write_verb_is_forgotten_here(cast: Cast) -> None:
    tried = {name for name, _ in verbs(cast)}
    for room in (orders, entitlements, registry):
        for name, verb in inspect.getmembers(room, inspect.isfunction):
            parameters = inspect.signature(verb).parameters
            if (
                not name.startswith("_")
                and verb.__module__.startswith(room.__name__)
                and {"by", "at"} <= parameters.keys()
            ):
                called = f"{room.__name__.rpartition('.')[2]}.{name}"
                assert called in tried | TRIED_ELSEWHERE, called


# Verbs of many rows, and those that need a state which their own room's tests make.
TRIED_ELSEWHERE = {
    "entitlements.grant_many",
    "orders.alarm_overdue_emergencies",
    "registry.confirm_disposition",
    "registry.confirm_fact",
    "registry.confirm_owner",
    "registry.enter_disposition",
    "registry.import_licensees",
    "registry.revoke_declaration",
    "registry.revoke_disposition",
    "registry.together",
    "registry.withdraw_fact",
}


def verbs(cast: Cast) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every verb once, in an order in which each can happen; a verb sees what those before did."""
    yield from order_verbs(cast)
    yield from register_verbs(cast)
    yield from entitlement_verbs(cast)


def order_verbs(cast: Cast) -> Iterator[tuple[str, Callable[[], Any]]]:
    tick = itertools.count()
    by = {"by": cast.olivia}
    why = {"because": "A test."}

    def at() -> dict[str, Any]:
        return {"at": AT + next(tick) * LATER}

    def order() -> Order:
        return Order.objects.get(reference="L-1")

    def version() -> RuleVersion:
        return RuleVersion.objects.select_related("rule__order").latest("id")

    secret = {"confidential": True, "text": "Secret."}
    facts = {"licensee.id": "x", "model.id": "swift-3", "request.activity": "use_api"}
    rule = {"ref": "R-1", "content": letter_rule("frontier-5")}
    deny = {**letter_rule("swift-3"), "effect": "deny"}
    deny.pop("license_review_policy")
    yield "orders.enter", lambda: orders.enter(instrument=letter(**secret), **by, **at())
    yield "orders.acknowledge", lambda: orders.acknowledge(order=order(), **by, **at())
    yield "orders.read_text", lambda: orders.read_text(order=order(), **by, **at())
    yield "orders.amend", lambda: orders.amend(
        order=order(), notice=notice("L-1-A"), **by, **at(), **why)  # fmt: skip
    yield "orders.draft", lambda: orders.draft(order=order(), **rule, **by, **at(), **why)
    yield "orders.edit", lambda: orders.edit(
        version=version(), content=letter_rule("frontier-5"), **by, **at())  # fmt: skip
    yield "orders.comment", lambda: orders.comment(version=version(), text="Hm.", **by, **at())
    yield (
        "orders.add_test_case",
        lambda: orders.add_test_case(
            rule=version().rule,
            name="swift",
            facts=facts,
            holds_at=AT,
            outcome="permit",
            **by,
            **at(),
        ),
    )
    yield "orders.remove_test_case", lambda: orders.remove_test_case(
        case=version().rule.test_cases.get(), **by, **at(), **why)  # fmt: skip
    yield "orders.preview", lambda: orders.preview(version=version(), **by, **at())
    yield "orders.preview_now", lambda: orders.preview_now(version=version(), **by, **at())
    yield "orders.submit", lambda: orders.submit(version=version(), **by, **at(), **why)
    yield "orders.request_changes", lambda: orders.request_changes(
        version=version(), by=cast.priya, **at(), **why)  # fmt: skip
    yield "orders.submit", lambda: orders.submit(version=version(), **by, **at(), **why)
    yield "orders.approve", lambda: orders.approve(version=version(), by=cast.priya, **at())
    yield "orders.publish", lambda: orders.publish(version=version(), **by, **at(), **why)
    yield "orders.duplicate", lambda: orders.duplicate(version=version(), **by, **at(), **why)
    yield "orders.withdraw", lambda: orders.withdraw(version=version(), **by, **at(), **why)
    yield "orders.retire", lambda: orders.retire(rule=version().rule, **by, **at(), **why)
    yield "orders.reject", lambda: orders.reject(
        version=version(), by=cast.priya, **at(), **why)  # fmt: skip
    yield "orders.emergency_deny", lambda: orders.emergency_deny(
        ref="R-2", content=deny, order=order(), **by, **at(), **why)  # fmt: skip
    yield "orders.confirm_emergency", lambda: orders.confirm_emergency(
        version=version(), by=cast.priya, **at())  # fmt: skip
    yield "orders.annex", lambda: orders.annex(
        order=order(), notice=notice("L-1-B"), parties=[cast.lumen.ref],
        **by, **at(), **why)  # fmt: skip
    yield "orders.confirm_annex", lambda: orders.confirm_annex(
        named_list=order().lists.get(), by=cast.priya, **at())  # fmt: skip
    yield "orders.strike_from_annex", lambda: orders.strike_from_annex(
        named_list=order().lists.get(), parties=[cast.lumen.ref], **by, **at(), **why)  # fmt: skip
    yield "orders.lift", lambda: orders.lift(
        order=order(), notice=notice("L-1-C"), **by, **at(), **why)  # fmt: skip
    yield "orders.confirm_lift", lambda: orders.confirm_lift(order=order(), by=cast.priya, **at())


def register_verbs(cast: Cast) -> Iterator[tuple[str, Callable[[], Any]]]:
    one, two = {"by": cast.olivia, "at": AT}, {"by": cast.omar, "at": AT}
    why = {"because": "A test."}
    kept: dict[str, Any] = {}

    def keep(called: str, given: dict[str, Any]) -> Callable[[], Any]:
        def call() -> None:
            known = {key: value() if callable(value) else value for key, value in given.items()}
            kept[called] = getattr(registry, called)(**known)

        return call

    def got(name: str) -> Callable[[], Any]:
        return lambda: kept[name]

    def possible() -> Match:
        return cast.namesake.matches.get(status="possible", superseded_at=None)

    cast_of = {
        "add_licensee": {"ref": "new", "name": "New Company", "source": "test", **one},
        "rename": {"licensee": got("add_licensee"), "name": "Newer Company", "source": "test",
                   **one, **why},
        "edit_fact": {"of": got("add_licensee"), "attribute": "licensee.country", "value": "CU",
                      "source": "test", **one},
        "add_party": {"name": "Some Owner", **one},
        "add_owner": {"owned": got("add_licensee"), "owner": "Some Owner", "share_bp": 100,
                      "source": "test", **one},
        "declare_owners": {"licensee": got("add_licensee"), "owners": [], "source": "test",
                           "by": cast.olivia, "at": AT + LATER},
        "confirm_owners": {"declaration": got("declare_owners"), "by": cast.omar,
                           "at": AT + 2 * LATER},
        "attest": {"licensee": got("add_licensee"), "attribute": "user.us_person", "value": True,
                   "evidence": "Letter", "valid_until": AT + timedelta(days=9), **one},
        "confirm_attestation": {"attestation": got("attest"), **two},
        "revoke": {"attestation": got("attest"), **one, **why},
        "open_red_flag": {"licensee": got("add_licensee"), "number": 3, "note": "Odd.", **one},
        "resolve_red_flag": {"flag": got("open_red_flag"), "resolution": "Asked.", **one},
        "confirm_red_flag": {"flag": got("open_red_flag"), **two},
        "add_model": {"ref": "new-model", "name": "New", "activities": ["use_api"],
                      "source": "test", **one},
        "add_offering": {"model": got("add_model"), "activity": "hosted", **one},
        "report_incident": {"model": got("add_model"), "note": "Jailbreak.", **one},
        "resolve_incident": {"incident": got("report_incident"), "resolution": "Mended.", **one},
        "confirm_incident": {"incident": got("report_incident"), **two},
        "enter_export_license": {
            "number": "D-1", "scope": registry.LicenseScope(licensees=[cast.lumen.ref]),
            "valid_from": AT, "valid_until": AT + timedelta(days=9), **one},
        "confirm_export_license": {"license_": got("enter_export_license"), **two},
        "revoke_export_license": {"license_": got("enter_export_license"), **one, **why},
        "clear": {"match": possible, "valid_until": AT + timedelta(days=90), **one, **why},
        "confirm_clearance": {"clearance": got("clear"), **two},
        "revoke_clearance": {"clearance": got("clear"), **one, **why},
        "confirm_match": {"match": possible, **one, **why},
    }  # fmt: skip
    for name, given in cast_of.items():
        yield f"registry.{name}", keep(name, given)


def entitlement_verbs(cast: Cast) -> Iterator[tuple[str, Callable[[], Any]]]:
    by, why = {"by": cast.olivia, "at": AT}, {"because": "A test."}

    def mine() -> Any:
        return cast.jade.entitlements.get(offering=offering())

    def offering() -> Offering:
        return Offering.objects.get(model__ref="open-2", activity="use_api")

    yield "entitlements.grant", lambda: entitlements.grant(
        licensee=cast.jade, offering=offering(), **by)  # fmt: skip
    yield "entitlements.hold", lambda: entitlements.hold(entitlement=mine(), **by, **why)
    yield "entitlements.ask_release", lambda: entitlements.ask_release(
        hold=mine().holds.get(cause="officer"), **by, **why)  # fmt: skip
    yield "entitlements.release_hold", lambda: entitlements.release_hold(
        hold=mine().holds.get(cause="officer"), by=cast.omar, at=AT)  # fmt: skip
    yield "entitlements.end", lambda: entitlements.end(entitlement=mine(), **by, **why)


# ---------------------------------------------------------------- screening


def test_no_chunk_is_screened_twice(cast: Cast) -> None:
    run = screening.start(cause="manual", by=cast.olivia, at=AT, chunk=4)
    assert run is not None
    cast_module.screen(AT)
    chunks = run.chunks.count()
    done = AuditEvent.objects.filter(kind="run.chunk_done")
    subjects = list(done.values_list("subject_id", flat=True))
    mine = [
        s
        for s in subjects
        if s in {f"chunk {pk}" for pk in run.chunks.values_list("pk", flat=True)}
    ]
    assert len(mine) == len(set(mine)) == chunks > 1
    assert not screening.next_chunk(at=AT)


def test_a_screening_finds_what_one_by_one_evaluation_finds(cast: Cast) -> None:
    """Also after random facts were withdrawn, for every licensee and offering."""
    draw = random.Random(7)
    facts = list(Fact.objects.filter(superseded_at=None, licensee__isnull=False))
    Fact.objects.filter(pk__in=[f.pk for f in draw.sample(facts, 25)]).update(superseded_at=AT)
    small.known(AT)
    screening.start(cause="manual", by=cast.olivia, at=AT)
    cast_module.screen(AT)
    assert small.stored() == small.one_by_one(AT)


def test_the_nightly_screening_finds_nothing(cast: Cast) -> None:
    run = screening.nightly(at=AT)
    assert run is not None
    cast_module.screen(AT)
    run.refresh_from_db()
    assert (run.state, run.changed, run.alarm) == ("done", 0, 0)


# ---------------------------------------------------------------- replay, scopes


def test_replaying_a_decision_gives_the_same_verdict_offline(cast: Cast) -> None:
    """Judged again by the command, from what was recorded alone; no database, no Django."""
    for licensee in (cast.meridian, cast.silent, cast.jade, cast.captured, cast.minority):
        cast.ask(licensee, AT, **QUESTION)
    publish_letter(cast)
    cast.ask(cast.cascade, AT + LATER, user_us_person=False)
    lines, expected = [], []
    for decision in Decision.objects.select_related("release").order_by("id"):
        lines.append('{"release":' + decision.release.canonical + "}")
        lines.append(json.dumps(decision.question))
        expected.append(decision.verdict)
        assert decisions.replay(decision).to_json() == decision.verdict
    judged = subprocess.run(
        [sys.executable, "-m", "accesscontrol.policy", "judge"],
        input="\n".join(lines), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [json.loads(line) for line in judged.stdout.splitlines()] == expected
    assert len({verdict["outcome"] for verdict in expected}) == 4


@pytest.mark.parametrize(("path", "scope"), [
    ("/access/v1/evaluation", "decisions:ask"),
    ("/access/v1/evaluations", "decisions:ask"),
    ("/api/v1/what-if", "decisions:whatif"),
])  # fmt: skip
def test_a_token_without_the_scope_gets_403(cast: Cast, path: str, scope: str) -> None:
    now = datetime.now(UTC)
    others = sorted(access.SCOPES - {scope})
    text = access.issue_token(
        name="other", scopes=others, by=cast.adam, at=now, expires_at=now + timedelta(days=1)
    ).text
    response = Client().post(
        path, b"{}", content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )  # fmt: skip
    assert response.status_code == 403
    assert scope in response.content.decode()
    assert not Decision.objects.exists()


# ---------------------------------------------------------------- means


class undone:  # noqa: N801  reads as a word: with undone():
    """What happens inside is rolled back."""

    def __enter__(self) -> None:
        self.inside = transaction.atomic()
        self.inside._from_testcase = True  # decisions may commit inside
        self.inside.__enter__()

    def __exit__(self, *problem: Any) -> None:
        transaction.set_rollback(True)
        self.inside.__exit__(*problem)


def break_the_log() -> None:
    """From here on the database takes no event any more."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit.event ADD CONSTRAINT broken CHECK (false) NOT VALID")


def rows() -> dict[str, int]:
    """How many rows each table of the product has."""
    return {
        model.__name__: model.objects.count()
        for model in apps.get_app_config("accesscontrol").get_models()
    }


def letter(**more: Any) -> orders.Instrument:
    return orders.Instrument(
        reference="L-1", kind="rule", authority="BIS", citation="15 CFR 744", subject="A model",
        received_at=AT, effective_at=AT, **more,
    )  # fmt: skip


def notice(reference: str) -> orders.Notice:
    return orders.Notice(reference=reference, received_at=AT, effective_at=AT)


def drafted(cast: Cast, *, by: Any) -> RuleVersion:
    order = orders.enter(instrument=letter(), by=cast.olivia, at=AT)
    return orders.draft(ref="R-1", order=order, content=letter_rule("frontier-5"), by=by, at=AT,
                        because="The letter.")  # fmt: skip


def publish_letter(cast: Cast) -> Release:
    version = drafted(cast, by=cast.olivia)
    submit(version=version, by=cast.olivia, at=AT, because="Ready.")
    orders.approve(version=version, by=cast.priya, at=AT)
    return orders.publish(version=version, by=cast.olivia, at=AT, because="In force.")
