"""Impact previews: six groups that add up, kept as they were found, asked for before a submission."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accesscontrol import orders, screening
from accesscontrol.models import (
    AffectedLicensee,
    Case,
    Group,
    Hold,
    Licensee,
    Order,
    Preview,
    RuleVersion,
    Standing,
    StandingChange,
)
from accesscontrol.screening import preview as previews
from tests import cast as the_cast
from tests import ground
from tests import screening_world as world

pytestmark = pytest.mark.django_db

NOW = datetime(2040, 5, 1, 12, tzinfo=UTC)


class Ground:
    """The small world of the decisions' tests, with somebody who drafts and somebody who approves."""

    def __init__(self) -> None:
        ground.lay()
        self.olivia, self.priya = (
            ground.person("olivia", "officer"),
            ground.person("priya", "approver"),
        )
        self.order = Order.objects.get(reference="LETTER-1")
        for who in ("acme", "zhong", "murk"):
            for model in ("frontier-5", "mini-1"):
                ground.entitle(who, model)

    def draft(
        self, effect: str = "deny", when: Any = None, ref: str = "R-NEW", **more: Any
    ) -> RuleVersion:
        content = {
            "title": "A rule", "citation": "15 CFR 744", "effect": effect,
            "when": when or {"is": ["licensee.hq_country", "CN"]},
            "effective_from": "2040-05-01T11:00:00Z", **more,
        }  # fmt: skip
        return orders.draft(
            ref=ref,
            order=self.order,
            content=content,
            by=self.olivia,
            at=NOW,
            because="The letter.",
        )


@pytest.fixture
def base() -> Ground:
    return Ground()


def test_the_groups_of_a_small_world(base: Ground) -> None:
    preview = orders.preview_now(version=base.draft(), by=base.olivia, at=NOW)
    print(preview.groups, preview.by_country, preview.ask_for, preview.entitlements)
    assert preview.state == "done"
    assert sum(preview.groups.values()) == preview.total == 3
