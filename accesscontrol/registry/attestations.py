"""A licensee's word on its users, place or end use; it counts once a second person confirms."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit
from accesscontrol.errors import Refused
from accesscontrol.models import Attestation, Licensee, User
from accesscontrol.registry.aftermath import after_change
from accesscontrol.registry.rights import Actor, may_confirm, may_edit, person, still_waits
from accesscontrol.registry.vocabulary import check_statement


class CannotAttest(Refused):
    """The attestation never expires, has expired, or has no evidence."""

    code = "cannot_attest"


def attest(
    *,
    licensee: Licensee,
    attribute: str,
    value: Any,
    evidence: str,
    valid_until: datetime,
    by: Actor,
    at: datetime,
    because: str = "",
    valid_from: datetime | None = None,
) -> Attestation:
    """Enter an attestation; nothing changes until confirm_attestation."""
    may_edit(by, at)
    checked = check_statement(attribute, value)
    start = valid_from or at
    if not start < valid_until or valid_until <= at:
        raise CannotAttest("An attestation needs an end after its beginning.",
                           pointer="/valid_until")  # fmt: skip
    if not evidence.strip():
        raise CannotAttest("Say what it rests on: a document, a date, a person.",
                           pointer="/evidence")  # fmt: skip
    with transaction.atomic():
        row = Attestation.objects.create(
            licensee=licensee, attribute=attribute, value=checked, evidence=evidence,
            valid=DateTimeTZRange(start, valid_until), recorded_at=at, entered_by=person(by),
        )  # fmt: skip
        audit.record("attestation.entered", licensee, by=by, at=at, because=because,
                     details=_details(row))  # fmt: skip
    return row


def confirm_attestation(
    *, attestation: Attestation, by: User, at: datetime, because: str = ""
) -> Attestation:
    """The second person's word; an earlier one about the same attribute ends."""
    with transaction.atomic():
        row = Attestation.objects.select_for_update().get(pk=attestation.pk)
        still_waits(row)
        second = may_confirm(by, row.entered_by, at)
        Attestation.objects.filter(
            licensee=row.licensee, attribute=row.attribute, valid__overlap=row.valid,
            revoked_at=None, confirmed_at__isnull=False,
        ).update(revoked_at=at)  # fmt: skip
        row.confirmed_by, row.confirmed_at = second, at
        row.save(update_fields=["confirmed_by", "confirmed_at"])
        audit.record("attestation.confirmed", row.licensee, by=by, at=at, because=because,
                     details=_details(row))  # fmt: skip
        after_change([row.licensee], cause="attestation", by=by, at=at, because=because)
    return row


def revoke(*, attestation: Attestation, by: Actor, at: datetime, because: str) -> None:
    """The attestation no longer counts, from now on; it takes one person, since it tightens."""
    may_edit(by, at)
    with transaction.atomic():
        row = Attestation.objects.select_for_update().get(pk=attestation.pk)
        row.revoked_at = row.revoked_at or at
        row.save(update_fields=["revoked_at"])
        audit.record("attestation.revoked", row.licensee, by=by, at=at, because=because,
                     details=_details(row))  # fmt: skip
        after_change([row.licensee], cause="attestation", by=by, at=at, because=because)


def _details(row: Attestation) -> dict[str, Any]:
    return {
        "attribute": row.attribute,
        "value": row.value,
        "evidence": row.evidence,
        "valid_from": row.valid.lower,
        "valid_until": row.valid.upper,
    }
