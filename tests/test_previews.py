"""Impact previews: six groups that add up, found as one by one, kept as found, asked for at the gate."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accesscontrol import facts, orders, policy, releases, tasks
from accesscontrol.models import (
    AffectedLicensee,
    AuditEvent,
    Case,
    Fact,
    Group,
    Hold,
    Licensee,
    Offering,
    Order,
    Preview,
    Release,
    RuleVersion,
    Standing,
    StandingChange,
)
from accesscontrol.policy import OUTCOMES
from accesscontrol.screening.judge.evaluators import Evaluator
from accesscontrol.screening.judge.one_by_one import Judge
from accesscontrol.screening.preview import differences, impact
from accesscontrol.screening.preview import lifecycle as previews
from accesscontrol.screening.register import current_facts, fact_columns
from tests.worlds import ground
from tests.worlds.officers import submit

pytestmark = pytest.mark.django_db

NOW = datetime(2040, 5, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE_NOW = "2040-05-01T11:00:00Z"
HQ_IN_CHINA = {"is": ["licensee.hq_country", "CN"]}
MODELS = ("frontier-5", "mini-1")


class Ground:
    """The small world of the decisions' tests, with somebody who drafts and somebody who approves."""

    def __init__(self, **lay: Any) -> None:
        ground.lay(**lay)
        self.olivia, self.priya = (
            ground.person("olivia", "officer"),
            ground.person("priya", "approver"),
        )
        self.order = Order.objects.get(reference="LETTER-1")

    def entitle_all(self) -> None:
        for who in ("acme", "zhong", "murk"):
            for model in MODELS:
                ground.entitle(who, model)

    def draft(
        self, effect: str = "deny", when: Any = None, ref: str = "R-NEW", **more: Any
    ) -> RuleVersion:
        content = {
            "title": "A rule", "citation": "15 CFR 744", "effect": effect,
            "when": when or HQ_IN_CHINA, "effective_from": BEFORE_NOW, **more,
        }  # fmt: skip
        return orders.draft(
            ref=ref,
            order=self.order,
            content=content,
            by=self.olivia,
            at=NOW,
            because="The letter.",
        )

    def previewed(self, version: RuleVersion, at: datetime = NOW) -> Preview:
        return orders.preview_now(version=version, by=self.olivia, at=at)

    def published(self, at: datetime = NOW, **more: Any) -> Release:
        version = submit(version=self.draft(**more), by=self.olivia, at=at)
        orders.approve(version=version, by=self.priya, at=at)
        return orders.publish(version=version, by=self.olivia, at=at)


@pytest.fixture
def base() -> Ground:
    return Ground()


@pytest.fixture
def granted(base: Ground) -> Ground:
    base.entitle_all()
    return base


def work(at: datetime = NOW) -> int:
    done = 0
    while previews.work(at=at):
        done += 1
        assert done < 100, "the parts do not end"
    return done


def known_anew(licensee: Licensee) -> None:
    """What a verb of the register does with what it changed."""
    current_facts.refresh([licensee.pk], at=NOW)


def whom(preview: Preview) -> dict[str, str]:
    rows = preview.licensees.values_list("licensee__ref", "group")
    return {ref: Group(group).key for ref, group in rows}


# ---------------------------------------------------------------- the groups


def test_every_change_of_an_outcome_has_its_group() -> None:
    usable, firm = {"permit", "per_request"}, {"license_required", "review"}
    for before in OUTCOMES:
        for after in OUTCOMES:
            group = impact.group_of(before, after)
            assert (group == Group.NO_CHANGE) == (before == after), (before, after)
            if before != after:
                assert (group == Group.LOSE_ACCESS) == (after == "deny")
                assert (group == Group.TO_REVIEW) == (after in firm)
                assert (group == Group.CANT_DECIDE) == (after == "undetermined")
                assert (group == Group.PER_REQUEST) == (
                    (before, after) == ("permit", "per_request")
                )
                if group == Group.REGAIN_ACCESS:
                    assert after in usable


def test_a_licensee_falls_into_the_first_of_its_groups(base: Ground) -> None:
    """Denied for one model, to be reviewed for the other: it loses access, and is counted once."""
    ground.entitle("zhong", "mini-1")
    ground.entitle("zhong", "frontier-5")
    preview = base.previewed(
        base.draft(when={"all": [HQ_IN_CHINA, {"is": ["model.id", "mini-1"]}]})
    )
    assert whom(preview) == {"zhong": "lose_access"}
    row = preview.licensees.get()
    assert (row.granted, Offering.objects.get(position=row.position).model.ref) == (2, "mini-1")
    assert preview.entitlements == {"lose_access": 1}
    assert (preview.groups["no_change"], preview.total) == (2, 3)


def test_it_says_what_to_ask_for_and_where(granted: Ground) -> None:
    preview = granted.previewed(granted.draft())
    assert whom(preview) == {"zhong": "lose_access", "murk": "cant_decide"}
    assert preview.ask_for == {"licensee.hq_country": 1}
    assert preview.by_country == {"US": {"lose_access": 1, "cant_decide": 1}}


def test_never_just_nobody(base: Ground) -> None:
    """Who is matched without being changed is counted, and why."""
    nobody = base.previewed(base.draft(when={"is": ["licensee.country", "KP"]}))
    assert (nobody.affected, nobody.matched) == (0, 0)
    not_granted = base.previewed(base.draft(ref="R-2"))
    assert (not_granted.affected, not_granted.matched, not_granted.matched_not_granted) == (0, 2, 2)
    base.published(ref="R-3", effect="deny")
    for who in ("zhong", "murk"):
        ground.entitle(who, "mini-1")
        known_anew(Licensee.objects.get(ref=who))
    again = base.previewed(base.draft(ref="R-4"))
    assert (again.affected, again.matched, again.matched_denied) == (0, 2, 1)


def test_an_ending_is_previewed_as_it_is_asked_for(granted: Ground) -> None:
    granted.published()
    later = NOW + HOUR
    rule = RuleVersion.objects.get(rule__ref="R-NEW").rule
    version = orders.retire(rule=rule, by=granted.olivia, at=later, because="Over.")
    assert version.submitted_preview is not None
    assert whom(version.submitted_preview) == {"zhong": "to_review", "murk": "regain_access"}
    assert orders.approve(version=version, by=granted.priya, at=later).state == "approved"


def test_what_needs_no_question_any_more_is_freer(granted: Ground) -> None:
    """From per request to allowed nobody's access ends, but something changes, and is shown."""
    rule = RuleVersion.objects.get(rule__ref="R-USE").rule
    version = orders.retire(rule=rule, by=granted.olivia, at=NOW, because="Over.")
    assert whom(version.submitted_preview) == dict.fromkeys(
        ("acme", "zhong", "murk"), "regain_access"
    )


def test_the_first_rule_of_all_is_compared_with_nothing(db: None) -> None:
    olivia = ground.person("olivia", "officer")
    licensee = ground.add_licensee("zhong", "CN")
    ground.add_model("mini-1", "mini")
    ground.entitle("zhong", "mini-1")
    instrument = orders.Instrument(
        reference="L-1", kind="internal", authority="Us", citation="None", subject="First",
        received_at=NOW - HOUR, effective_at=NOW,
    )  # fmt: skip
    order = orders.enter(instrument=instrument, by=olivia, at=NOW)
    version = orders.draft(
        ref="R-1", order=order, by=olivia, at=NOW, because="The first.",
        content={"title": "T", "citation": "C", "effect": "deny", "when": HQ_IN_CHINA,
                 "effective_from": BEFORE_NOW},
    )  # fmt: skip
    preview = orders.preview_now(version=version, by=olivia, at=NOW)
    assert (preview.release, whom(preview)) == (None, {licensee.ref: "lose_access"})
    assert previews.why_stale(preview, version=version) == ""


# ---------------------------------------------------------------- as it will bite


def test_a_scheduled_rule_is_previewed_as_of_its_beginning(granted: Ground) -> None:
    """Then zhong has moved its headquarters, and acme, whose fact ends, is unknown."""
    zhong, acme = (Licensee.objects.get(ref=ref) for ref in ("zhong", "acme"))
    for licensee, value in ((zhong, "CN"), (acme, "US")):
        rows = Fact.objects.filter(licensee=licensee, attribute="licensee.hq_country")
        rows.update(superseded_at=NOW - HOUR)
        ground.Fact.objects.create(
            licensee=licensee, attribute="licensee.hq_country", value=value, source="register",
            held=(ground.LONG_AGO, NOW + DAY), learned_at=NOW - HOUR,
        )  # fmt: skip
    Fact.objects.create(
        licensee=zhong, attribute="licensee.hq_country", value="SG", source="register",
        held=(NOW + DAY, None), learned_at=NOW - HOUR,
    )  # fmt: skip
    soon = granted.previewed(granted.draft(effective_from="2040-05-01T13:00:00Z"))
    assert soon.judged_at == NOW + HOUR
    assert whom(soon) == {"zhong": "lose_access", "murk": "cant_decide"}
    later = granted.previewed(granted.draft(ref="R-LATER", effective_from="2040-05-03T12:00:00Z"))
    assert later.judged_at == NOW + 2 * DAY
    assert whom(later) == {"acme": "cant_decide", "murk": "cant_decide"}


def test_one_that_only_reports_is_previewed_as_of_when_it_is_enforced(granted: Ground) -> None:
    preview = granted.previewed(granted.draft(report_only_until="2040-06-01T00:00:00Z"))
    assert preview.judged_at == datetime(2040, 6, 1, tzinfo=UTC)
    assert whom(preview) == {"zhong": "lose_access", "murk": "cant_decide"}


def test_one_that_is_never_enforced_changes_nothing(granted: Ground) -> None:
    preview = granted.previewed(
        granted.draft(
            report_only_until="2040-06-01T00:00:00Z", effective_until="2040-06-01T00:00:00Z"
        )
    )
    assert (preview.judged_at, preview.affected, preview.matched) == (NOW, 0, 2)


def test_nothing_but_the_preview_is_written(granted: Ground) -> None:
    def standing() -> list[int]:
        return [each.objects.count() for each in (Standing, StandingChange, Hold, Case)]

    before = standing()
    granted.previewed(granted.draft())
    orders.preview(version=RuleVersion.objects.latest("id"), by=granted.olivia, at=NOW)
    work()
    assert standing() == before


# ---------------------------------------------------------------- found as one by one

LEAVES: tuple[dict[str, Any], ...] = (
    HQ_IN_CHINA,
    {"in_group": ["licensee.country", "D:5"]},
    {"is": ["licensee.country", "US"]},
    {"is": ["user.us_person", True]},
    {"is": ["request.end_use", "military"]},
    {"is": ["model.family", "frontier"]},
    {"is": ["request.activity", "fine_tune"]},
    {"at_least": ["licensee.red_flags_open", 1]},
    {"is": ["licensee.custom.role", "reseller"]},
    {"is": ["licensee.id", "L-3"]},
    {"is": ["entitlement.status", "held"]},
)


def condition(draw: Random, depth: int = 2) -> dict[str, Any]:
    kind = draw.choice(["leaf", "leaf", "all", "any", "not"]) if depth else "leaf"
    if kind == "leaf":
        return draw.choice(LEAVES)
    if kind == "not":
        return {"not": condition(draw, depth - 1)}
    return {kind: [condition(draw, depth - 1) for _ in range(draw.randint(1, 3))]}


def people_a_register(draw: Random) -> None:
    """Licensees with facts of all kinds, some missing, one outside its domain, some with papers."""
    offerings = list(Offering.objects.all())
    for n in range(12):
        licensee = ground.add_licensee(f"L-{n}", draw.choice(["CN", "US", "RU", None]))
        if draw.random() < 0.4:
            ground.state(licensee, "licensee.custom.role", draw.choice(["reseller", "end_user"]))
        if draw.random() < 0.3:
            Fact.objects.filter(licensee=licensee, attribute="licensee.country").delete()
            ground.state(licensee, "licensee.country", draw.choice(["UK", "CN", "DE"]))
        if draw.random() < 0.5:
            ground.attest(licensee.ref, "user.us_person", draw.random() < 0.7)
        for offering in offerings:
            if draw.random() < 0.5:
                granted = ground.entitle(licensee.ref, offering.model.ref, offering.activity)
                granted.ended_at = NOW - HOUR if draw.random() < 0.2 else None
                granted.save()
                if draw.random() < 0.2:
                    Hold.objects.create(
                        entitlement=granted,
                        cause="officer",
                        because="A test.",
                        placed_at=NOW - HOUR,
                    )
    for n in draw.sample(range(12), 2):
        ground.license_for(f"L-{n}", number=f"D-{n}")


def one_by_one(preview: Preview, ref: str) -> dict[str, Any]:
    """What the preview must say: each licensee judged on its own by both releases."""
    draft = previews.draft_release(ref, preview.rules, at=NOW)
    before = Judge(releases.current().policy, at=preview.judged_at)
    after = Judge(draft, at=preview.judged_at)
    ids = list(Licensee.objects.values_list("id", flat=True))
    was, now = before.findings(ids), after.findings(ids)
    status = facts.entitlement_statuses(ids, known_at=NOW)
    found: dict[str, Any] = {"whom": {}, "ask_for": Counter(), "entitlements": Counter(),
                             "matched": 0, "not_granted": 0, "denied": 0}  # fmt: skip
    for licensee in Licensee.objects.all():
        pk = licensee.pk
        has = [each.position for each in after.offerings if (pk, each.id) in status]
        groups = {at: impact.group_of(was[pk][at].outcome, now[pk][at].outcome) for at in has}
        group = min(groups.values(), default=Group.NO_CHANGE)
        moved = [at for at in has if groups[at] == group != Group.NO_CHANGE]
        if moved:
            found["whom"][licensee.ref] = (group.key, min(moved), len(has))
            found["entitlements"][group.key] += len(moved)
        if group == Group.CANT_DECIDE:
            found["ask_for"].update(
                {name for at in moved for each in now[pk][at].verdict["undetermined"]
                 for name in each["missing"]}
            )  # fmt: skip
        named = [
            each.position for each in after.offerings
            if any(rule["rule"] == ref for side in (was, now)
                   for part in ("reasons", "undetermined", "would_have")
                   for rule in side[pk][each.position].verdict[part])
        ]  # fmt: skip
        mine = set(named) & set(has)
        found["matched"] += bool(named)
        found["not_granted"] += bool(named and not mine and not moved)
        found["denied"] += bool(
            mine and not moved and all(was[pk][at].outcome == "deny" for at in mine)
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(15))
def test_the_groups_are_those_of_judging_one_by_one(seed: int) -> None:
    draw = Random(seed)
    rules = [ground.rule(f"R-{n}", draw.choice(policy.EFFECTS), condition(draw)) for n in range(4)]
    world = Ground(rules=rules)
    people_a_register(draw)
    ref = draw.choice(["R-NEW", "R-0"])
    version = world.draft(draw.choice(policy.EFFECTS), condition(draw), ref=ref)
    preview = world.previewed(version)
    expected = one_by_one(preview, ref)
    rows = preview.licensees.select_related("licensee")
    assert {
        row.licensee.ref: (Group(row.group).key, row.position, row.granted) for row in rows
    } == expected["whom"]
    assert preview.ask_for == expected["ask_for"]
    assert preview.entitlements == expected["entitlements"]
    assert (preview.matched, preview.matched_not_granted, preview.matched_denied) == (
        expected["matched"], expected["not_granted"], expected["denied"]
    )  # fmt: skip
    assert sum(preview.groups.values()) == preview.total == preview.done == Licensee.objects.count()
    affected = Counter({key: n for key, n in preview.groups.items() if n and key != "no_change"})
    assert sum(map(Counter, preview.by_country.values()), Counter()) == affected


def test_a_licensee_that_cannot_be_judged_is_named_and_left_open(granted: Ground) -> None:
    """The others are judged all the same."""
    ground.license_for("zhong", activities=["nonsense"])
    preview = granted.previewed(granted.draft())
    zhong = Licensee.objects.get(ref="zhong")
    assert preview.not_evaluated == [zhong.pk]
    assert whom(preview) == {"zhong": "cant_decide", "murk": "cant_decide"}
    row = preview.licensees.get(licensee=zhong)
    assert (row.before, row.after) == (None, None)
    assert preview.by_country["US"] == {"cant_decide": 1}


def test_a_failure_of_the_code_is_not_taken_for_one_of_a_licensee(
    granted: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the preview, and says why, instead of leaving licensees open that could be judged."""

    def fails(self: Evaluator, rows: fact_columns.FactColumns) -> None:
        raise IndexError("a bug")

    version = granted.draft()
    monkeypatch.setattr(Evaluator, "sheets_of", fails)
    with pytest.raises(IndexError, match="a bug"):
        granted.previewed(version)
    preview = orders.preview(version=version, by=granted.olivia, at=NOW)
    assert work() == 5
    preview.refresh_from_db()
    assert (preview.state, preview.problem) == ("failed", "IndexError: a bug")
    assert preview.not_evaluated == []


# ---------------------------------------------------------------- in parts


def test_in_parts_it_finds_the_same_and_tells_how_far_it_is(
    granted: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = granted.draft()
    whole = granted.previewed(version)
    monkeypatch.setattr(previews, "PART", 2)
    preview = orders.preview(version=version, by=granted.olivia, at=NOW)
    assert previews.work(at=NOW)
    preview.refresh_from_db()
    assert (preview.state, preview.done, preview.total) == ("running", 2, 3)
    assert sum(preview.groups.values()) == 2
    assert work(NOW + HOUR) == 1
    preview.refresh_from_db()
    assert (preview.state, preview.finished_at) == ("done", NOW + HOUR)
    assert (preview.affected_digest, preview.groups) == (whole.affected_digest, whole.groups)
    event = json.loads(AuditEvent.objects.filter(kind="rule.previewed").latest("id").payload)
    assert event["details"]["groups"] == preview.groups


def test_a_later_one_takes_the_place_of_the_one_under_way(granted: Ground) -> None:
    version = granted.draft()
    first = orders.preview(version=version, by=granted.olivia, at=NOW)
    second = orders.preview(version=version, by=granted.olivia, at=NOW)
    assert work() == 1
    assert [each.state for each in Preview.objects.order_by("id")] == ["cancelled", "done"]
    assert orders.newest_preview(version) == second
    assert first != second


def test_a_cancelled_one_is_not_worked_on(granted: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "PART", 1)
    preview = orders.preview(version=granted.draft(), by=granted.olivia, at=NOW)
    previews.work(at=NOW)
    previews.cancel(preview, by=granted.olivia, at=NOW)
    assert work() == 0
    preview.refresh_from_db()
    assert (preview.state, preview.done) == ("cancelled", 1)
    with pytest.raises(previews.CannotCancelPreview):
        previews.cancel(preview, by=granted.olivia, at=NOW)


def test_what_is_edited_or_overtaken_under_way_ends(granted: Ground) -> None:
    version = granted.draft()
    preview = orders.preview(version=version, by=granted.olivia, at=NOW)
    orders.edit(
        version=version, content={**version.content, "title": "Other"}, by=granted.olivia, at=NOW
    )
    work()
    preview.refresh_from_db()
    assert (preview.state, "edited" in preview.problem) == ("cancelled", True)
    preview = orders.preview(version=version, by=granted.olivia, at=NOW)
    granted.published(ref="R-OTHER")
    work()
    preview.refresh_from_db()
    assert (preview.state, "release 2" in preview.problem) == ("cancelled", True)


def test_what_fails_five_times_is_failed_and_says_why(
    granted: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "PART", "nonsense")  # the statement that reads a part fails
    preview = orders.preview(version=granted.draft(), by=granted.olivia, at=NOW)
    assert work() == 5
    preview.refresh_from_db()
    assert (preview.state, preview.attempts) == ("failed", 5)
    assert preview.problem


def test_workers_do_previews_before_runs(granted: Ground) -> None:
    preview = orders.preview(version=granted.draft(), by=granted.olivia, at=NOW)
    tasks.screen()
    preview.refresh_from_db()
    assert preview.state == "done"


# ---------------------------------------------------------------- kept as found


def test_a_preview_that_is_done_never_changes(granted: Ground) -> None:
    preview = granted.previewed(granted.draft())
    row = preview.licensees.first()
    again = AffectedLicensee(
        preview=preview, licensee=Licensee.objects.get(ref="acme"), group=1, position=0, granted=1
    )
    attempts = (
        lambda: Preview.objects.filter(pk=preview.pk).update(lose_access=0),
        lambda: Preview.objects.filter(pk=preview.pk)._raw_delete("default"),
        lambda: AffectedLicensee.objects.filter(pk=row.pk).update(group=2),
        lambda: AffectedLicensee.objects.filter(pk=row.pk)._raw_delete("default"),
        again.save,
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError, match=r"never|only"), transaction.atomic():
            attempt()


def test_the_database_refuses_groups_that_do_not_add_up(granted: Ground) -> None:
    preview = orders.preview(version=granted.draft(), by=granted.olivia, at=NOW)
    with pytest.raises(DatabaseError, match="preview_adds_up"), transaction.atomic():
        Preview.objects.filter(pk=preview.pk).update(state="done", done=3)
    with pytest.raises(DatabaseError, match="what a preview is about"), transaction.atomic():
        Preview.objects.filter(pk=preview.pk).update(content_digest="0" * 64)


# ---------------------------------------------------------------- the gate


def refused(verb: Any, code: str) -> str:
    with pytest.raises((orders.CannotSubmit, orders.CannotApprove)) as refusal:
        verb()
    assert refusal.value.code == code
    return refusal.value.message


def test_nothing_is_submitted_that_nobody_looked_at(granted: Ground) -> None:
    version = granted.draft()

    def submits() -> RuleVersion:
        return orders.submit(version=version, by=granted.olivia, at=NOW, because="Ready.")

    assert "Calculate its impact" in refused(submits, "preview_missing")
    preview = orders.preview(version=version, by=granted.olivia, at=NOW)
    assert "0 of 3" in refused(submits, "preview_missing")
    previews.cancel(preview, by=granted.olivia, at=NOW)
    refused(submits, "preview_missing")
    granted.previewed(version)
    orders.edit(
        version=version, content={**version.content, "title": "Other"}, by=granted.olivia, at=NOW
    )
    assert "edited" in refused(submits, "preview_stale")
    granted.previewed(version)
    granted.published(ref="R-OTHER")
    assert "release 2 is in force" in refused(submits, "preview_stale")
    shown = granted.previewed(version)
    submitted = submits()
    assert submitted.submitted_preview == shown
    event = json.loads(AuditEvent.objects.filter(kind="rule.submitted").latest("id").payload)
    told = event["details"]["impact"]
    assert (told["preview"], told["affected_sha256"]) == (shown.pk, shown.affected_digest)
    assert told["groups"] == shown.groups


def test_an_approver_sees_what_has_become_different_and_confirms_it(granted: Ground) -> None:
    version = submit(version=granted.draft(), by=granted.olivia, at=NOW)
    murk = Licensee.objects.get(ref="murk")
    ground.state(murk, "licensee.hq_country", "CN", at=NOW)
    known_anew(murk)

    def approves(**more: Any) -> RuleVersion:
        return orders.approve(version=version, by=granted.priya, at=NOW + HOUR, **more)

    with pytest.raises(orders.ImpactChanged) as refusal:
        approves()
    assert refusal.value.code == "impact_changed"
    assert "1 “Can't decide” → “Lose access”" in refusal.value.message
    found, difference = refusal.value.preview, refusal.value.difference
    assert difference.moves == {(Group.CANT_DECIDE, Group.LOSE_ACCESS): 1}
    assert difference.licensees == {murk.pk: (Group.CANT_DECIDE, Group.LOSE_ACCESS)}
    assert Preview.objects.filter(pk=found.pk, state="done").exists()
    assert RuleVersion.objects.get(pk=version.pk).state == "submitted"

    refused(lambda: approves(confirmed=version.previews.earliest("id").pk), "impact_changed")
    other = granted.previewed(granted.draft(ref="R-OTHER"))
    refused(lambda: approves(confirmed=other.pk), "impact_changed")
    approved = approves(confirmed=found.pk)
    assert approved.state == "approved"
    assert approved.approved_preview.affected_digest == found.affected_digest
    event = json.loads(AuditEvent.objects.filter(kind="rule.approved").latest("id").payload)
    assert event["details"]["impact"]["groups"]["lose_access"] == 2


def test_the_same_licensees_need_no_confirmation(granted: Ground) -> None:
    version = submit(version=granted.draft(), by=granted.olivia, at=NOW)
    ground.add_licensee("fresh", "US", at=NOW)
    approved = orders.approve(version=version, by=granted.priya, at=NOW + HOUR)
    assert approved.approved_preview.total == approved.submitted_preview.total + 1
    assert approved.approved_preview.affected_digest == approved.submitted_preview.affected_digest


def test_changes_that_are_asked_for_take_the_preview_back(granted: Ground) -> None:
    version = submit(version=granted.draft(), by=granted.olivia, at=NOW)
    back = orders.request_changes(version=version, by=granted.priya, at=NOW, because="Narrower.")
    assert back.submitted_preview is None


def test_what_is_decided_already_is_not_previewed(granted: Ground) -> None:
    granted.published()
    with pytest.raises(orders.CannotPreview, match="changes nothing any more"):
        granted.previewed(RuleVersion.objects.get(rule__ref="R-NEW"))


def test_two_versions_are_compared_by_whom_they_affect(granted: Ground) -> None:
    narrow = granted.previewed(
        granted.draft(when={"all": [HQ_IN_CHINA, {"is": ["model.id", "x"]}]})
    )
    wide = granted.previewed(granted.draft(ref="R-2"))
    assert differences.compare(wide, wide).equal
    difference = differences.compare(narrow, wide)
    assert difference.moves == {
        (Group.NO_CHANGE, Group.LOSE_ACCESS): 1, (Group.NO_CHANGE, Group.CANT_DECIDE): 1
    }  # fmt: skip
    assert difference.in_words().startswith("2 licensees differ: ")
