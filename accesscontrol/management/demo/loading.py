"""Loads the demo by the product's own verbs: people, lists, models, licensees and entitlements."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accesscontrol import audit, entitlements, parties, registry
from accesscontrol.management.demo import cast
from accesscontrol.management.demo.bulk import add_crowd
from accesscontrol.management.demo.cast import Member
from accesscontrol.management.demo.crowd import crowd
from accesscontrol.management.starting import load_starter
from accesscontrol.matching.csl import COLUMNS
from accesscontrol.models import Licensee, Offering, User

FOR = timedelta(days=365)
SOURCE = "demo"
BECAUSE = "The demo cast."


def load_demo(*, at: datetime, password: str, crowd_size: int = 1_000) -> bool:
    """Load the demo. Returns False, and does nothing, if there are licensees already.

    One officer enters what needs two persons, and another one confirms it.
    """
    if Licensee.objects.exists():
        return False
    with transaction.atomic():
        load_starter(at=at)
        hashed = make_password(password)  # once: it is slow on purpose
        people = {person.username: _add(person, hashed, at) for person in cast.PEOPLE}
        first, second = people["olivia"], people["omar"]
        parties.import_list(
            data=listed_parties(), file_name="demo.csv", by=first, at=at, because=BECAUSE
        )
        with registry.together(by=first, at=at, because=BECAUSE):
            for model in cast.MODELS:
                _add_model(model, first, at)
            added = [(member, _add_member(member, first, second, at)) for member in cast.MEMBERS]
            added += add_crowd(list(crowd(crowd_size)), first, second, at)
            _entitle(added, first, at)
    return True


def listed_parties() -> bytes:
    """The made-up restricted parties as a file of the Consolidated Screening List."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for number, (code, name, others, more) in enumerate(cast.LISTED, 1):
        writer.writerow(
            {
                "_id": f"demo-{number}",
                "source": cast.LIST_NAMES[code],
                "name": name,
                "alt_names": others,
                "remarks": "Made up for the demo",
                **more,
            }
        )
    return out.getvalue().encode()


def _add(person: cast.Person, hashed: str, at: datetime) -> User:
    """Add a person who can sign in. A user of that name who exists already keeps their password."""
    user = User.objects.filter(username=person.username).first()
    if user is not None:
        return user
    user = User.objects.create(
        username=person.username,
        password=hashed,
        first_name=person.first_name,
        last_name=person.last_name,
        role=person.role,
    )
    audit.record(
        "person.added", user, by=None, at=at, because=BECAUSE, details={"role": person.role}
    )
    return user


def _add_model(model: cast.Model, by: User, at: datetime) -> None:
    row = registry.add_model(
        ref=model.ref,
        name=model.name,
        activities=model.activities,
        facts=model.facts,
        source=SOURCE,
        by=by,
        at=at,
        because=BECAUSE,
    )
    if model.jailbreak:
        registry.report_incident(model=row, note=model.jailbreak, by=by, at=at)


def _add_member(member: Member, first: User, second: User, at: datetime) -> Licensee:
    licensee = registry.add_licensee(
        ref=member.ref,
        name=member.name,
        facts=member.known,
        source=SOURCE,
        by=first,
        at=at,
        because=f"{BECAUSE} {member.role.capitalize()}.",
    )
    if member.owners_declared:
        _declare_owners(licensee, member, first, second, at)
    for attribute, value in member.attested.items():
        attestation = registry.attest(
            licensee=licensee,
            attribute=attribute,
            value=value,
            evidence="Signed questionnaire (demo)",
            valid_until=at + FOR,
            by=first,
            at=at,
        )
        registry.confirm_attestation(attestation=attestation, by=second, at=at)
    if member.red_flag:
        registry.open_red_flag(
            licensee=licensee, number=member.red_flag, note=member.role, by=first, at=at
        )
    return licensee


def _declare_owners(
    licensee: Licensee, member: Member, first: User, second: User, at: datetime
) -> None:
    declaration = registry.declare_owners(
        licensee=licensee,
        owners=[registry.OwnedBy(share.owner, share.share_bp) for share in member.owners],
        source="Declaration of owners (demo)",
        by=first,
        at=at,
    )
    registry.confirm_owners(declaration=declaration, by=second, at=at)


def _entitle(added: Iterable[tuple[Member, Licensee]], by: User, at: datetime) -> None:
    offerings = {
        (offering.model.ref, offering.activity): offering.pk
        for offering in Offering.objects.select_related("model")
    }
    pairs = [
        (licensee.pk, offerings[offering])
        for member, licensee in added
        for offering in member.offerings
    ]
    entitlements.grant_many(pairs=pairs, by=by, at=at, because=BECAUSE)
