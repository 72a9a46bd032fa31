"""Licensees and their facts; a change that would loosen a standing waits for a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import audit, parties
from accesscontrol.errors import Refused, Stale
from accesscontrol.matching.normalize import normalize
from accesscontrol.models import AIModel, Fact, Licensee, User
from accesscontrol.parties import NewFact
from accesscontrol.registry.consequences import after_change, after_model_change
from accesscontrol.registry.loosening import loosened, read_by_a_rule
from accesscontrol.registry.rights import Actor, AlreadyConfirmed, may_confirm, may_edit, person
from accesscontrol.registry.vocabulary import check_fact, check_facts

# The facts that are also columns of the licensee, with the column's value while they are unknown.
COLUMNS: dict[str, tuple[str, Any]] = {
    "licensee.country": ("country", ""),
    "licensee.hq_country": ("hq_country", ""),
    "licensee.ultimate_parent_country": ("ultimate_parent_country", ""),
    "licensee.foreign_national_access": ("foreign_national_access", -1),
}
NAME = "licensee.name"  # stored only as a row that waits: a rename that would loosen
# A clearance of a match rests on these: where one changes, the licensee is matched anew.
MATCHED_ON = frozenset({NAME, "licensee.country"})


class CannotAdd(Refused):
    """The reference is taken, or the name cannot be compared with the lists."""

    code = "cannot_add"


def add_licensee(
    *,
    ref: str,
    name: str,
    source: str,
    by: Actor,
    at: datetime,
    because: str = "",
    facts: Mapping[str, Any] | None = None,
    registration_number: str = "",
    domain: str = "",
) -> Licensee:
    """Add a licensee with its facts, match it with all lists, and screen it.

    Raises CannotAdd, UnknownAttribute, InvalidValue.
    """
    may_edit(by, at)
    checked = check_facts(facts or {}, of="licensee")
    with transaction.atomic():
        if Licensee.objects.filter(ref=check_ref(ref)).exists():
            raise CannotAdd(f"There is already a licensee “{ref}”.", pointer="/ref")
        licensee = Licensee.objects.create(
            ref=ref,
            name=name,
            normalized_name=check_name(name),
            registration_number=registration_number,
            domain=domain,
            created_at=at,
            changed_at=at,
            **columns(checked),
        )
        parties.put_facts(new_facts(licensee, checked, source, by, at), at=at)
        details = {"name": name, "facts": checked, "source": source}
        audit.record("licensee.added", licensee, by=by, at=at, because=because, details=details)
        after_change([licensee], cause="fact", by=by, at=at, because=because, renamed=True)
    return licensee


def rename(
    *,
    licensee: Licensee,
    name: str,
    source: str,
    by: Actor,
    at: datetime,
    because: str,
    version: int | None = None,
) -> Fact | None:
    """Rename the licensee and match the new name with all lists.

    Returns the row that waits for a second person if the new name would loosen a standing.
    """
    may_edit(by, at)
    check_name(name)
    with transaction.atomic():
        locked = _lock(licensee, version)
        waits = bool(loosened([locked.pk], lambda: set_name(locked, name, at), at=at))
        new = NewFact(locked, NAME, name, source, at, entered_by=person(by))
        row = let_wait(new, at=at) if waits else None
        kind = "licensee.rename_proposed" if waits else "licensee.renamed"
        details = {"from": locked.name, "to": name, "waits": waits}
        audit.record(kind, locked, by=by, at=at, because=because, details=details)
        if not waits:
            set_name(locked, name, at)
            after_change([locked], cause="fact", by=by, at=at, because=because, renamed=True)
    licensee.refresh_from_db()
    return row


def edit_fact(
    *,
    of: Licensee | AIModel,
    attribute: str,
    value: Any,
    source: str,
    by: Actor,
    at: datetime,
    because: str = "",
    held_from: datetime | None = None,
    version: int | None = None,
) -> Fact:
    """Set the attribute to ``value`` from ``held_from`` (by default now) on; None withdraws it.

    It takes effect at once, unless it would loosen a standing: then the row ``waits`` for
    confirm_fact. Raises UnknownAttribute, InvalidValue, Stale.
    """
    may_edit(by, at)
    checked = check_fact(attribute, value, of=_kind(of))
    start = held_from or at
    with transaction.atomic():
        locked = _lock(of, version)
        new = NewFact(locked, attribute, checked, source, start, entered_by=person(by))
        waits = _would_loosen(new, at)
        row = let_wait(new, at=at) if waits else put_one(new, at=at)
        kind = f"{_kind(of)}.fact_proposed" if waits else f"{_kind(of)}.fact_edited"
        details = {
            "attribute": attribute,
            "value": checked,
            "source": source,
            "held_from": start,
            "waits": waits,
        }
        audit.record(kind, locked, by=by, at=at, because=because, details=details)
        if not waits:
            _follow(locked, by, at, because, matched=attribute in MATCHED_ON)
    return row


def confirm_fact(*, fact: Fact, by: User, at: datetime, because: str = "") -> Fact:
    """Put the waiting fact in effect as the second person. Raises SamePerson, AlreadyConfirmed."""
    with transaction.atomic():
        row = _locked_waiting(fact)
        second = may_confirm(by, row.entered_by, at)
        of = _lock(row.licensee or row.model, None)
        Fact.objects.filter(pk=row.pk).update(superseded_at=at)
        done = row
        if row.attribute == NAME and isinstance(of, Licensee):
            set_name(of, str(row.value), at)
        else:
            content = (row.attribute, row.value, row.source, row.held.lower)
            new = NewFact(of, *content, entered_by=row.entered_by, confirmed_by=second)
            done = put_one(new, at=at)
        details = {"attribute": row.attribute, "value": row.value}
        kind = f"{_kind(of)}.fact_confirmed"
        audit.record(kind, of, by=by, at=at, because=because, details=details)
        _follow(of, by, at, because, matched=row.attribute in MATCHED_ON)
    return done


def withdraw_fact(*, fact: Fact, by: Actor, at: datetime, because: str) -> None:
    """Withdraw a fact that waits: its author gives it up, or a second person refuses it."""
    may_edit(by, at)
    with transaction.atomic():
        row = _locked_waiting(fact)
        Fact.objects.filter(pk=row.pk).update(superseded_at=at)
        of = row.licensee or row.model
        details = {"attribute": row.attribute, "value": row.value}
        kind = f"{_kind(of)}.fact_withdrawn"
        audit.record(kind, of, by=by, at=at, because=because, details=details)


def new_facts(
    of: Licensee | AIModel, values: Mapping[str, Any], source: str, by: Actor, at: datetime
) -> list[NewFact]:
    """The values as facts that begin now, not yet stored."""
    who = person(by)
    return [NewFact(of, name, value, source, at, entered_by=who) for name, value in values.items()]


def columns(known: Mapping[str, Any]) -> dict[str, Any]:
    """The licensee's columns that mirror these facts."""
    return {
        COLUMNS[name][0]: COLUMNS[name][1] if value is None else value
        for name, value in known.items()
        if name in COLUMNS
    }


def check_ref(ref: str) -> str:
    """The reference, if it can be the id of a licensee or model in the rule language."""
    if not 1 <= len(ref) <= 200 or not ref.isprintable() or ref != ref.strip():
        raise CannotAdd("A reference has 1 to 200 printable characters.", pointer="/ref")
    return ref


def check_name(name: str) -> str:
    """The normalized name. Raises CannotAdd if no list could be compared with it."""
    normalized = normalize(name)
    if "\0" in name or not normalized:
        raise CannotAdd("A name needs at least one letter or digit.", pointer="/name")
    if len(name) > 400 or len(normalized) > 400:
        raise CannotAdd("The name is longer than 400 letters (in Latin script).", pointer="/name")
    return normalized


def _kind(of: Licensee | AIModel | None) -> str:
    return "licensee" if isinstance(of, Licensee) else "model"


def _lock(of: Any, version: int | None) -> Any:
    locked = type(of).objects.select_for_update().get(pk=of.pk)
    if version is not None and locked.version != version:
        raise Stale("Somebody else changed this licensee since you opened it. Load it again.")
    return locked


def _locked_waiting(fact: Fact) -> Fact:
    row = Fact.objects.select_for_update().get(pk=fact.pk)
    if not row.waits or row.superseded_at is not None:
        raise AlreadyConfirmed("This no longer waits: it was confirmed or withdrawn.")
    return row


def _would_loosen(new: NewFact, at: datetime) -> bool:
    """Whether the fact has to wait. A model's fact waits whenever a rule reads the attribute."""
    if isinstance(new.of, AIModel):
        return read_by_a_rule(new.attribute)
    looked_at = max(new.held_from, at)
    return bool(loosened([new.of.pk], lambda: put_one(new, at=at), at=looked_at))


def put_one(new: NewFact, *, at: datetime) -> Fact:
    """Store a fact, and the licensee's column where it has one."""
    (row,) = parties.put_facts([new], at=at)
    if isinstance(new.of, Licensee):
        changes: dict[str, Any] = {"changed_at": at, "version": new.of.version + 1}
        if new.held_from <= at:
            changes |= columns({new.attribute: new.value})
        Licensee.objects.filter(pk=new.of.pk).update(**changes)
    return row


def set_name(licensee: Licensee, name: str, at: datetime) -> None:
    """Store the name, and match it."""
    Licensee.objects.filter(pk=licensee.pk).update(
        name=name, normalized_name=check_name(name), changed_at=at, version=licensee.version + 1
    )
    parties.match(at=at, licensees=[licensee.pk])


def let_wait(new: NewFact, *, at: datetime) -> Fact:
    """Store a row that no reader of facts sees until a second person confirms it."""
    row = new.row(at)
    row.waits = True
    row.save()
    return row


def _follow(
    of: Licensee | AIModel, by: Actor, at: datetime, because: str, *, matched: bool = False
) -> None:
    if isinstance(of, Licensee):
        after_change([of], cause="fact", by=by, at=at, because=because, renamed=matched)
    else:
        after_model_change(of.ref, cause="fact", by=by, at=at, because=because)
