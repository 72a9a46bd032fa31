"""Notices after an order: amendments, annexes of named parties, and the lift of the order.

An annex and a lift can loosen, so each counts when a second person has confirmed it.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accesscontrol import access, audit, screening
from accesscontrol.models import (
    Amendment,
    Licensee,
    NamedList,
    NamedListEntry,
    Order,
    Release,
    User,
)
from accesscontrol.orders import publication, terms
from accesscontrol.orders.instruments import ensure_no_nul, locked
from accesscontrol.orders.refusals import CannotConfirm, CannotEnter


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A document that the authority sent after the order, to change, extend or lift it."""

    reference: str
    received_at: datetime
    effective_at: datetime
    text: str = ""

    def details(self) -> dict[str, object]:
        """What the log says about it."""
        return {"reference": self.reference, "effective_at": self.effective_at}


def amend(
    *, order: Order, notice: Notice, by: User | None, at: datetime, because: str
) -> Amendment:
    """Record a change of the order. Its effects are drafted as new versions of the rules."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        amendment = _after(order, Amendment.Kind.AMENDMENT, notice, by=by, at=at)
        details = notice.details()
        audit.record("order.amended", order, by=by, at=at, because=because, details=details)
    return amendment


def annex(
    *,
    order: Order,
    notice: Notice,
    parties: Iterable[str],
    by: User | None,
    at: datetime,
    because: str,
    title: str = "",
    code: str = "",
    until: datetime | None = None,
) -> NamedList:
    """Add parties (licensees by reference) to a list that rules can name.

    ``code`` names the list, by default ``annex:<the notice's reference>``. The entries count in a
    release after ``confirm_annex``, since a list can loosen.
    """
    access.require(by, "order.enter", at=at)
    refs = _known_licensees(parties)
    with transaction.atomic():
        order = locked(order)
        _after(order, Amendment.Kind.ANNEX, notice, by=by, at=at)
        title = title or f"Annex of {notice.reference}"
        named, _ = NamedList.objects.get_or_create(
            code=code or f"annex:{notice.reference}",
            defaults={"title": title, "order": order, "created_at": at},
        )
        _ensure_not_on(named, refs)
        valid = terms.period(terms.second(notice.effective_at), until)
        NamedListEntry.objects.bulk_create(
            NamedListEntry(named_list=named, value=ref, valid=valid, recorded_at=at, entered_by=by)
            for ref in refs
        )
        details = {"list": named.code, "parties": refs, "effective_at": notice.effective_at}
        audit.record("order.annexed", order, by=by, at=at, because=because, details=details)
    return named


def confirm_annex(*, named_list: NamedList, by: User, at: datetime, because: str = "") -> Release:
    """Confirm the entries that wait, as the second person. They begin now at the earliest.

    Raises CannotConfirm if nothing waits, or for a person who entered one of them.
    """
    access.require(by, "policy.approve", at=at)
    with transaction.atomic():
        named = NamedList.objects.select_for_update().get(pk=named_list.pk)
        waiting = list(named.entries.filter(confirmed_at=None).select_related("entered_by"))
        if not waiting:
            raise CannotConfirm(f"No entry of {named.code} waits for a second person.")
        _ensure_second({entry.entered_by for entry in waiting}, by)
        for entry in waiting:
            begins = max(entry.valid.lower, terms.second(at))
            entry.valid = terms.period(begins, entry.valid.upper)
            entry.confirmed_by, entry.confirmed_at = by, at
            entry.save()
        details = {"list": named.code, "parties": sorted(e.value for e in waiting)}
        return _released("order.annex_confirmed", named, details, by=by, at=at, because=because)


def strike_from_annex(
    *, named_list: NamedList, parties: Iterable[str], by: User, at: datetime, because: str
) -> Release:
    """End entries of a list now. To list a party again takes a second person."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        named = NamedList.objects.select_for_update().get(pk=named_list.pk)
        wanted, now = sorted(set(parties)), terms.second(at)
        confirmed = named.entries.filter(value__in=wanted, confirmed_at__isnull=False)
        ending = [e for e in confirmed if e.valid.upper is None or e.valid.upper > now]
        missing = sorted(set(wanted) - {e.value for e in ending})
        if missing or not ending:
            raise CannotEnter(f"Not on {named.code}: {', '.join(missing) or 'nobody named'}.")
        for entry in ending:
            entry.valid = terms.period(
                entry.valid.lower, max(now, entry.valid.lower + terms.SECOND)
            )
            entry.save(update_fields=["valid"])
        details = {"list": named.code, "parties": wanted}
        return _released("order.annex_struck", named, details, by=by, at=at, because=because)


def lift(*, order: Order, notice: Notice, by: User | None, at: datetime, because: str) -> Amendment:
    """Record that the authority lifted the order. Nothing changes until ``confirm_lift``."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        order = locked(order)
        if order.lifted_at is not None or waiting_lift(order) is not None:
            raise CannotEnter(f"The lift of {order} is entered already.")
        amendment = _after(order, Amendment.Kind.LIFT, notice, by=by, at=at)
        details = notice.details()
        audit.record("order.lift_entered", order, by=by, at=at, because=because, details=details)
    return amendment


def confirm_lift(*, order: Order, by: User, at: datetime, because: str = "") -> Release:
    """Confirm a lift as the second person.

    1. End the terms of the order's rules when the lift takes effect, never in the past.
    2. Mark the order as lifted.
    3. Make a release, write the log and screen everyone.

    Raises CannotConfirm if no lift waits, or for the person who entered it.
    """
    access.require(by, "policy.approve", at=at)
    with transaction.atomic():
        order = locked(order)
        amendment = waiting_lift(order)
        if amendment is None:
            raise CannotConfirm(f"No lift of {order} waits for a second person.")
        _ensure_second({amendment.entered_by}, by)
        ends_at = max(terms.second(amendment.effective_at), terms.second(at))
        because = because or f"{amendment.reference} lifts {order}."
        ended = [
            rule.ref
            for rule in order.rules.order_by("ref")
            if publication.end_rule(
                rule,
                entered_by=amendment.entered_by,
                by=by,
                at=at,
                because=because,
                ends_at=ends_at,
            )
        ]
        order.lifted_at = ends_at
        order.save(update_fields=["lifted_at"])
        details = {"reference": amendment.reference, "ends_at": ends_at, "rules": ended}
        return _released("order.lifted", order, details, by=by, at=at, because=because)


def waiting_lift(order: Order) -> Amendment | None:
    """The lift of the order that waits for a second person, if any."""
    if order.lifted_at is not None:
        return None
    lifts = order.amendments.filter(kind=Amendment.Kind.LIFT).select_related("entered_by")
    return lifts.first()


def _released(
    kind: str,
    subject: Order | NamedList,
    details: Mapping[str, object],
    *,
    by: User,
    at: datetime,
    because: str,
) -> Release:
    cause, order = ("order", subject) if isinstance(subject, Order) else ("annex", subject.order)
    release = publication.next_release(by=by, at=at, because=because or kind)
    audit.record(
        kind, subject, by=by, at=at, because=because, order=order, release=release, details=details
    )
    screening.start(cause=cause, subject=subject, release=release, by=by, at=at, because=because)
    return release


def _after(
    order: Order, kind: Amendment.Kind, notice: Notice, *, by: User | None, at: datetime
) -> Amendment:
    reference = notice.reference.strip()
    if not reference:
        raise CannotEnter("Give the reference of the document.", pointer="/reference")
    if notice.received_at > at:
        raise CannotEnter("It cannot have been received in the future.", pointer="/received_at")
    if notice.received_at < order.received_at:
        refusal = f"It came after {order}, so it was received later."
        raise CannotEnter(refusal, pointer="/received_at")
    ensure_no_nul(reference=notice.reference, text=notice.text)
    columns = {**vars(notice), "reference": reference}
    return Amendment.objects.create(order=order, kind=kind, **columns, entered_by=by, entered_at=at)


def _ensure_second(entered: Iterable[User | None], by: User) -> None:
    if any(person is not None and person.pk == by.pk for person in entered):
        raise CannotConfirm("You entered this yourself. Somebody else must confirm it.")


def _known_licensees(parties: Iterable[str]) -> list[str]:
    """The references, once each. Raises CannotEnter for one that is not in the register."""
    refs = sorted({ref.strip().replace("\x00", "�") for ref in parties if ref.strip()})
    if not refs:
        raise CannotEnter("Name at least one party.", pointer="/parties")
    known = set(Licensee.objects.filter(ref__in=refs).values_list("ref", flat=True))
    unknown = [ref for ref in refs if ref not in known]
    if unknown:
        raise CannotEnter(
            f"Not in the register: {', '.join(_with_nearest(ref) for ref in unknown[:10])}.",
            pointer="/parties",
        )
    return refs


def _with_nearest(ref: str) -> str:
    everyone = Licensee.objects.values_list("ref", flat=True)
    near = difflib.get_close_matches(ref, everyone.filter(ref__startswith=ref[:1]), 1)
    return f"{ref} (nearest: {near[0]})" if near else ref


def _ensure_not_on(named: NamedList, refs: list[str]) -> None:
    entries = named.entries.filter(value__in=refs).values_list("value", "valid")
    listed = sorted({value for value, valid in entries if valid.upper is None})
    if listed:
        raise CannotEnter(f"On {named.code} already: {', '.join(listed)}.", pointer="/parties")
