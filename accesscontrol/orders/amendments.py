"""What comes after an order: amendments, annexes of named parties, the lift.

What loosens counts when a second person has confirmed it.
"""

import difflib
from collections.abc import Iterable
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
from accesscontrol.orders import publishing, terms
from accesscontrol.orders.instruments import ensure_no_nul, locked
from accesscontrol.orders.refusals import CannotConfirm, CannotEnter


def amend(
    *,
    order: Order,
    reference: str,
    received_at: datetime,
    effective_at: datetime,
    by: User | None,
    at: datetime,
    because: str,
    text: str = "",
) -> Amendment:
    """Record a change of the order; what it changes is drafted as new versions of its rules."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        amendment = _after(
            order,
            Amendment.Kind.AMENDMENT,
            reference,
            text,
            received_at,
            effective_at,
            by=by,
            at=at,
        )
        audit.record(
            "order.amended", order, by=by, at=at, because=because, order=order,
            details={"reference": reference, "effective_at": effective_at},
        )  # fmt: skip
    return amendment


def annex(
    *,
    order: Order,
    reference: str,
    parties: Iterable[str],
    received_at: datetime,
    effective_at: datetime,
    by: User | None,
    at: datetime,
    because: str,
    title: str = "",
    code: str = "",
    text: str = "",
    until: datetime | None = None,
) -> NamedList:
    """Record named parties (licensees by reference) for a list that rules can name.

    ``code`` is ``annex:<reference>`` unless told; an existing list is added to. The entries count,
    in a release, once somebody else confirms them (``confirm_annex``), since a list can loosen.
    """
    access.require(by, "order.enter", at=at)
    refs = _known_licensees(parties)
    with transaction.atomic():
        order = locked(order)
        _after(
            order, Amendment.Kind.ANNEX, reference, text, received_at, effective_at, by=by, at=at
        )
        named, _ = NamedList.objects.get_or_create(
            code=code or f"annex:{reference}",
            defaults={"title": title or f"Annex of {reference}", "order": order, "created_at": at},
        )
        _ensure_not_on(named, refs)
        NamedListEntry.objects.bulk_create(
            NamedListEntry(
                named_list=named, value=ref, valid=terms.period(terms.second(effective_at), until),
                recorded_at=at, entered_by=by,
            )
            for ref in refs
        )  # fmt: skip
        audit.record(
            "order.annexed", order, by=by, at=at, because=because, order=order,
            details={"list": named.code, "parties": refs, "effective_at": effective_at},
        )  # fmt: skip
    return named


def confirm_annex(*, named_list: NamedList, by: User, at: datetime, because: str = "") -> Release:
    """The second person agrees to the entries that wait; they hold from now on at the earliest.

    Raises CannotConfirm for whoever entered one of them, and where nothing waits.
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
        return _released(
            "order.annex_confirmed", named, cause="annex", by=by, at=at, because=because,
            details={"list": named.code, "parties": sorted(e.value for e in waiting)},
        )  # fmt: skip


def strike_from_annex(
    *, named_list: NamedList, parties: Iterable[str], by: User, at: datetime, because: str
) -> Release:
    """End entries of a list now; to list a party again needs a second person."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        named = NamedList.objects.select_for_update().get(pk=named_list.pk)
        wanted, now = sorted(set(parties)), terms.second(at)
        standing = named.entries.filter(value__in=wanted, confirmed_at__isnull=False)
        ending = [e for e in standing if e.valid.upper is None or e.valid.upper > now]
        missing = sorted(set(wanted) - {e.value for e in ending})
        if missing or not ending:
            raise CannotEnter(f"Not on {named.code}: {', '.join(missing) or 'nobody named'}.")
        for entry in ending:
            entry.valid = terms.period(
                entry.valid.lower, max(now, entry.valid.lower + terms.SECOND)
            )
            entry.save(update_fields=["valid"])
        return _released(
            "order.annex_struck", named, cause="annex", by=by, at=at, because=because,
            details={"list": named.code, "parties": wanted},
        )  # fmt: skip


def lift(
    *,
    order: Order,
    reference: str,
    received_at: datetime,
    effective_at: datetime,
    by: User | None,
    at: datetime,
    because: str,
    text: str = "",
) -> Amendment:
    """Record that the authority lifted the order; nothing changes until somebody else confirms."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        order = locked(order)
        if order.lifted_at is not None or waiting_lift(order) is not None:
            raise CannotEnter(f"The lift of {order} is entered already.")
        amendment = _after(
            order, Amendment.Kind.LIFT, reference, text, received_at, effective_at, by=by, at=at
        )
        audit.record(
            "order.lift_entered", order, by=by, at=at, because=because, order=order,
            details={"reference": reference, "effective_at": effective_at},
        )  # fmt: skip
    return amendment


def confirm_lift(*, order: Order, by: User, at: datetime, because: str = "") -> Release:
    """The second person agrees to a lift: the terms of the order's rules end, everyone is screened.

    They end when the lift takes effect, never in the past. Raises CannotConfirm for its author.
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
            if publishing.end_rule(
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
        return _released(
            "order.lifted", order, cause="order", by=by, at=at, because=because,
            details={"reference": amendment.reference, "ends_at": ends_at, "rules": ended},
        )  # fmt: skip


def waiting_lift(order: Order) -> Amendment | None:
    """The lift that was entered and not confirmed yet."""
    if order.lifted_at is not None:
        return None
    lifts = order.amendments.filter(kind=Amendment.Kind.LIFT).select_related("entered_by")
    return lifts.first()


def _released(
    kind: str,
    subject: Order | NamedList,
    *,
    cause: str,
    by: User,
    at: datetime,
    because: str,
    details: dict[str, object],
) -> Release:
    order = subject if isinstance(subject, Order) else subject.order
    release = publishing.next_release(by=by, at=at, because=because or kind)
    audit.record(
        kind, subject, by=by, at=at, because=because, order=order, release=release, details=details
    )
    screening.start(cause=cause, subject=subject, release=release, by=by, at=at, because=because)
    return release


def _after(
    order: Order,
    kind: Amendment.Kind,
    reference: str,
    text: str,
    received_at: datetime,
    effective_at: datetime,
    *,
    by: User | None,
    at: datetime,
) -> Amendment:
    if not reference.strip():
        raise CannotEnter("Give the reference of the document.", pointer="/reference")
    if received_at > at:
        raise CannotEnter("It cannot have been received in the future.", pointer="/received_at")
    if received_at < order.received_at:
        raise CannotEnter(f"It came after {order}, so it was received later.",
                          pointer="/received_at")  # fmt: skip
    ensure_no_nul(reference=reference, text=text)
    return Amendment.objects.create(
        order=order, kind=kind, reference=reference.strip(), text=text, received_at=received_at,
        effective_at=effective_at, entered_by=by, entered_at=at,
    )  # fmt: skip


def _ensure_second(entered: Iterable[User | None], by: User) -> None:
    if any(person is not None and person.pk == by.pk for person in entered):
        raise CannotConfirm("You entered this yourself. Somebody else must confirm it.")


def _known_licensees(parties: Iterable[str]) -> list[str]:
    """Their references without duplicates; a mistyped one would silently exempt nobody."""
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
    on_it = named.entries.filter(value__in=refs).values_list("value", "valid")
    standing = sorted({value for value, valid in on_it if valid.upper is None})
    if standing:
        raise CannotEnter(f"On {named.code} already: {', '.join(standing)}.", pointer="/parties")
