"""The stage for pictures and browser tests: the demo's cast, a letter in force, questions asked, work open."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accesscontrol import entitlements, orders
from accesscontrol.models import RuleVersion, ScreeningRun
from tests.journeys.story import letter_rule
from tests.worlds import cast as the_cast
from tests.worlds import stage_previews
from tests.worlds.officers import submit

LETTER = "BIS-2026-0417"
PASSWORD = "a long enough word"


@dataclass
class Stage:
    """What the screens show; the paths of `tests/dashboard/screens.py` ask it for ids."""

    cast: Any
    decision_id: str
    hold: Any
    waiting: int  # the version that waits for approval
    differs: int  # the version whose impact is not what was submitted any more
    run: int  # the run of the letter's first rule


def build(*, crowd: int = 60, now: datetime | None = None) -> Stage:
    """An hour ago a letter came; now its first rule is in force and a second one waits for approval."""
    now = now or datetime.now(UTC)
    cast = the_cast.load(at=now - timedelta(hours=3), crowd=crowd)
    letter = _the_letter(cast, now)
    decisions = _questions(cast, now)
    hold = _a_hold(cast, now)
    the_cast.screen(now)
    # Read now: inside the browser's loop Django would open another connection that nobody closes.
    waiting = RuleVersion.objects.get(state="submitted").pk
    differs = stage_previews.build(cast, letter, now).pk
    run = ScreeningRun.objects.filter(cause="rule", subject="LETTER-FRONTIER-5").latest("id").pk
    return Stage(cast, str(decisions[0].decision_id), hold, waiting, differs, run)


def _the_letter(cast: Any, now: datetime) -> Any:
    instrument = orders.Instrument(
        reference=LETTER,
        kind="is_informed_letter",
        authority="Bureau of Industry and Security",
        citation="15 CFR 744.22(b)",
        subject="License required for Frontier 5: all destinations, any foreign person",
        text="You are hereby informed that a license is required before any export …",
        confidential=False,
        received_at=now - timedelta(hours=2),
        effective_at=now - timedelta(hours=2),
    )
    order = orders.enter(
        instrument=instrument,
        by=cast.olivia,
        at=now - timedelta(minutes=115),
        because="Received by courier.",
    )
    orders.acknowledge(order=order, by=cast.priya, at=now - timedelta(minutes=114))
    stage_previews.publish_first(cast, order, now - timedelta(minutes=110))
    for model, minutes in (("frontier-5", 100), ("frontier-5-cyber", 40)):
        _a_rule(cast, order, model, now - timedelta(minutes=minutes), model == "frontier-5")
    return order


def _a_rule(cast: Any, order: Any, model: str, at: datetime, published: bool) -> None:
    content = letter_rule(model) | {
        "effective_from": f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M}:00Z"
    }
    version = orders.draft(
        ref=f"LETTER-{model.upper()}",
        order=order,
        content=content,
        by=cast.olivia,
        at=at,
        because=f"The letter names {model}.",
    )
    submit(version=version, by=cast.olivia, at=at, because="Ready to look at.")
    if not published:
        return
    orders.approve(version=version, by=cast.priya, at=at + timedelta(minutes=4))
    orders.publish(
        version=version,
        by=cast.olivia,
        at=at + timedelta(minutes=5),
        because="The letter is in force.",
    )
    the_cast.screen(at + timedelta(minutes=6))


def _questions(cast: Any, now: datetime) -> list[Any]:
    """One of each outcome, some in numbers."""
    asked = [
        (cast.cascade, {"user_us_person": False, "user_nationalities": ["IN"]}),
        (cast.meridian, {}),
        (cast.meridian, {"user_us_person": True}),
        (cast.cascade, {}),
        (cast.unknown, {}),
        (cast.lumen, {}),
        (cast.kowloon, {}),
        (cast.captured, {}),
    ]
    return [
        cast.ask(licensee, now - timedelta(minutes=30 - n), **said)
        for n, (licensee, said) in enumerate(asked)
    ]


def _a_hold(cast: Any, now: datetime) -> Any:
    row = cast.meridian.entitlements.filter(offering__model__ref="swift-3").first()
    if row is None:
        return None
    return entitlements.hold(
        entitlement=row,
        by=cast.omar,
        at=now - timedelta(minutes=10),
        because="Odd traffic at night.",
    )
