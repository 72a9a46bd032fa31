"""Export licenses and dispositions of reviews. Both lift rules, so two persons enter each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit, facts, policy, releases
from accesscontrol.errors import Refused
from accesscontrol.models import (
    AIModel,
    Case,
    Disposition,
    ExportLicense,
    Licensee,
    Offering,
    Order,
    User,
)
from accesscontrol.registry.consequences import after_change
from accesscontrol.registry.rights import Actor, end_now, may_edit, person, second_word
from accesscontrol.registry.vocabulary import attributes, check_value, nearest


class CannotEnter(Refused):
    """The paper names something that does not exist, or a period that is none."""

    code = "cannot_enter"


@dataclass(frozen=True, kw_only=True)
class LicenseScope:
    """What an export license covers. None = any.

    ``licensees``, ``models``, ``orders`` are references.
    """

    licensees: Sequence[str]
    orders: Sequence[str] | None = None
    models: Sequence[str] | None = None
    activities: Sequence[str] | None = None
    countries: Sequence[str] | None = None
    end_uses: Sequence[str] | None = None

    def ensure_known(self) -> None:
        """Raise CannotEnter or InvalidValue, with the field, for a name that is not on record."""
        _check_refs("licensees", self.licensees, Licensee.objects.values_list("ref", flat=True))
        _check_refs("models", self.models, AIModel.objects.values_list("ref", flat=True))
        _check_refs("orders", self.orders, Order.objects.values_list("reference", flat=True))
        _check_values("request.activity", "activities", self.activities)
        _check_values("request.location_country", "countries", self.countries)
        _check_values("request.end_use", "end_uses", self.end_uses)

    def columns(self) -> dict[str, list[str] | None]:
        """The columns of an export license's row."""
        return {
            "licensees": list(self.licensees),
            "orders": _some(self.orders),
            "models_covered": _some(self.models),
            "activities": _some(self.activities),
            "countries": _some(self.countries),
            "end_uses": _some(self.end_uses),
        }


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review that a rule version asks for of one licensee. No models or activities = any."""

    rule: str
    version: int
    licensee: Licensee
    models: Sequence[str] | None = None
    activities: Sequence[str] | None = None

    def ensure_known(self) -> None:
        """Raise CannotEnter, with the field, for a name that is not on record."""
        _check_refs("models", self.models, AIModel.objects.values_list("ref", flat=True))
        _check_values("request.activity", "activities", self.activities)

    def columns(self) -> dict[str, Any]:
        """The columns of its disposition's row."""
        return {
            "rule": self.rule,
            "version": self.version,
            "licensee": self.licensee,
            "models_covered": _some(self.models),
            "activities": _some(self.activities),
        }


def enter_export_license(
    *,
    number: str,
    scope: LicenseScope,
    valid_from: datetime,
    valid_until: datetime | None,
    by: Actor,
    at: datetime,
    because: str = "",
    conditions: Sequence[str] = (),
    quantity: int | None = None,
    source_sha256: str = "",
) -> ExportLicense:
    """Enter an export license; it covers nothing until confirm_export_license.

    Raises CannotEnter, InvalidValue.
    """
    may_edit(by, at)
    _check_period(valid_from, valid_until)
    scope.ensure_known()
    if quantity is not None and quantity < 0:
        raise CannotEnter("A quantity is 0 or more.", pointer="/quantity")
    with transaction.atomic():
        if not number.strip() or ExportLicense.objects.filter(number=number).exists():
            refusal = f"The number “{number}” is empty or already on record."
            raise CannotEnter(refusal, pointer="/number")
        row = ExportLicense.objects.create(
            number=number,
            **scope.columns(),
            conditions=list(conditions),
            quantity=quantity,
            source_sha256=source_sha256,
            valid=DateTimeTZRange(valid_from, valid_until),
            recorded_at=at,
            entered_by=person(by),
        )
        details = facts.license_json(row, used=0)
        audit.record("export_license.entered", row, by=by, at=at, because=because, details=details)
    return row


def confirm_export_license(
    *, license_: ExportLicense, by: User, at: datetime, because: str = ""
) -> ExportLicense:
    """Confirm it as the second person; from now on the license covers what it names."""
    with transaction.atomic():
        row = second_word(license_, by, at)
        audit.record("export_license.confirmed", row, by=by, at=at, because=because)
        after_change(_named(row), cause="export_license", by=by, at=at, because=because)
    return row


def revoke_export_license(
    *, license_: ExportLicense, by: Actor, at: datetime, because: str
) -> None:
    """End the license now. It takes one person, since it tightens."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(license_, at)
        audit.record("export_license.revoked", row, by=by, at=at, because=because)
        after_change(_named(row), cause="export_license", by=by, at=at, because=because)


def enter_disposition(
    *,
    ref: str,
    review: Review,
    valid_until: datetime,
    because: str,
    by: Actor,
    at: datetime,
    valid_from: datetime | None = None,
    case: Case | None = None,
) -> Disposition:
    """Enter a decided review; it lifts nothing until confirm_disposition.

    It lifts the rule while the facts that the rule reads stay the same. Raises CannotEnter, also
    where such a fact is missing.
    """
    may_edit(by, at)
    start = valid_from or at
    _check_period(start, valid_until)
    review.ensure_known()
    based_on = _based_on(review, at)
    with transaction.atomic():
        if Disposition.objects.filter(ref=ref).exists():
            raise CannotEnter(f"There is already a disposition “{ref}”.", pointer="/ref")
        row = Disposition.objects.create(
            ref=ref,
            **review.columns(),
            because=because,
            facts=based_on,
            case=case,
            valid=DateTimeTZRange(start, valid_until),
            recorded_at=at,
            entered_by=person(by),
        )
        _record("disposition.entered", row, by, at, because, facts.disposition_json(row))
    return row


def confirm_disposition(
    *, disposition: Disposition, by: User, at: datetime, because: str = ""
) -> Disposition:
    """Confirm it as the second person; it lifts the rule while its facts stay the same."""
    with transaction.atomic():
        row = second_word(disposition, by, at)
        _record("disposition.confirmed", row, by, at, because)
        after_change([row.licensee], cause="disposition", by=by, at=at, because=because)
    return row


def revoke_disposition(*, disposition: Disposition, by: Actor, at: datetime, because: str) -> None:
    """End the disposition now: the review is asked again. It takes one person."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(disposition, at)
        _record("disposition.revoked", row, by, at, because)
        after_change([row.licensee], cause="disposition", by=by, at=at, because=because)


def _record(
    kind: str,
    row: Disposition,
    by: Actor,
    at: datetime,
    because: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    audit.record(kind, row, by=by, at=at, because=because, rule=row.rule, details=details)


def _based_on(review: Review, at: datetime) -> Mapping[str, Any]:
    """The facts that the rule version reads now, without the model's id and the activity."""
    rule = _review_rule(review.rule, review.version)
    reads = rule.attributes - {"model.id", "request.activity"}
    licensee = review.licensee.pk
    known = dict(facts.about_licensees([licensee], at=at)[licensee].facts)
    if any(name.startswith("model.") for name in reads):
        if review.models is None or len(review.models) != 1:
            refusal = "The rule reads facts of the model, so name exactly one model."
            raise CannotEnter(refusal, pointer="/models")
        model = AIModel.objects.get(ref=review.models[0])
        known |= facts.about_models([model.pk], at=at)[model.pk].facts
    missing = sorted(reads - known.keys())
    if missing:
        raise CannotEnter(
            f"The rule reads what is not on record: {', '.join(missing)}. "
            "Enter it first; a review cannot be decided on what is not known."
        )
    return {name: known[name] for name in sorted(reads)}


def _review_rule(rule: str, version: int) -> policy.Rule:
    for each in releases.current().policy.rules:
        if (each.ref, each.version) == (rule, version) and each.effect == "review":
            return each
    raise CannotEnter(
        f"Rule {rule} version {version} is no review rule of the release in force.", pointer="/rule"
    )


def _check_period(start: datetime, end: datetime | None) -> None:
    if end is not None and end <= start:
        raise CannotEnter("The end has to lie after the beginning.", pointer="/valid_until")


def _check_refs(field: str, refs: Sequence[str] | None, known: Any) -> None:
    if refs is None:
        return
    _ensure_some(field, refs)
    on_record = set(known)
    for ref in refs:
        if ref not in on_record:
            hint = nearest(ref, on_record)
            refusal = f"“{ref}” is none of the {field} on record.{hint}"
            raise CannotEnter(refusal, pointer=f"/{field}")


def _check_values(attribute: str, field: str, given: Sequence[str] | None) -> None:
    if given is None:
        return
    _ensure_some(field, given)
    for value in given:
        if attribute == "request.activity" and value not in Offering.Activity.values:
            hint = nearest(value, Offering.Activity.values)
            raise CannotEnter(f"“{value}” is no activity.{hint}", pointer=f"/{field}")
        check_value(attributes()[attribute], value)


def _ensure_some(field: str, given: Sequence[str]) -> None:
    if not given:
        refusal = f"Name at least one of {field}, or leave it open for any."
        raise CannotEnter(refusal, pointer=f"/{field}")


def _some(given: Sequence[str] | None) -> list[str] | None:
    return None if given is None else list(given)


def _named(row: ExportLicense) -> list[Licensee]:
    return list(Licensee.objects.filter(ref__in=row.licensees))
