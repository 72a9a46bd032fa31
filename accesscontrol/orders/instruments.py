"""Legal instruments: enter an order, acknowledge it, read its text."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from accesscontrol import access, audit
from accesscontrol.models import Order, User
from accesscontrol.orders.refusals import CannotEnter


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A legal instrument as the company received it. Its fields are columns of the order."""

    reference: str
    kind: str
    authority: str
    citation: str
    subject: str
    received_at: datetime
    effective_at: datetime
    expires_at: datetime | None = None
    text: str = ""
    source_sha256: str = ""
    confidential: bool = False
    zone: str = "America/New_York"
    supersedes: Order | None = None

    def tidied(self) -> "Instrument":
        """The same without blanks around the fields that people search by."""
        return replace(
            self,
            reference=self.reference.strip(),
            authority=self.authority.strip(),
            subject=self.subject.strip(),
            source_sha256=self.source_sha256.lower(),
        )


def enter(*, instrument: Instrument, by: User | None, at: datetime, because: str = "") -> Order:
    """Record an order as received. Nothing is enforced yet; the clock runs from ``received_at``.

    Raises CannotEnter with the field at fault.
    """
    access.require(by, "order.enter", at=at)
    order = Order(**vars(instrument.tidied()), entered_by=by, entered_at=at)
    _ensure_complete(order, at=at)
    with transaction.atomic():
        order.save()
        details = {
            "received_at": order.received_at,
            "effective_at": order.effective_at,
            "confidential": order.confidential,
            "supersedes": order.supersedes.reference if order.supersedes else None,
        }
        audit.record("order.entered", order, by=by, at=at, because=because, details=details)
    return order


def acknowledge(*, order: Order, by: User, at: datetime, because: str = "") -> Order:
    """Say that the company has received and read the order."""
    access.require(by, "order.enter", at=at)
    with transaction.atomic():
        order = locked(order)
        if order.acknowledged_at is not None:
            raise CannotEnter(f"{order} was acknowledged by {order.acknowledged_by} already.")
        order.acknowledged_by, order.acknowledged_at = by, at
        order.save(update_fields=["acknowledged_by", "acknowledged_at"])
        audit.record("order.acknowledged", order, by=by, at=at, because=because)
    return order


def read_text(*, order: Order, by: User, at: datetime) -> str:
    """The text of an order. Reading a confidential one takes a right and is logged."""
    if not order.confidential:
        access.require(by, "read", at=at)
        return order.text
    access.require(by, "order.read_confidential", at=at)
    audit.record("order.text_read", order, by=by, at=at)
    return order.text


def _ensure_complete(order: Order, *, at: datetime) -> None:
    for name in ("reference", "authority", "citation", "subject"):
        if not getattr(order, name).strip():
            raise CannotEnter(f"An order needs its {name}.", pointer=f"/{name}")
        limit = getattr(Order._meta.get_field(name), "max_length", None)
        if limit and len(getattr(order, name)) > limit:
            raise CannotEnter(f"The {name} is longer than {limit} characters.", pointer=f"/{name}")
    texts = ("reference", "authority", "citation", "subject", "text")
    ensure_no_nul(**{name: getattr(order, name) for name in texts})
    if order.kind not in Order.Kind.values:
        raise CannotEnter(f"Choose one of {', '.join(Order.Kind.values)}.", pointer="/kind")
    if order.received_at > at:
        raise CannotEnter("It cannot have been received in the future.", pointer="/received_at")
    if order.expires_at is not None and order.expires_at <= order.effective_at:
        raise CannotEnter("It expires before it takes effect.", pointer="/expires_at")
    _ensure_zone(order.zone)
    if order.source_sha256 and not _is_digest(order.source_sha256):
        raise CannotEnter("A SHA-256 has 64 hexadecimal digits.", pointer="/source_sha256")
    if Order.objects.filter(reference=order.reference).exists():
        raise CannotEnter(
            f"{order.reference} is entered already. Open it, or use another reference.",
            pointer="/reference",
        )


def _ensure_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise CannotEnter(
            f"There is no time zone {zone}. Write it like America/New_York.", pointer="/zone"
        ) from None


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def ensure_no_nul(**fields: str) -> None:
    for name, text in fields.items():
        if "\x00" in text:
            refusal = "This holds a NUL character, which cannot be stored."
            raise CannotEnter(refusal, pointer=f"/{name}")


def locked(order: Order) -> Order:
    return Order.objects.select_for_update().get(pk=order.pk)
