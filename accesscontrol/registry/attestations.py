"""Attestations: what a licensee says about its users, place or end use, once it is confirmed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit
from accesscontrol.errors import Refused
from accesscontrol.models import Attestation, Licensee, User
from accesscontrol.registry.consequences import after_change
from accesscontrol.registry.rights import Actor, end_now, lock, may_edit, person, second_word
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
        refusal = "An attestation needs an end after its beginning."
        raise CannotAttest(refusal, pointer="/valid_until")
    if not evidence.strip():
        refusal = "Say what it rests on: a document, a date, a person."
        raise CannotAttest(refusal, pointer="/evidence")
    with transaction.atomic():
        row = Attestation.objects.create(
            licensee=licensee,
            attribute=attribute,
            value=checked,
            evidence=evidence,
            valid=DateTimeTZRange(start, valid_until),
            recorded_at=at,
            entered_by=person(by),
        )
        _record("attestation.entered", row, by, at, because)
    return row


def confirm_attestation(
    *, attestation: Attestation, by: User, at: datetime, because: str = ""
) -> Attestation:
    """Confirm it as the second person; an earlier one about the same attribute ends."""
    with transaction.atomic():
        waiting = lock(attestation)
        earlier = Attestation.objects.counting().filter(
            licensee=waiting.licensee, attribute=waiting.attribute, valid__overlap=waiting.valid
        )
        earlier.exclude(pk=waiting.pk).update(revoked_at=at)
        row = second_word(waiting, by, at)
        _record("attestation.confirmed", row, by, at, because)
        after_change([row.licensee], cause="attestation", by=by, at=at, because=because)
    return row


def revoke(*, attestation: Attestation, by: Actor, at: datetime, because: str) -> None:
    """End the attestation now. It takes one person, since it tightens."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(attestation, at)
        _record("attestation.revoked", row, by, at, because)
        after_change([row.licensee], cause="attestation", by=by, at=at, because=because)


def _record(kind: str, row: Attestation, by: Actor, at: datetime, because: str) -> None:
    details = {
        "attribute": row.attribute,
        "value": row.value,
        "evidence": row.evidence,
        "valid_from": row.valid.lower,
        "valid_until": row.valid.upper,
    }
    audit.record(kind, row.licensee, by=by, at=at, because=because, details=details)
