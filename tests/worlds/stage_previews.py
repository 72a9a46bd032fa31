"""Drafts in every state of their impact preview, for pictures and browser tests."""

from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from accesscontrol import orders
from accesscontrol.models import Licensee, Order, RuleVersion
from accesscontrol.screening.preview import lifecycle as screening
from accesscontrol.screening.register import current_facts
from tests.worlds import cast as the_cast
from tests.worlds.officers import submit
from tests.worlds.register import learn

READY, RUNNING, STALE, EMPTY, NONE = "HUBS", "HUBS-RUNNING", "HUBS-STALE", "HUBS-EMPTY", "HUBS-NEW"
DIFFERS = "HUBS-DIFFERS"

CENTERS = {"all": [
    {"one_of": ["licensee.country", ["AU", "DE", "FR", "NL", "SE"]]},
    {"contains": ["licensee.data_center_countries", "CN"]},
]}  # fmt: skip


def rule(countries: list[str], start: datetime, title: str = "", *also: Any) -> dict[str, Any]:
    """No access for licensees with their seat or their parent's seat in these countries."""
    return {
        "title": title or "No model for licensees steered from transshipment hubs",
        "citation": "15 CFR 744.22(b)",
        "effect": "deny",
        "when": {"any": [
            {"one_of": ["licensee.hq_country", countries]},
            {"one_of": ["licensee.ultimate_parent_country", countries]},
            *also,
        ]},
        "effective_from": f"{start:%Y-%m-%dT%H:%M}:00Z",
    }  # fmt: skip


def publish_first(cast: Any, order: Order, at: datetime) -> None:
    """The version in force that the draft is compared with: it refuses two that the draft lets go."""
    for licensee in Licensee.objects.filter(ref__in=["L-00020", "L-00021"]):
        _move(licensee, "MX", at - timedelta(hours=1))
    version = _draft(cast, order, READY, rule(["IL", "MX", "VN"], at - timedelta(minutes=1)), at)
    submit(version=version, by=cast.olivia, at=at, because="Ready to look at.")
    orders.approve(version=version, by=cast.priya, at=at + timedelta(minutes=1))
    orders.publish(version=version, by=cast.olivia, at=at + timedelta(minutes=2), because="Now.")
    the_cast.screen(at + timedelta(minutes=3))


def build(cast: Any, order: Order, now: datetime) -> RuleVersion:
    """The drafts; returns the version whose impact is not what was submitted any more."""
    start, ago = now + timedelta(days=6), now - timedelta(minutes=9)
    wide = ["AE", "BR", "CH", "IN", "KR", "SG", "TW", "VN"]
    ready = _draft(cast, order, READY, rule(wide, start, "", CENTERS), ago)
    orders.preview_now(version=ready, by=cast.olivia, at=ago)
    stale = _draft(cast, order, STALE, rule(["SG"], start, "No model for Singapore"), ago)
    orders.preview_now(version=stale, by=cast.olivia, at=ago)
    edited = rule(["SG", "MY"], start, "No model for Singapore and Malaysia")
    orders.edit(version=stale, content=edited, by=cast.olivia, at=now - timedelta(minutes=7))
    empty = _draft(cast, order, EMPTY, rule(["VN"], start, "No model for Vietnam"), ago)
    orders.preview_now(version=empty, by=cast.olivia, at=ago)
    _draft(cast, order, NONE, rule(["TR"], start, "No model for Türkiye"), ago)
    running = _draft(cast, order, RUNNING, rule(["GB", "DE"], start, "No model for two"), ago)
    orders.preview(version=running, by=cast.olivia, at=now - timedelta(seconds=4))
    with mock.patch.object(screening, "PART", 30):  # a part of them, so that it is seen under way
        screening.work(at=now)
    return _differing(cast, order, start, now)


def _differing(cast: Any, order: Order, start: datetime, now: datetime) -> RuleVersion:
    content = rule(["AU", "SE"], start, "No model for Australia and Sweden")
    version = _draft(cast, order, DIFFERS, content, now - timedelta(minutes=9))
    submit(version=version, by=cast.olivia, at=now - timedelta(minutes=8))
    moved = Licensee.objects.filter(ref__startswith="L-").order_by("ref")[:3]
    for licensee, country in zip(moved, ("AU", "SE", "AU"), strict=True):
        _move(licensee, country, now - timedelta(minutes=6))
    orders.preview_now(version=version, by=cast.olivia, at=now - timedelta(minutes=5))
    version.refresh_from_db()
    return version


def _move(licensee: Licensee, country: str, at: datetime) -> None:
    """Its headquarters, in the register and in what a screening reads of it."""
    learn(licensee, "licensee.hq_country", country, at)
    current_facts.refresh([licensee.pk], at=at)


def _draft(cast: Any, order: Order, ref: str, content: Any, at: datetime) -> RuleVersion:
    return orders.draft(
        ref=ref, order=order, content=content, by=cast.olivia, at=at, because="The letter says so."
    )
