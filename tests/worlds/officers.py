"""Who acts on the screens under test, and what already stands there: a letter, a rule under it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from accesscontrol import orders
from accesscontrol.models import EndUse, Order, RuleVersion, User
from tests.worlds.parts import person as person  # handed on

NOW = datetime.now(UTC)
IN_CHINA = {"all": [{"is": ["licensee.hq_country", "CN"]}]}


def sign_in(client: Any, name: str, role: str) -> User:
    user = person(name, role)
    client.force_login(user)
    return user


def letter(by: User | None = None, **more: Any) -> Order:
    """A letter that came two days ago."""
    EndUse.objects.get_or_create(code="commercial", defaults={"label": "Commercial"})
    instrument = orders.Instrument(**{
        "reference": "L-1", "kind": "is_informed_letter", "authority": "BIS",
        "citation": "15 CFR 744.22(b)", "subject": "Frontier models",
        "received_at": NOW - timedelta(days=2), "effective_at": NOW - timedelta(days=1), **more,
    })  # fmt: skip
    return orders.enter(instrument=instrument, by=by, at=NOW - timedelta(hours=3))


def content(when: Any = None, **more: Any) -> dict[str, Any]:
    """A rule of the language that takes effect in a day."""
    return {
        "title": "No headquarters in China", "citation": "15 CFR 744.23", "effect": "deny",
        "when": when or IN_CHINA, "unless": [],
        "effective_from": f"{NOW + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", **more,
    }  # fmt: skip


def drafted(by: User, ref: str = "R-1", **more: Any) -> RuleVersion:
    order = Order.objects.filter(reference="L-1").first() or letter()
    return orders.draft(
        ref=ref, content=content(**more), order=order, by=by, at=NOW - timedelta(hours=2),
        because="The letter says so.",
    )  # fmt: skip


def submitted(by: User, **more: Any) -> RuleVersion:
    version = drafted(by, **more)
    return submit(version=version, by=by, at=NOW - timedelta(hours=1), because="Ready.")


def submit(*, version: RuleVersion, by: Any, at: datetime, because: str = "Ready.") -> RuleVersion:
    """Put a draft before the approvers as a person does: after a look at what it would change."""
    orders.preview_now(version=version, by=by, at=at)
    return orders.submit(version=version, by=by, at=at, because=because)
