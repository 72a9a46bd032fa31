"""Writes the demo's crowd in bulk: the rows that the verbs would write, but with one event.

Only for made-up licensees. Real ones are added by ``import_licensees`` or the register's verbs.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit, parties
from accesscontrol.management.demo.cast import Member
from accesscontrol.matching.normalize import normalize
from accesscontrol.models import Attestation, Fact, Licensee, OwnershipDeclaration, User
from accesscontrol.parties.ownership import SOURCE as COMPUTED

FOR = timedelta(days=365)
BATCH = 2_000


def add_crowd(
    members: Sequence[Member], first: User, second: User, at: datetime
) -> list[tuple[Member, Licensee]]:
    """Add licensees with facts, attestations and declared owners, and match them with all lists."""
    licensees = Licensee.objects.bulk_create(
        (_licensee(member, at) for member in members), batch_size=BATCH
    )
    added = list(zip(members, licensees, strict=True))
    Fact.objects.bulk_create(_facts(added, first, at), batch_size=BATCH)
    confirmed = {
        "entered_by": first,
        "confirmed_by": second,
        "confirmed_at": at,
        "recorded_at": at,
    }
    Attestation.objects.bulk_create(_attestations(added, at, confirmed), batch_size=BATCH)
    OwnershipDeclaration.objects.bulk_create(
        (
            OwnershipDeclaration(
                licensee=licensee,
                source="Declaration of owners (demo)",
                valid=DateTimeTZRange(at, None),
                **confirmed,
            )
            for member, licensee in added
            if member.owners_declared
        ),
        batch_size=BATCH,
    )
    parties.match(at=at, licensees=[licensee.pk for licensee in licensees])
    because = "Made-up licensees, written at once."
    details = {"licensees": len(added), "confirmed_by": second.username}
    subject = f"{len(added)} licensees"
    audit.record("demo.crowd_added", subject, by=first, at=at, because=because, details=details)
    return added


def _licensee(member: Member, at: datetime) -> Licensee:
    seats = {name.removeprefix("licensee."): country for name, country in member.seats.items()}
    return Licensee(
        ref=member.ref,
        name=member.name,
        normalized_name=normalize(member.name),
        created_at=at,
        changed_at=at,
        **seats,
    )


def _facts(added: Iterable[tuple[Member, Licensee]], by: User, at: datetime) -> Iterable[Fact]:
    for member, licensee in added:
        for attribute, value in member.known.items():
            yield _fact(licensee, attribute, value, "demo", by, at)
        if member.owners_declared:
            for attribute, value in _ownership():
                yield _fact(licensee, attribute, value, COMPUTED, None, at)


def _ownership() -> Iterable[tuple[str, Any]]:
    """The facts about ownership of a licensee whose declaration names no owner."""
    for regime in parties.REGIME_LISTS:
        yield f"licensee.captured_by_ownership.{regime}", False
        yield f"licensee.restricted_owner_share.{regime}", 0


def _fact(
    licensee: Licensee, attribute: str, value: Any, source: str, by: User | None, at: datetime
) -> Fact:
    return Fact(
        licensee=licensee,
        attribute=attribute,
        value=value,
        source=source,
        held=DateTimeTZRange(at, None),
        learned_at=at,
        entered_by=by,
    )


def _attestations(
    added: Iterable[tuple[Member, Licensee]], at: datetime, confirmed: dict[str, Any]
) -> Iterable[Attestation]:
    for member, licensee in added:
        for attribute, value in member.attested.items():
            yield Attestation(
                licensee=licensee,
                attribute=attribute,
                value=value,
                evidence="Signed questionnaire (demo)",
                valid=DateTimeTZRange(at, at + FOR),
                **confirmed,
            )
