"""Export licenses of the government and dispositions of reviews: both lift, so both take two."""

from collections.abc import Mapping, Sequence
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
from accesscontrol.registry.aftermath import after_change
from accesscontrol.registry.rights import Actor, end_now, may_edit, person, second_word
from accesscontrol.registry.vocabulary import attributes, check_value, nearest


class CannotEnter(Refused):
    """The paper names something that does not exist, or a period that is none."""

    code = "cannot_enter"


def enter_export_license(
    *,
    number: str,
    licensees: Sequence[str],
    valid_from: datetime,
    valid_until: datetime | None,
    by: Actor,
    at: datetime,
    because: str = "",
    orders: Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    activities: Sequence[str] | None = None,
    countries: Sequence[str] | None = None,
    end_uses: Sequence[str] | None = None,
    conditions: Sequence[str] = (),
    quantity: int | None = None,
    source_sha256: str = "",
) -> ExportLicense:
    """Enter an export license; it covers nothing until confirm_export_license. None = any.

    ``licensees``, ``models``, ``orders`` are references. Raises CannotEnter, InvalidValue.
    """
    may_edit(by, at)
    _check_period(valid_from, valid_until)
    _check_refs("licensees", licensees, Licensee.objects.values_list("ref", flat=True))
    _check_refs("models", models, AIModel.objects.values_list("ref", flat=True))
    _check_refs("orders", orders, Order.objects.values_list("reference", flat=True))
    _check_values("request.activity", "activities", activities)
    _check_values("request.location_country", "countries", countries)
    _check_values("request.end_use", "end_uses", end_uses)
    if quantity is not None and quantity < 0:
        raise CannotEnter("A quantity is 0 or more.", pointer="/quantity")
    with transaction.atomic():
        if not number.strip() or ExportLicense.objects.filter(number=number).exists():
            raise CannotEnter(f"The number “{number}” is empty or already on record.",
                              pointer="/number")  # fmt: skip
        row = ExportLicense.objects.create(
            number=number, licensees=list(licensees), orders=_some(orders),
            models_covered=_some(models), activities=_some(activities),
            countries=_some(countries), end_uses=_some(end_uses), conditions=list(conditions),
            quantity=quantity, source_sha256=source_sha256,
            valid=DateTimeTZRange(valid_from, valid_until), recorded_at=at, entered_by=person(by),
        )  # fmt: skip
        audit.record("export_license.entered", row, by=by, at=at, because=because,
                     details=facts.license_json(row, used=0))  # fmt: skip
    return row


def confirm_export_license(
    *, license_: ExportLicense, by: User, at: datetime, because: str = ""
) -> ExportLicense:
    """The second person's word: from now on the license covers what it names."""
    with transaction.atomic():
        row = second_word(license_, by, at)
        audit.record("export_license.confirmed", row, by=by, at=at, because=because)
        after_change(_named(row), cause="export_license", by=by, at=at, because=because)
    return row


def revoke_export_license(
    *, license_: ExportLicense, by: Actor, at: datetime, because: str
) -> None:
    """The license covers nothing any more; it takes one person, since it tightens."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(license_, at)
        audit.record("export_license.revoked", row, by=by, at=at, because=because)
        after_change(_named(row), cause="export_license", by=by, at=at, because=because)


def enter_disposition(
    *,
    ref: str,
    rule: str,
    version: int,
    licensee: Licensee,
    valid_until: datetime,
    because: str,
    by: Actor,
    at: datetime,
    models: Sequence[str] | None = None,
    activities: Sequence[str] | None = None,
    valid_from: datetime | None = None,
    case: Case | None = None,
) -> Disposition:
    """A decided review of one rule version; it lifts nothing until confirm_disposition.

    It holds while every fact that the rule reads of the licensee is as it is now. Raises
    CannotEnter, also where such a fact is missing: what is not known cannot be decided on.
    """
    may_edit(by, at)
    start = valid_from or at
    _check_period(start, valid_until)
    _check_refs("models", models, AIModel.objects.values_list("ref", flat=True))
    _check_values("request.activity", "activities", activities)
    based_on = _based_on(licensee, rule, version, models, at)
    with transaction.atomic():
        if Disposition.objects.filter(ref=ref).exists():
            raise CannotEnter(f"There is already a disposition “{ref}”.", pointer="/ref")
        row = Disposition.objects.create(
            ref=ref, rule=rule, version=version, licensee=licensee, because=because,
            models_covered=_some(models), activities=_some(activities), facts=based_on, case=case,
            valid=DateTimeTZRange(start, valid_until), recorded_at=at, entered_by=person(by),
        )  # fmt: skip
        audit.record("disposition.entered", row, by=by, at=at, because=because, rule=rule,
                     details=facts.disposition_json(row))  # fmt: skip
    return row


def confirm_disposition(
    *, disposition: Disposition, by: User, at: datetime, because: str = ""
) -> Disposition:
    """The second person's word: from now on the review is lifted while its facts hold."""
    with transaction.atomic():
        row = second_word(disposition, by, at)
        audit.record("disposition.confirmed", row, by=by, at=at, because=because, rule=row.rule)
        after_change([row.licensee], cause="disposition", by=by, at=at, because=because)
    return row


def revoke_disposition(*, disposition: Disposition, by: Actor, at: datetime, because: str) -> None:
    """The review stands again; it takes one person, since it tightens."""
    may_edit(by, at)
    with transaction.atomic():
        row = end_now(disposition, at)
        audit.record("disposition.revoked", row, by=by, at=at, because=because, rule=row.rule)
        after_change([row.licensee], cause="disposition", by=by, at=at, because=because)


def _based_on(
    licensee: Licensee, rule: str, version: int, models: Sequence[str] | None, at: datetime
) -> Mapping[str, Any]:
    """Every fact that the rule version reads, as it is now; the scope has id and activity."""
    reads = _review_rule(rule, version).attributes - {"model.id", "request.activity"}
    known = dict(facts.about_licensees([licensee.pk], at=at)[licensee.pk].facts)
    if any(name.startswith("model.") for name in reads):
        if models is None or len(models) != 1:
            raise CannotEnter("The rule reads facts of the model, so name exactly one model.",
                              pointer="/models")  # fmt: skip
        model = AIModel.objects.get(ref=models[0])
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
        f"Rule {rule} version {version} is no review rule of the release in force.",
        pointer="/rule",
    )


def _check_period(start: datetime, end: datetime | None) -> None:
    if end is not None and end <= start:
        raise CannotEnter("The end has to lie after the beginning.", pointer="/valid_until")


def _check_refs(field: str, refs: Sequence[str] | None, known: Any) -> None:
    if refs is None:
        return
    if not refs:
        raise CannotEnter(f"Name at least one of {field}, or leave it open for any.",
                          pointer=f"/{field}")  # fmt: skip
    there = set(known)
    for ref in refs:
        if ref not in there:
            raise CannotEnter(f"“{ref}” is none of the {field} on record.{nearest(ref, there)}",
                              pointer=f"/{field}")  # fmt: skip


def _check_values(attribute: str, field: str, given: Sequence[str] | None) -> None:
    if given is None:
        return
    if not given:
        raise CannotEnter(f"Name at least one of {field}, or leave it open for any.",
                          pointer=f"/{field}")  # fmt: skip
    for value in given:
        if attribute == "request.activity" and value not in Offering.Activity.values:
            hint = nearest(value, Offering.Activity.values)
            raise CannotEnter(f"“{value}” is no activity.{hint}", pointer=f"/{field}")
        check_value(attributes()[attribute], value)


def _some(given: Sequence[str] | None) -> list[str] | None:
    return None if given is None else list(given)


def _named(row: ExportLicense) -> list[Licensee]:
    return list(Licensee.objects.filter(ref__in=row.licensees))
