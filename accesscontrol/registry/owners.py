"""Owners of licensees: edges with shares, and declarations that these are all the owners.

Edges and declarations count when a second person has confirmed them. An edge that makes a
licensee's capture stricter counts from the moment it is entered (parties.ownership).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit
from accesscontrol.errors import Refused
from accesscontrol.matching.normalize import normalize
from accesscontrol.matching.ownership import WHOLE
from accesscontrol.models import Licensee, Owner, OwnershipDeclaration, Party, User
from accesscontrol.registry.consequences import after_change
from accesscontrol.registry.rights import Actor, end_now, may_edit, person, second_word


class CannotOwn(Refused):
    """An owner or its share is impossible, or the shares add up to more than 100 %."""

    code = "cannot_own"


@dataclass(frozen=True)
class OwnedBy:
    """One declared owner, a licensee or an outside party. Share None: not known."""

    owner: Licensee | Party | str
    share_bp: int | None = None


def add_party(*, name: str, country: str = "", by: Actor, at: datetime, because: str = "") -> Party:
    """Add an outside party, or return the one on record with this name and country."""
    may_edit(by, at)
    with transaction.atomic():
        party, new = _party(name, country, at)
        if new:
            details = {"country": country}
            audit.record("party.added", party, by=by, at=at, because=because, details=details)
    return party


def add_owner(
    *,
    owned: Licensee | Party,
    owner: Licensee | Party | str,
    share_bp: int | None,
    source: str,
    by: Actor,
    at: datetime,
    because: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Owner:
    """Add an owner to those on record; it waits for confirm_owner. Share None: not known."""
    may_edit(by, at)
    with transaction.atomic():
        valid = DateTimeTZRange(valid_from or at, valid_until)
        edge = _edge(owned, OwnedBy(owner, share_bp), source, valid, by, at)
        _check_whole(owned, [edge], at)
        audit.record("owner.entered", owned, by=by, at=at, because=because, details=_details(edge))
        after_change(_concerned(owned), cause="owner", by=by, at=at, because=because, owners=True)
    return edge


def confirm_owner(*, edge: Owner, by: User, at: datetime, because: str = "") -> Owner:
    """Confirm one edge as the second person."""
    with transaction.atomic():
        row = second_word(edge, by, at)
        owned = row.owned or row.owned_party
        audit.record("owner.confirmed", owned, by=by, at=at, because=because, details=_details(row))
        after_change(_concerned(owned), cause="owner", by=by, at=at, because=because, owners=True)
    return row


def declare_owners(
    *,
    licensee: Licensee,
    owners: Sequence[OwnedBy],
    source: str,
    by: Actor,
    at: datetime,
    because: str = "",
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> OwnershipDeclaration:
    """Declare all owners. They replace those on record after confirm_owners."""
    may_edit(by, at)
    with transaction.atomic():
        valid = DateTimeTZRange(valid_from or at, valid_until)
        if sum(each.share_bp or 0 for each in owners) > WHOLE:
            raise CannotOwn("The shares add up to more than 100 %.", pointer="/owners")
        edges = [_edge(licensee, each, source, valid, by, at) for each in owners]
        declaration = OwnershipDeclaration.objects.create(
            licensee=licensee, source=source, valid=valid, recorded_at=at, entered_by=person(by)
        )
        details = {"owners": [_details(edge) for edge in edges], "source": source}
        audit.record("owners.declared", licensee, by=by, at=at, because=because, details=details)
        after_change([licensee], cause="owner", by=by, at=at, because=because, owners=True)
    return declaration


def confirm_owners(
    *, declaration: OwnershipDeclaration, by: User, at: datetime, because: str = ""
) -> OwnershipDeclaration:
    """Confirm a whole declaration as the second person; edges and declarations before it end."""
    with transaction.atomic():
        row = second_word(declaration, by, at)
        edges = Owner.objects.on_record().filter(owned=row.licensee)
        entered = {"recorded_at": row.recorded_at, "entered_by": row.entered_by}
        declared = edges.filter(**entered, source=row.source, confirmed_at=None)
        kept = list(declared.values_list("pk", flat=True))
        edges.exclude(pk__in=kept).update(revoked_at=at)
        earlier = OwnershipDeclaration.objects.on_record().filter(licensee=row.licensee)
        earlier.exclude(pk=row.pk).update(revoked_at=at)
        edges.filter(pk__in=kept).update(confirmed_by=row.confirmed_by, confirmed_at=at)
        details = {"owners": len(kept)}
        audit.record(
            "owners.confirmed", row.licensee, by=by, at=at, because=because, details=details
        )
        after_change([row.licensee], cause="owner", by=by, at=at, because=because, owners=True)
    return row


def revoke_declaration(
    *, declaration: OwnershipDeclaration, by: Actor, at: datetime, because: str
) -> None:
    """End the declaration now: the owners on record may not be all. It can only tighten."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(declaration, at)
        audit.record("owners.declaration_revoked", row.licensee, by=by, at=at, because=because)
        after_change([row.licensee], cause="owner", by=by, at=at, because=because, owners=True)


def _edge(
    owned: Licensee | Party,
    each: OwnedBy,
    source: str,
    valid: DateTimeTZRange,
    by: Actor,
    at: datetime,
) -> Owner:
    if each.share_bp is not None and not 0 <= each.share_bp <= WHOLE:
        raise CannotOwn("A share lies between 0 and 100 %.", pointer="/share_bp")
    owner = _party(each.owner, "", at)[0] if isinstance(each.owner, str) else each.owner
    if type(owner) is type(owned) and owner.pk == owned.pk:
        raise CannotOwn("Nobody is entered as an owner of himself.", pointer="/owner")
    return Owner.objects.create(
        owned=owned if isinstance(owned, Licensee) else None,
        owned_party=owned if isinstance(owned, Party) else None,
        owner_licensee=owner if isinstance(owner, Licensee) else None,
        owner_party=owner if isinstance(owner, Party) else None,
        share_bp=each.share_bp,
        source=source,
        valid=valid,
        recorded_at=at,
        entered_by=person(by),
    )


def _party(name: str, country: str, at: datetime) -> tuple[Party, bool]:
    normalized = normalize(name)
    if not normalized or "\0" in name or len(normalized) > 400 or len(name) > 400:
        raise CannotOwn("An owner's name has 1 to 400 letters or digits.", pointer="/owner")
    known = Party.objects.filter(normalized_name=normalized, country=country).first()
    if known is not None:
        return known, False
    new = Party.objects.create(
        name=name, normalized_name=normalized, country=country, created_at=at
    )
    return new, True


def _check_whole(owned: Licensee | Party, more: Sequence[Owner], at: datetime) -> None:
    column = "owned" if isinstance(owned, Licensee) else "owned_party"
    edges = Owner.objects.at(at).filter(**{column: owned})
    if sum(edge.share_bp or 0 for edge in {*edges, *more}) > WHOLE:
        raise CannotOwn(
            "With the owners on record the shares add up to more than 100 %. "
            "Declare all owners anew to replace them.",
            pointer="/share_bp",
        )


def _concerned(owned: Licensee | Party | None) -> list[Licensee]:
    """The licensee itself, or every licensee that the outside party owns, at any tier."""
    if isinstance(owned, Licensee):
        return [owned]
    below: dict[int, Licensee] = {}
    seen: set[int] = set()
    waiting = [owned] if owned is not None else []
    while waiting:
        party = waiting.pop()
        if party.pk in seen:
            continue
        seen.add(party.pk)
        for edge in Owner.objects.filter(owner_party=party).select_related("owned", "owned_party"):
            if edge.owned is not None:
                below[edge.owned.pk] = edge.owned
            elif edge.owned_party is not None:
                waiting.append(edge.owned_party)
    return list(below.values())


def _details(edge: Owner) -> dict[str, object]:
    return {
        "owner": str(edge.owner_licensee or edge.owner_party),
        "share_bp": edge.share_bp,
        "source": edge.source,
    }
