"""Looking again at everyone: what a screening finds, writes, and does when something goes wrong."""

import hashlib
import json
import os
import random
import struct
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from accesscontrol import errors, releases, screening
from accesscontrol.models import (
    AuditEvent,
    Boundary,
    Case,
    ExportLicense,
    Finding,
    Licensee,
    OutboxMessage,
    ScreeningRun,
    Sheet,
    Standing,
    StandingChange,
)
from accesscontrol.screening.judge.one_by_one import Judge
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
    licensee,
    one_by_one,
    publish,
    rule,
    screened,
    standing,
    start,
    stored,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def offerings() -> list[Any]:
    return world.model()


def events(kind: str) -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(kind=kind).order_by("id")
    return [json.loads(row.payload) for row in rows]


# ---------------------------------------------------------------- what it finds


def test_every_outcome_of_a_standing(offerings: list[Any]) -> None:
    publish(
        rule("R-1", "deny", EMBARGO),
        rule("R-2", "license_required", {"all": [HQ_IN_CHINA, FOREIGN_USER]}),
        rule("R-3", "review", RED_FLAG),
    )
    cuban = licensee("cuban", country="CU", hq_country="CU")
    chinese = licensee("chinese", country="CN", hq_country="CN")
    american = licensee("american", country="US", hq_country="US")
    nameless = licensee("nameless", hq_country="US")
    attested = licensee("attested", country="CN", hq_country="CN")
    world.attest(attested, "user.us_person", False)
    run = screened()
    assert (run.state, run.changed, run.unchanged, run.failed) == ("done", 5, 0, 0)
    assert standing(cuban) == "deny"
    assert standing(chinese) == "per_request"
    assert standing(american) == "permit"
    assert standing(nameless) == "undetermined"
    assert standing(attested) == "license_required"
    assert stored() == one_by_one()


def test_nothing_can_be_screened_before_the_first_release(offerings: list[Any]) -> None:
    licensee("acme")
    assert screening.start(cause="register", by=None, at=AT) is None
    assert not ScreeningRun.objects.exists()


def test_a_second_screening_changes_nothing(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    for n in range(5):
        licensee(f"l{n}", country="US")
    screened()
    again = screened(AT + HOUR)
    assert (again.changed, again.unchanged, again.total) == (0, 5, 5)
    assert StandingChange.objects.filter(chunk__run=again).count() == 0


def test_totals_reconcile_and_each_chunk_has_one_event(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    for n in range(7):
        licensee(f"l{n}", country="US" if n % 2 else "CU")
    run = screened(chunk=3)
    assert run.total == 7 == run.changed + run.unchanged + run.failed
    assert run.outcome_changes == {"none>deny": 8, "none>permit": 6}
    done = events("run.chunk_done")
    assert [event["details"]["changed"] for event in done] == [3, 3, 1]
    assert all(len(event["details"]["changes_sha256"]) == 64 for event in done)
    (finished,) = events("run.finished")
    assert finished["details"]["changed"] == 7
    assert finished["subject"]["id"] == str(run.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScreeningRun.objects.filter(pk=run.pk).update(unchanged=1)


def test_the_event_of_a_chunk_fixes_its_change_rows(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    run = screened()
    rows = b"".join(
        struct.pack(
            ">qii?", row.licensee_id, row.old_sheet_id or 0, row.new_sheet_id, row.outcome_changed
        )
        for row in run.changes.order_by("licensee_id")
    )
    (event,) = events("run.chunk_done")
    assert event["details"]["changes_sha256"] == hashlib.sha256(rows).hexdigest()


def test_an_empty_register_is_screened_too(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    run = screened()
    assert (run.state, run.total) == ("done", 0)


def test_equal_licensees_share_one_sheet_and_are_judged_once(offerings: list[Any]) -> None:
    release = publish(rule("R-1", "deny", EMBARGO))
    rows = [licensee(f"l{n}", country="US", sector=f"s{n}") for n in range(20)]
    judge = Judge(releases.get(release.number).policy, at=AT)
    judge.findings([row.pk for row in rows])
    assert len(judge._findings) == 1  # the sector is read by no rule
    screened()
    assert Sheet.objects.count() == 1
    assert Standing.objects.values("sheet").distinct().count() == 1


def test_a_licensee_that_a_list_names_is_not_taken_for_its_likes(offerings: list[Any]) -> None:
    named = {"in_list": ["licensee.id", "annex:X"]}
    entry = {"value": "named", "from": None, "until": None}
    publish(
        rule("R-1", "deny", {"not": named}),
        rule("R-2", "review", {"is": ["licensee.id", "third"]}),
        lists={"annex:X": [entry]},
    )
    rows = {ref: licensee(ref, country="US") for ref in ("first", "named", "second", "third")}
    screened()
    assert {ref: standing(row) for ref, row in rows.items()} == {
        "first": "deny", "named": "permit", "second": "deny", "third": "deny",
    }  # fmt: skip
    assert stored() == one_by_one()


def test_an_export_license_reaches_only_the_licensee_it_names(offerings: list[Any]) -> None:
    publish(rule("R-1", "license_required", HQ_IN_CHINA))
    first, second = (licensee(ref, hq_country="CN") for ref in ("first", "second"))
    ExportLicense.objects.create(
        number="D-1", licensees=["second"], valid=(AT, AT + DAY), recorded_at=AT,
        entered_by=world.person("mina"), confirmed_by=world.person("jonas", "approver"),
        confirmed_at=AT,
    )  # fmt: skip
    screened()
    assert (standing(first), standing(second)) == ("license_required", "permit")


def test_a_new_model_is_no_flip(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    screened()
    world.model("frontier-6")
    run = screened(AT + HOUR, cause="model")
    change = run.changes.get()
    assert (run.changed, change.outcome_changed, run.outcome_changes) == (1, False, {})
    assert standing(acme, 3) == "permit"


def test_a_change_of_reasons_alone_is_flagged_as_such(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="CU")
    screened()
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "deny", EMBARGO), at=AT + HOUR)
    run = screened(AT + HOUR)
    assert run.changes.get().outcome_changed is False
    assert run.outcome_changes == {}


def test_findings_hold_nobodys_facts(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="CU")
    screened()
    text = json.dumps(list(Finding.objects.values_list("verdict", flat=True)))
    assert "CU" not in text
    assert "acme" not in text


# ---------------------------------------------------------------- who is screened


def test_a_narrow_run_looks_at_those_named_only(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    rows = [licensee(f"l{n}", country="US") for n in range(6)]
    screened()
    for row in rows:
        world.learn(row, "licensee.country", "CU", AT + SECOND)
    run = screened(AT + HOUR, cause="fact", licensees=[rows[1].pk, rows[4].pk], chunk=1)
    assert (run.total, run.changed, run.full) == (2, 2, False)
    assert [standing(row) for row in rows] == [
        "permit",
        "deny",
        "permit",
        "permit",
        "deny",
        "permit",
    ]


def test_a_narrow_run_over_nobody_is_done_at_once(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    run = start(licensees=[])
    assert (run.state, run.total) == ("done", 0)


def test_a_licensee_added_after_the_start_falls_into_the_last_range(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    for n in range(4):
        licensee(f"l{n}", country="US")
    run = start(chunk=2)
    late = licensee("late", country="CU")
    work()
    run.refresh_from_db()
    assert (run.state, run.total, run.changed) == ("done", 5, 5)
    assert standing(late) == "deny"


def test_a_run_that_a_newer_release_overtakes_yields(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="CU")
    old = start()
    publish(rule("R-1", "review", EMBARGO), at=AT + HOUR)
    new = start(AT + HOUR)
    work(AT + HOUR)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == ("overtaken", "done")
    assert old.changes.count() == 0
    assert standing(acme) == "review"
    assert len(events("run.overtaken")) == 1


def test_a_narrow_run_moves_on_to_the_newer_release(offerings: list[Any]) -> None:
    """It must not yield: the full run may have looked before this licensee changed."""
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="CU")
    narrow = start(licensees=[acme.pk])
    newer = publish(rule("R-1", "review", EMBARGO), at=AT + HOUR)
    work(AT + HOUR)
    narrow.refresh_from_db()
    assert (narrow.state, narrow.release_id) == ("done", newer.pk)
    assert standing(acme) == "review"


def test_a_worker_with_an_old_clock_does_not_bring_back_an_old_fact(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    screened()
    world.learn(acme, "licensee.country", "CU", AT + SECOND)
    start(AT + SECOND, licensees=[acme.pk])
    work(AT)  # the worker's instant lies before the change
    assert standing(acme) == "deny"


# ---------------------------------------------------------------- when something goes wrong


def poison(row: Licensee) -> None:
    """Make the database refuse a standing change of this licensee."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.licensee_id = {row.pk} THEN RAISE EXCEPTION 'poison'; END IF;"
            " RETURN NEW; END $$;"
            "CREATE TRIGGER poison BEFORE INSERT ON accesscontrol_standingchange"
            " FOR EACH ROW EXECUTE FUNCTION poison();"
        )


def test_a_poisoned_chunk_is_failed_after_five_attempts_and_can_be_retried(
    offerings: list[Any],
) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    rows = [licensee(f"l{n}", country="US") for n in range(4)]
    poison(rows[3])
    run = screened(chunk=2)
    bad = run.chunks.get(state="failed")
    assert (run.state, run.changed, run.failed, run.total) == ("failed", 2, 2, 4)
    assert (bad.attempts, "poison" in bad.problem) == (5, True)
    assert not Standing.objects.filter(licensee=rows[2]).exists()
    assert len(events("run.failed")) == len(events("run.chunk_failed")) == 1
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER poison ON accesscontrol_standingchange")
    screening.retry_failed(run, by=world.person("mina"), at=AT + HOUR)
    work(AT + HOUR)
    run.refresh_from_db()
    assert (run.state, run.changed, run.failed) == ("done", 4, 0)
    told = OutboxMessage.objects.filter(kind="standing.changed")
    assert sorted(told.values_list("data__licensee", flat=True)) == ["l0", "l1", "l2", "l3"]


def test_retrying_needs_a_failure_and_a_right(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    run = screened()
    with pytest.raises(screening.NothingFailed, match="nothing to retry"):
        screening.retry_failed(run, by=None, at=AT)
    with pytest.raises(errors.NotAllowed):
        screening.retry_failed(run, by=world.person("vera", "viewer"), at=AT)


def test_a_killed_attempt_is_counted_and_another_worker_waits_its_lease(
    offerings: list[Any],
) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    run = start()
    from accesscontrol.screening.runs import chunks, work_item

    taken = work_item.take(chunks._waiting(AT), begin=chunks._begin, fail=chunks._fail, at=AT)
    assert taken is not None  # and the worker is killed before it begins
    assert screening.next_chunk(at=AT) is False
    run.chunks.update(taken_at=AT - HOUR)
    assert screening.next_chunk(at=AT) is True
    assert run.chunks.get().attempts == 2


def test_a_chunk_that_kills_its_worker_five_times_is_failed(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    run = start()
    run.chunks.update(attempts=5)
    work()
    run.refresh_from_db()
    assert (run.state, run.failed) == ("failed", 1)
    assert "killed" in run.chunks.get().problem


def test_two_texts_under_one_digest_are_refused(offerings: list[Any]) -> None:
    release = publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    judge = Judge(releases.get(release.number).policy, at=AT)
    found = judge.findings([acme.pk])[acme.pk][0]
    assert found is not None
    Finding.objects.create(digest=found.digest, outcome="deny", verdict={"outcome": "deny"})
    run = screened()
    assert run.state == "failed"
    assert "DigestCollision" in run.chunks.get().problem


def test_a_standing_that_moved_meanwhile_is_not_overwritten(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    run = screened()
    from accesscontrol.screening.results import standings

    held = np.array([acme.pk])
    changes = standings.SheetChanges(
        held, np.array([999], "i4"), np.array([1], "i4"), np.array([True])
    )
    standings._create_table(changes)
    with pytest.raises(standings.ChangedMeanwhile):
        standings._update(run.chunks.get(), held)


def test_cancelling_keeps_what_is_done_and_stops_the_rest(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    for n in range(4):
        licensee(f"l{n}", country="US")
    run = start(chunk=2)
    assert screening.next_chunk(at=AT)
    cancelled = screening.cancel(run, by=world.person("mina"), at=AT, because="wrong rule")
    assert work() == 0
    assert (cancelled.state, cancelled.changed) == ("cancelled", 2)
    assert Standing.objects.count() == 2
    assert sorted(run.chunks.values_list("state", flat=True)) == ["cancelled", "done"]
    with pytest.raises(screening.CannotCancel):
        screening.cancel(run, by=world.person("mina"), at=AT)
    (event,) = events("run.cancelled")
    assert event["because"] == "wrong rule"


def test_a_broken_broker_stops_nothing(
    offerings: list[Any], django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_url", "redis+socket:///nowhere/valkey.sock")
    publish(rule("R-1", "deny", EMBARGO))
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        run = start()
    assert len(callbacks) == 1
    work()
    run.refresh_from_db()
    assert run.state == "done"


# ---------------------------------------------------------------- time


def test_a_boundary_starts_exactly_one_screening(offerings: list[Any]) -> None:
    publish(rule("R-1", "license_required", FOREIGN_USER))
    acme = licensee("acme", country="US")
    world.attest(acme, "user.us_person", True, until=AT + DAY)
    screened()
    assert standing(acme) == "permit"
    assert screening.due_boundaries(AT + DAY - SECOND) == []
    (run,) = screening.due_boundaries(AT + DAY)
    assert screening.due_boundaries(AT + DAY) == []
    work(AT + DAY)
    assert (run.cause, run.full, standing(acme)) == ("boundary", False, "per_request")
    assert Boundary.objects.get(licensee=acme, at=AT + DAY).run == run


def test_a_scheduled_rule_bites_at_its_minute(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO, effective_from="2026-07-01T04:00:00Z"))
    acme = licensee("acme", country="CU")
    screened()
    assert standing(acme) == "permit"
    at = AT.replace(month=7, day=1, hour=4, minute=0)
    (run,) = screening.due_boundaries(at)
    work(at)
    run.refresh_from_db()
    assert (run.full, run.state, standing(acme)) == (True, "done", "deny")


def test_a_dated_fact_and_a_license_are_boundaries(offerings: list[Any]) -> None:
    publish(rule("R-1", "license_required", HQ_IN_CHINA))
    acme = licensee("acme")
    world.learn(acme, "licensee.hq_country", "CN", AT, until=AT + 2 * DAY)
    ExportLicense.objects.create(
        number="D-1", licensees=["acme"], valid=(AT, AT + DAY), recorded_at=AT,
        entered_by=world.person("mina"), confirmed_by=world.person("jonas", "approver"),
        confirmed_at=AT,
    )  # fmt: skip
    screened()
    seen = [standing(acme)]
    for days in (1, 2):
        assert len(screening.due_boundaries(AT + days * DAY)) == 1
        work(AT + days * DAY)
        seen.append(standing(acme))
    assert seen == ["permit", "license_required", "undetermined"]


def test_the_nightly_proof_finds_nothing(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    screened()
    night = AT + timedelta(hours=6)
    run = screening.nightly(at=night)
    assert run is not None
    assert screening.nightly(at=night + HOUR) is None
    work(night)
    run.refresh_from_db()
    assert (run.state, run.changed, run.alarm) == ("done", 0, 0)
    assert not events("run.alarm")


def test_the_nightly_proof_raises_an_alarm_over_a_change_that_nobody_made(
    offerings: list[Any],
) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    screened()
    world.learn(acme, "licensee.country", "CU", AT + SECOND)  # and no screening is started
    run = screening.nightly(at=AT + timedelta(hours=6))
    work(AT + timedelta(hours=6))
    assert run is not None
    run.refresh_from_db()
    assert (run.changed, run.alarm, standing(acme)) == (1, 1, "deny")
    (event,) = events("run.alarm")
    assert event["details"] == {"unexplained": 1}


def test_a_change_on_its_way_is_no_alarm(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    acme = licensee("acme", country="US")
    screened()
    world.learn(acme, "licensee.country", "CU", AT + SECOND)
    own = start(AT + SECOND, licensees=[acme.pk])
    own.chunks.update(taken_at=AT + 365 * 10 * DAY)  # another worker is about to screen it
    run = screening.nightly(at=AT + timedelta(hours=6))
    work(AT + timedelta(hours=6))
    assert run is not None
    run.refresh_from_db()
    assert (run.changed, run.alarm) == (1, 0)


# ---------------------------------------------------------------- what is told


def test_messages_are_thin_and_only_for_what_changed(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    screened()
    kinds = list(OutboxMessage.objects.values_list("kind", flat=True))
    assert kinds == ["standing.changed", "run.completed"]
    assert OutboxMessage.objects.first().data["licensee"] == "acme"  # type: ignore[union-attr]


def test_progress_says_how_far_and_that_no_worker_is_there(offerings: list[Any]) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    for n in range(4):
        licensee(f"l{n}", country="US")
    run = start(chunk=2)
    queued = screening.progress(run, at=AT + SECOND)
    assert (queued.state, queued.percent, queued.waits_for_worker) == ("queued", 0, False)
    assert screening.progress(run, at=AT + 2 * timedelta(minutes=1)).waits_for_worker
    screening.next_chunk(at=AT)
    half = screening.progress(run, at=AT + 2 * SECOND)
    assert (half.done, half.total, half.percent, half.rate, half.left_s) == (2, 4, 50, 1.0, 2.0)


def test_the_command_screens_everyone(offerings: list[Any], capsys: Any) -> None:
    publish(rule("R-1", "deny", EMBARGO))
    licensee("acme", country="US")
    call_command("screen", "--wait", "--format", "json")
    result = json.loads(capsys.readouterr().out)
    assert (result["state"], result["total"], result["changed"]) == ("done", 1, 1)
    call_command("screen", "--dry-run", "--format", "json")
    assert json.loads(capsys.readouterr().out) == {"licensees": 1, "offerings": 2}


# ---------------------------------------------------------------- against the judge, on anything

COUNTRIES = ["US", "CN", "HK", "CU", "FR", "UK", None]
LEAVES = [
    EMBARGO,
    HQ_IN_CHINA,
    FOREIGN_USER,
    RED_FLAG,
    {"is": ["entitlement.status", "active"]},
    {"is": ["model.id", "m1"]},
    {"in_list": ["licensee.id", "annex:X"]},
    {"one_of": ["request.location_country", ["CN", "CU"]]},
    {"is": ["licensee.list_status.SDN", "possible"]},
]


def some_condition(draw: random.Random, depth: int = 2) -> dict[str, Any]:
    kind = draw.choice(["leaf", "all", "any", "not"]) if depth else "leaf"
    if kind == "leaf":
        return draw.choice(LEAVES)
    if kind == "not":
        return {"not": some_condition(draw, depth - 1)}
    return {kind: [some_condition(draw, depth - 1) for _ in range(draw.randint(1, 3))]}


def some_world(draw: random.Random) -> None:
    offerings = world.model("m1") + world.model("m2")
    for n in range(draw.randint(1, 6)):
        known = {
            name: value
            for name in ("country", "hq_country")
            if (value := draw.choice(COUNTRIES)) is not None
        }
        row = licensee(f"l{n}", **known)
        if draw.random() < 0.4:
            world.attest(row, "user.us_person", draw.random() < 0.5)
        for offering in offerings:
            if draw.random() < 0.3:
                world.grant(row, offering)


def some_release(draw: random.Random, at: Any) -> None:
    entries = [{"value": f"l{draw.randint(0, 3)}", "from": None, "until": None}]
    effects = ["deny", "license_required", "review"]
    rules = [
        rule(f"R-{n}", draw.choice(effects), some_condition(draw))
        for n in range(draw.randint(0, 4))
    ]
    publish(*rules, at=at, lists={"annex:X": entries})


@pytest.mark.parametrize("seed", range(int(os.environ.get("EG_WORLDS", "6"))))
def test_a_screening_finds_what_one_by_one_judging_finds(seed: int) -> None:
    draw = random.Random(seed)
    some_world(draw)
    at = AT
    for _ in range(2):
        at += HOUR
        some_release(draw, at)
        screened(at, chunk=draw.randint(1, 4))
        assert stored() == one_by_one(at), f"seed {seed}"
        for row in Licensee.objects.all():
            if draw.random() < 0.5:
                world.learn(row, "licensee.country", draw.choice(COUNTRIES[:-1]), at + SECOND)
                screened(at + SECOND, cause="fact", licensees=[row.pk])
        assert stored() == one_by_one(at + SECOND), f"seed {seed}"
        night = screened(at + 2 * SECOND, cause="nightly")
        assert (night.changed, night.alarm) == (0, 0)
    assert_holds_follow_standings()


def assert_holds_follow_standings() -> None:
    from accesscontrol.models import Entitlement

    for entitlement in Entitlement.objects.select_related("licensee", "offering"):
        outcome = standing(entitlement.licensee, entitlement.offering.position)
        held = entitlement.holds.filter(released_at=None, cause="screening").count()
        assert held == (outcome not in ("permit", "per_request"))


def test_a_permit_never_stands_on_a_missing_fact(offerings: list[Any]) -> None:
    """The law: 'proceeding without knowing' is not a permission (Supp. 3 to part 732)."""
    publish(rule("R-1", "deny", HQ_IN_CHINA))
    acme = world.customer("acme", country="US")
    screened()
    assert standing(acme) == "undetermined"
    assert Case.objects.get(licensee=acme).evidence["missing"] == ["licensee.hq_country"]
