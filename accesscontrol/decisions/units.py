"""Units of export licenses with a quantity: a permit uses one, a retry uses no other."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accesscontrol import policy
from accesscontrol.decisions.questions import Asked
from accesscontrol.errors import Refused
from accesscontrol.ledger.canonical import digest
from accesscontrol.models import ApiToken, ExportLicense, LicenseUse, User


class KeyReused(Refused):
    """The Idempotency-Key was sent before with another question (HTTP 422)."""

    code = "idempotency_key_reused"


def lock(licenses: Iterable[dict[str, Any]]) -> None:
    """Lock the licenses with a quantity until the transaction ends, always in the same order.

    Of two requests for the last unit, the second waits here and then finds it used.
    """
    numbers = {each["number"] for each in licenses if each["remaining"] is not None}
    if numbers:
        rows = ExportLicense.objects.filter(number__in=numbers).order_by("pk")
        list(rows.select_for_update().values_list("pk", flat=True))


def count(licenses: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The locked licenses with their remaining units. A unit that this key used is one of them."""
    return [
        each if each["remaining"] is None else {**each, "remaining": _remaining(each, key)}
        for each in licenses
    ]


def lifting(verdict: policy.Verdict) -> set[str]:
    """The numbers of the export licenses that a permit rests on."""
    return {each.by for each in verdict.lifted if each.kind == "license"}


def use(
    verdict: policy.Verdict,
    licenses: list[dict[str, Any]],
    *,
    key: str,
    decision_id: str,
    at: datetime,
) -> list[str]:
    """Use one unit of each license that the permit rests on, and return the licenses' numbers.

    A retry with the same key finds its unit used and uses no other.
    """
    limited = {each["number"] for each in licenses if each["remaining"] is not None}
    used = sorted(limited & lifting(verdict))
    for number in used:
        license_ = ExportLicense.objects.get(number=number)
        if not LicenseUse.objects.filter(
            export_license=license_, idempotency_key=key, given_back_at=None
        ).exists():
            LicenseUse.objects.create(
                export_license=license_, decision_id=decision_id, idempotency_key=key, used_at=at
            )
    return used


def key_of(asked: Asked, by: ApiToken | User | None, item: int) -> str:
    """The key of a unit: token, Idempotency-Key and item, then the digest of the question.

    Raises KeyReused if the same Idempotency-Key came with another question.
    """
    caller = by.key_id if isinstance(by, ApiToken) else getattr(by, "username", "")[:32]
    slot = f"{caller}/{digest(asked.idempotency_key)[:40]}/{item}/"
    key = slot + asked.request_sha256[:40]
    earlier = LicenseUse.objects.filter(idempotency_key__startswith=slot)
    if earlier.exclude(idempotency_key=key).exists():
        raise KeyReused(
            "This Idempotency-Key came before with another question. Send a new key with it."
        )
    return key


def _remaining(license_: dict[str, Any], key: str) -> int:
    row = ExportLicense.objects.get(number=license_["number"])
    open_uses = LicenseUse.objects.filter(export_license=row, given_back_at=None)
    return max((row.quantity or 0) - open_uses.exclude(idempotency_key=key).count(), 0)
