"""Installs the starter policy: turns its data into an ``orders.Policy``."""

from datetime import datetime
from zoneinfo import ZoneInfo

from accesscontrol import orders, starter
from accesscontrol.models import Order, Release

NEW_YORK = ZoneInfo("America/New_York")


def load_starter(*, at: datetime) -> Release | None:
    """Install the starter policy. Returns None, and does nothing, if there is a release already."""
    return orders.install(
        starter=starter_policy(), at=at, because="The written law, as the product comes with it."
    )


def starter_policy() -> orders.Policy:
    """The starter policy as data for an empty installation."""
    return orders.Policy(
        lists=starter.LISTS,
        end_uses=starter.END_USES,
        memberships=list(_memberships()),
        territories=starter.TERRITORIES,
        territories_citation=starter.TERRITORIES_CITATION,
        orders=[
            *(
                _order(Order.Kind.RULE, "Bureau of Industry and Security", *o)
                for o in starter.ORDERS
            ),
            _order(Order.Kind.INTERNAL, "The company", *starter.INTERNAL),
        ],
        rules=starter.RULES,
    )


def _memberships() -> list[orders.GroupMembership]:
    current = [
        orders.GroupMembership(group, country, None, None, citation)
        for group, (citation, countries) in starter.GROUPS.items()
        for country in countries.split()
    ]
    ended = [
        orders.GroupMembership(group, country, None, until, citation)
        for group, country, until, citation in starter.ENDED
    ]
    return current + ended


def _order(
    kind: str, authority: str, reference: str, citation: str, subject: str, since: str
) -> dict[str, object]:
    if reference.startswith("OFAC"):
        authority = "Office of Foreign Assets Control"
    return {
        "reference": reference,
        "kind": kind,
        "authority": authority,
        "citation": citation,
        "subject": subject,
        "effective_at": datetime.fromisoformat(since).replace(tzinfo=NEW_YORK),
    }
