"""One way to make each thing that worlds are made of: people, licensees, facts, models."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from accesscontrol.models import (
    AIModel,
    Attestation,
    Entitlement,
    Fact,
    Licensee,
    Offering,
    User,
)


def person(name: str, role: str = "officer") -> User:
    """Somebody with a role, who cannot sign in by a password; the same one each time."""
    return User.objects.get_or_create(username=name, defaults={"role": role, "password": "!"})[0]


def licensee(ref: str, at: datetime, **known: Any) -> Licensee:
    """A licensee with facts, ``hq_country="CN"`` being ``licensee.hq_country``."""
    row = Licensee.objects.create(
        ref=ref, name=ref.title(), normalized_name=ref, created_at=at, changed_at=at
    )
    for name, value in known.items():
        learn(row, f"licensee.{name}", value, at)
    return row


def learn(row: Licensee, attribute: str, value: Any, at: datetime, until: Any = None) -> Fact:
    """Put a fact in the register in place of the one that it has (no screening is started)."""
    Fact.objects.filter(licensee=row, attribute=attribute, superseded_at=None).update(
        superseded_at=at
    )
    return Fact.objects.create(
        licensee=row, attribute=attribute, value=value, source="register", held=(at, until),
        learned_at=at,
    )  # fmt: skip


def model(
    ref: str, activities: Collection[str], at: datetime, **known: Any
) -> tuple[AIModel, list[Offering]]:
    """A model with facts, and an offering for each activity at the next free positions."""
    row = AIModel.objects.create(ref=ref, name=ref.title(), created_at=at)
    for name, value in known.items():
        Fact.objects.create(
            model=row, attribute=f"model.{name}", value=value, source="register", held=(at, None),
            learned_at=at,
        )  # fmt: skip
    first = Offering.objects.count()
    offerings = [
        Offering.objects.create(model=row, activity=activity, position=first + n)
        for n, activity in enumerate(activities)
    ]
    return row, offerings


def grant(row: Licensee, offering: Offering, at: datetime) -> Entitlement:
    return Entitlement.objects.create(licensee=row, offering=offering, granted_at=at)


def attest(
    row: Licensee,
    attribute: str,
    value: Any,
    at: datetime,
    until: Any = None,
    *,
    by: User,
    and_by: User,
) -> Attestation:
    """An attestation that two people entered and confirmed."""
    return Attestation.objects.create(
        licensee=row, attribute=attribute, value=value, evidence="letter", valid=(at, until),
        recorded_at=at, entered_by=by, confirmed_by=and_by, confirmed_at=at,
    )  # fmt: skip
