"""June 2026, replayed on the demo's cast: the letter, the annex, the lift (``make story``).

``python -m tests.journeys.story`` makes a database, tells the story step by step, prints its
timeline, throws the database away, and exits 0 only if every step held.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

AUTHORITY = "Bureau of Industry and Security"
LETTER = "BIS-2026-0612"
SECOND_LETTER = "BIS-2026-0626"
ANNEX = f"annex:{SECOND_LETTER}"
MODELS = ("frontier-5", "frontier-5-cyber")


class StepFailed(AssertionError):
    """A step of the story did not come out as it must."""


def june(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    """An instant of June 2026, in UTC (Washington is four hours behind)."""
    return datetime(2026, 6, day, hour, minute, second, tzinfo=UTC)


@dataclass
class Story:
    """What was told so far: lines to print, and what the steps share."""

    cast: Any
    say: Callable[[str], None] = lambda line: None
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    order: Any = None
    timeline: Any = None

    def must(self, what: str, held: bool, detail: object = "") -> None:
        """One claim of the story; raises StepFailed where it does not hold."""
        if not held:
            raise StepFailed(f"{what} {detail}".strip())
        self.say(f"    ✓ {what}")

    def tell(self, at: datetime, what: str) -> None:
        """A line of the story with its time."""
        self.say(f"{at:%Y-%m-%d %H:%M} UTC  {what}")


def tell(story: Story) -> None:
    """The whole story, in order."""
    for step in (
        before_the_letter,
        the_letter_arrives,
        the_rules_are_drafted,
        the_rules_are_approved_and_published,
        everyone_is_screened,
        questions_are_asked,
        the_annex_exempts_a_party_for_one_model,
        the_lift_restores_all,
        the_log_tells_it,
        every_decision_replays,
    ):
        step(story)


def before_the_letter(story: Story) -> None:
    from tests.worlds import cast

    story.tell(story.cast.at, "Before the letter")
    story.before = {model: cast.standings(model) for model in MODELS}
    for model in MODELS:
        counts = Counter(story.before[model].values())
        story.must(
            f"{model}: {counts['permit']} of {counts.total()} licensees are allowed",
            counts["permit"] * 2 > counts.total(),
            dict(counts),
        )


def the_letter_arrives(story: Story) -> None:
    from accesscontrol import orders

    cast = story.cast
    instrument = orders.Instrument(
        reference=LETTER,
        kind="is_informed_letter",
        authority=AUTHORITY,
        citation="15 CFR 744.22(b); 50 USC 4817(b)(1)",
        subject="License required for two models: all destinations, any foreign person anywhere",
        text="You are hereby informed that a license is required before any export …",
        confidential=True,
        received_at=june(12, 21, 21),
        effective_at=june(12, 21, 21),
    )
    story.order = orders.enter(
        instrument=instrument,
        by=cast.olivia,
        at=june(12, 21, 24),
        because="Received by courier.",
    )
    orders.acknowledge(order=story.order, by=cast.priya, at=june(12, 21, 25))
    story.tell(june(12, 21, 21), f"The letter {LETTER} arrives; entered three minutes later")


def the_rules_are_drafted(story: Story) -> None:
    from accesscontrol import orders

    for minute, model in zip((29, 31), MODELS, strict=True):
        version = orders.draft(
            ref=f"LETTER-{model.upper()}",
            order=story.order,
            content=letter_rule(model),
            by=story.cast.olivia,
            at=june(12, 21, minute),
            because=f"The letter of 2026-06-12 names {model}.",
        )
        add_test_cases(story, version.rule, model)
        look_at_the_impact(story, version)
        orders.submit(
            version=version, by=story.cast.olivia, at=june(12, 21, 36), because="Ready to look at."
        )
        refuse_own_approval(story, version)
    story.tell(june(12, 21, 36), "Two rules are drafted, tested and submitted")


def look_at_the_impact(story: Story, version: Any) -> None:
    """Six groups that add up; who is abroad goes to a license, who is at home stays or is asked."""
    from accesscontrol import orders

    impact = orders.preview_now(version=version, by=story.cast.olivia, at=june(12, 21, 34))
    groups = impact.groups
    story.must(
        f"{version.rule.ref} would change: {groups}",
        sum(groups.values()) == impact.total
        and groups["to_review"] > 0
        and groups["per_request"] > 0
        and groups["lose_access"] == groups["regain_access"] == 0,
        groups,
    )


def refuse_own_approval(story: Story, version: Any) -> None:
    from accesscontrol import errors, orders

    version.rule.refresh_from_db()
    role, story.cast.olivia.role = story.cast.olivia.role, "approver"
    story.cast.olivia.save()
    try:
        orders.approve(version=version, by=story.cast.olivia, at=june(12, 21, 37))
    except errors.Refused as refusal:
        story.must(f"{version.rule.ref}: its author cannot approve it", "edited" in refusal.message)
    else:
        raise StepFailed("an author approved his own rule")
    finally:
        story.cast.olivia.role = role
        story.cast.olivia.save()


def the_rules_are_approved_and_published(story: Story) -> None:
    from accesscontrol import orders
    from accesscontrol.models import RuleVersion

    for version in RuleVersion.objects.filter(rule__order=story.order).order_by("id"):
        orders.approve(version=version, by=story.cast.priya, at=june(12, 21, 41))
    for second, version in enumerate(
        RuleVersion.objects.filter(rule__order=story.order).order_by("id")
    ):
        release = orders.publish(
            version=version,
            by=story.cast.olivia,
            at=june(12, 21, 44, second),
            because="The letter is in force.",
        )
    story.tell(june(12, 21, 44), f"Approved by another, published: release {release.number}")


def everyone_is_screened(story: Story) -> None:
    from accesscontrol.models import ScreeningRun
    from tests.worlds import cast

    cast.screen(june(12, 21, 45))
    run = ScreeningRun.objects.filter(full=True).exclude(state="overtaken").order_by("-id")[0]
    story.must(
        f"run {run.pk} looked at all {run.total} licensees: "
        f"{run.changed} changed, {run.unchanged} did not, {run.failed} failed",
        run.state == "done" and run.changed + run.unchanged == run.total and not run.failed,
        run.state,
    )
    story.tell(june(12, 21, 45), "Everyone is screened again")
    for model in MODELS:
        standings_follow_the_letter(story, model)
    nobody_is_switched_off_wholesale(story)


def standings_follow_the_letter(story: Story, model: str) -> None:
    from tests.worlds.cast import finding_of, held, standing

    cast = story.cast
    expected = {
        "meridian": ("permit", "attested its users and is decided"),
        "cascade": ("per_request", "its users decide"),
        "unknown": ("undetermined", "a register fact is missing"),
        "partner": ("license_required", "is abroad"),
        "lumen": ("license_required", "is abroad"),
    }
    for key, (outcome, why) in expected.items():
        got = standing(getattr(cast, key), model)
        story.must(f"{model}: {key} {why}: {outcome}", got == outcome, f"but is {got}")
    for key, is_held in (("cascade", False), ("meridian", False), ("unknown", True)):
        story.must(
            f"{model}: the entitlement of {key} {'is held' if is_held else 'stays'}",
            held(getattr(cast, key), model) is is_held,
        )
    missing = finding_of(cast.unknown, model).verdict["undetermined"]
    names = {name for each in missing for name in each["missing"]}
    story.must(
        f"{model}: the missing fact is named: licensee.hq_country",
        "licensee.hq_country" in names,
        names,
    )


def nobody_is_switched_off_wholesale(story: Story) -> None:
    """At home, whoever was allowed before still is, or depends on the user; nobody else is touched."""
    from accesscontrol.models import Entitlement, Licensee
    from tests.worlds.cast import standings

    at_home = set(Licensee.objects.filter(country="US").values_list("ref", flat=True))
    for model in MODELS:
        now = standings(model)
        allowed = [ref for ref in at_home if story.before[model][ref] in ("permit", "per_request")]
        kept = [ref for ref in allowed if now[ref] in ("permit", "per_request")]
        story.must(f"{model}: {len(kept)} of {len(allowed)} at home keep access", kept == allowed)
    other = Entitlement.objects.filter(offering__model__ref="swift-3")
    touched = other.filter(holds__placed_at__gte=story.order.received_at, holds__released_at=None)
    story.must(f"swift-3: none of {other.count()} entitlements is touched", not touched.exists())


def questions_are_asked(story: Story) -> None:
    cast, at = story.cast, june(12, 21, 46)
    said = {"request_location_country": "US", "request_end_use": "commercial"}
    for model in MODELS:
        us = cast.ask(cast.cascade, at, model, user_us_person=True, **said)
        foreign = cast.ask(cast.cascade, at, model, user_us_person=False, **said)
        silent = cast.ask(cast.cascade, at, model, **said)
        permanent = cast.ask(cast.cascade, at, model, user_lawful_permanent_resident=True, **said)
        attested = cast.ask(cast.meridian, at, model)
        for who, decision, outcome in (
            ("a US person in the United States keeps access", us, "permit"),
            ("a foreign person there is refused", foreign, "license_required"),
            ("a question that does not say who is not decided", silent, "undetermined"),
            ("a lawful permanent resident keeps access", permanent, "permit"),
            ("a licensee that attested its users is decided", attested, "permit"),
        ):
            story.must(
                f"{model}: {who}: {outcome}",
                decision.outcome == outcome,
                f"but is {decision.outcome}: {decision.verdict}",
            )
    swift = cast.ask(cast.lumen, at, "swift-3")
    story.must("swift-3: a licensee abroad is as before: permit", swift.outcome == "permit", swift)
    story.tell(at, "The licensing systems ask")


def the_annex_exempts_a_party_for_one_model(story: Story) -> None:
    from accesscontrol import orders
    from tests.worlds.cast import held, screen, standing

    cast = story.cast
    notice = orders.Notice(
        reference=SECOND_LETTER,
        received_at=june(26, 15, 40),
        effective_at=june(26, 16, 0),
    )
    named = orders.annex(
        order=story.order,
        notice=notice,
        parties=[cast.partner.ref],
        by=cast.olivia,
        at=june(26, 15, 50),
        because="The second letter lists trusted partners for one model.",
    )
    refuse_own_confirmation(story, named)
    orders.confirm_annex(named_list=named, by=cast.peter, at=june(26, 16, 5))
    version = orders.draft(
        ref="LETTER-FRONTIER-5",
        content={**letter_rule("frontier-5"), "unless": [exemption()]},
        by=cast.omar,
        at=june(26, 15, 55),
        because="A license is no longer required for entities in the annex.",
    )
    impact = orders.preview_now(version=version, by=cast.omar, at=june(26, 16, 6))
    story.must(f"the annex would restore access to {impact.regain_access}",
               impact.regain_access == impact.affected == 1, impact.groups)  # fmt: skip
    orders.submit(version=version, by=cast.omar, at=june(26, 16, 7), because="As the letter says.")
    orders.approve(version=version, by=cast.priya, at=june(26, 16, 10))
    orders.publish(version=version, by=cast.omar, at=june(26, 16, 12), because="The annex.")
    screen(june(26, 16, 13))
    story.tell(june(26, 16, 12), f"The second letter {SECOND_LETTER} with its annex is in force")
    for model, outcome in zip(MODELS, ("permit", "license_required"), strict=True):
        story.must(
            f"{model}: the partner in the annex: {outcome}",
            standing(cast.partner, model) == outcome,
            f"but is {standing(cast.partner, model)}",
        )
        story.must(
            f"{model}: its entitlement is {'restored' if outcome == 'permit' else 'still held'}",
            held(cast.partner, model) is (outcome != "permit"),
        )
        decision = cast.ask(cast.partner, june(26, 16, 14), model, user_us_person=False)
        story.must(f"{model}: its foreign staff asks: {outcome}", decision.outcome == outcome)
        story.must(
            f"{model}: who is not in the annex stays refused",
            standing(cast.lumen, model) == "license_required",
        )


def refuse_own_confirmation(story: Story, named: Any) -> None:
    from accesscontrol import errors, orders

    try:
        orders.confirm_annex(named_list=named, by=story.cast.olivia, at=june(26, 15, 51))
    except errors.Refused:
        story.must("whoever entered the annex cannot confirm it", held=True)
    else:
        raise StepFailed("one person alone exempted a party")


def the_lift_restores_all(story: Story) -> None:
    from accesscontrol import orders
    from tests.worlds.cast import screen, standings

    cast = story.cast
    notice = orders.Notice(
        reference="BIS-2026-0630",
        received_at=june(30, 21, 50),
        effective_at=june(30, 22, 0),
    )
    orders.lift(
        order=story.order,
        notice=notice,
        by=cast.olivia,
        at=june(30, 21, 55),
        because="Controls lifted, tied to commitments.",
    )
    release = orders.confirm_lift(order=story.order, by=cast.peter, at=june(30, 22, 4))
    screen(june(30, 22, 5))
    story.tell(june(30, 22, 4), f"The lift is confirmed: release {release.number}")
    for model in MODELS:
        now = standings(model)
        different = {ref for ref in now if now[ref] != story.before[model][ref]}
        story.must(f"{model}: all {len(now)} standings are as before", not different, different)
        decision = cast.ask(cast.lumen, june(30, 22, 6), model)
        story.must(f"{model}: a licensee abroad asks: permit", decision.outcome == "permit")
    story.order.refresh_from_db()


def the_log_tells_it(story: Story) -> None:
    import json

    from accesscontrol.models import AuditEvent, Decision

    payloads = AuditEvent.objects.order_by("id").values_list("payload", flat=True)
    events = [json.loads(text) for text in payloads]
    told = [event["kind"] for event in events if event.get("order") == LETTER]
    expected = [
        "order.entered", "order.acknowledged", "rule.drafted", "rule.submitted", "rule.approved",
        "rule.published", "order.annexed", "order.annex_confirmed", "order.lift_entered",
        "order.lifted",
    ]  # fmt: skip
    first = [told.index(kind) for kind in expected if kind in told]
    story.must("the log tells the order's life in its order",
               len(first) == len(expected) and first == sorted(first), told)  # fmt: skip
    decided = {event["decision_id"] for event in events if event["kind"] == "decision.made"}
    ids = set(Decision.objects.values_list("decision_id", flat=True))
    story.must(f"the log has all {len(ids)} decisions", decided == ids)


def every_decision_replays(story: Story) -> None:
    from accesscontrol import decisions, orders
    from accesscontrol.models import Decision

    rows = list(Decision.objects.select_related("release").order_by("id"))
    different = [
        str(row)
        for row in rows
        if any(row.verdict.get(name, said) != said
               for name, said in decisions.replay(row).to_json().items())
    ]  # fmt: skip
    story.must(f"all {len(rows)} decisions replay to the same verdict", not different, different)
    story.timeline = orders.timeline(story.order)
    print_timeline(story)


def print_timeline(story: Story) -> None:
    """Order received → in force → first refusal → last standing."""
    story.say("")
    story.say(f"Timeline of {LETTER}")
    for step in (*story.timeline.steps, *story.timeline.amendments):
        if step.at is not None:
            story.say(f"  {step.label:<44} {step.at:%Y-%m-%d %H:%M:%S} UTC  +{step.since_received}")
    story.must("time to enforce: 23 minutes",
               story.timeline.time_to_enforce == timedelta(minutes=23),
               story.timeline.time_to_enforce)  # fmt: skip
    for name in ("received", "in_force", "first_refusal", "last_standing"):
        story.must(f"the clock has: {name.replace('_', ' ')}", story.timeline.at(name) is not None)


def letter_rule(model: str) -> dict[str, Any]:
    """The letter's clause for one model, as a rule."""
    return {
        "title": f"{model}: no foreign person, no destination outside the United States",
        "citation": "15 CFR 744.22(b)",
        "effect": "license_required",
        "license_review_policy": "presumption_of_denial",
        "when": {
            "all": [
                {"is": ["model.id", model]},
                {
                    "any": [
                        {"not": {"is": ["user.us_person", True]}},
                        {"not": {"is": ["licensee.country", "US"]}},
                        {"not": {"is": ["request.location_country", "US"]}},
                    ]
                },
            ]
        },
        "effective_from": "2026-06-12T21:21:00Z",
    }


def exemption() -> dict[str, Any]:
    """The annex of the second letter."""
    return {
        "ref": "annex",
        "citation": "Letter of 2026-06-26, annex",
        "when": {"in_list": ["licensee.id", ANNEX]},
        "effective_from": "2026-06-26T16:00:00Z",
        "effective_until": None,
    }


def add_test_cases(story: Story, rule: Any, model: str) -> None:
    """A US person at home is allowed, a foreign person there needs a license."""
    from accesscontrol import orders

    for name, us_person, outcome in (
        ("a US person at home", True, "permit"),
        ("a foreign person at home", False, "license_required"),
    ):
        facts = {
            "licensee.id": "example",
            "model.id": model,
            "request.activity": "use_api",
            "licensee.country": "US",
            "request.location_country": "US",
            "user.us_person": us_person,
        }
        orders.add_test_case(
            rule=rule, name=name, facts=facts, holds_at=june(13, 0, 0), outcome=outcome,
            by=story.cast.olivia, at=june(12, 21, 33),
        )  # fmt: skip


def main() -> int:
    """Make a database, tell the story in it, throw it away."""
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from tests.worlds import cast

    databases = setup_databases(verbosity=0, interactive=False, aliases=["default"])
    try:
        tell(Story(cast.load(crowd=1_000), say=print))
    except StepFailed as failure:
        print(f"    ✗ {failure}", file=sys.stderr)
        return 1
    finally:
        connections["audit"].close()
        teardown_databases(databases, verbosity=0)
    print("\nEvery step held.")
    return 0


if __name__ == "__main__":
    import os

    from project import embedded

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    # The story takes the chunks itself: nobody needs to be woken.
    os.environ.setdefault("CELERY_BROKER_URL", "memory://localhost/")
    with embedded.for_command(["manage.py", "story"]):
        sys.exit(main())
