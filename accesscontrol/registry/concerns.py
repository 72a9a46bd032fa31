"""Red flags on licensees and incidents of models: one person opens them, two close them."""

from datetime import datetime
from typing import TypeVar

from django.db import transaction

from accesscontrol import audit
from accesscontrol.errors import Refused
from accesscontrol.models import AIModel, Licensee, ModelIncident, RedFlag, User
from accesscontrol.registry.consequences import after_change, after_model_change
from accesscontrol.registry.rights import (
    Actor,
    AlreadyConfirmed,
    lock,
    may_confirm,
    may_edit,
    person,
)

Concern = TypeVar("Concern", RedFlag, ModelIncident)
FLAGS = range(1, 30)  # 15 CFR 732, Supplement No. 3


class CannotResolve(Refused):
    """A resolution needs words, and a confirmation needs a resolution."""

    code = "cannot_resolve"


def open_red_flag(
    *,
    licensee: Licensee,
    number: int,
    note: str,
    by: Actor,
    at: datetime,
    due_at: datetime | None = None,
) -> RedFlag:
    """Open a red flag of 15 CFR 732 Supp. 3; it counts until its resolution is confirmed."""
    may_edit(by, at)
    if number not in FLAGS:
        raise CannotResolve("Red flags are numbered 1 to 29.", pointer="/number")
    with transaction.atomic():
        opened = {"note": note, "opened_by": person(by), "opened_at": at, "due_at": due_at}
        flag = RedFlag.objects.create(licensee=licensee, number=number, **opened)
        _record_flag("red_flag.opened", flag, by, at, note)
        after_change([licensee], cause="red_flag", by=by, at=at, because=note)
    return flag


def resolve_red_flag(*, flag: RedFlag, resolution: str, by: User, at: datetime) -> RedFlag:
    """Say with what evidence it is resolved; it stays open until confirm_red_flag."""
    may_edit(by, at)
    with transaction.atomic():
        row = _resolve(flag, resolution, by, at)
        _record_flag("red_flag.resolved", row, by, at, resolution)
    return row


def confirm_red_flag(*, flag: RedFlag, by: User, at: datetime, because: str = "") -> RedFlag:
    """Close the flag as the second person."""
    with transaction.atomic():
        row = _confirm(flag, by, at)
        _record_flag("red_flag.closed", row, by, at, because)
        after_change([row.licensee], cause="red_flag", by=by, at=at, because=because)
    return row


def report_incident(
    *,
    model: AIModel,
    note: str,
    by: Actor,
    at: datetime,
    kind: str = "jailbreak",
    due_at: datetime | None = None,
) -> ModelIncident:
    """Open an incident of a model; it counts until its resolution is confirmed."""
    may_edit(by, at)
    with transaction.atomic():
        incident = ModelIncident.objects.create(
            model=model, kind=kind, note=note, opened_by=person(by), opened_at=at, due_at=due_at
        )
        _record_incident("incident.reported", incident, by, at, note)
        after_model_change(model.ref, cause="incident", by=by, at=at, because=note)
    return incident


def resolve_incident(
    *, incident: ModelIncident, resolution: str, by: User, at: datetime
) -> ModelIncident:
    """Say with what evidence it is resolved; it stays open until confirm_incident."""
    may_edit(by, at)
    with transaction.atomic():
        row = _resolve(incident, resolution, by, at)
        _record_incident("incident.resolved", row, by, at, resolution)
    return row


def confirm_incident(
    *, incident: ModelIncident, by: User, at: datetime, because: str = ""
) -> ModelIncident:
    """Close the incident as the second person."""
    with transaction.atomic():
        row = _confirm(incident, by, at)
        _record_incident("incident.closed", row, by, at, because)
        after_model_change(row.model.ref, cause="incident", by=by, at=at, because=because)
    return row


def _record_flag(kind: str, flag: RedFlag, by: Actor, at: datetime, because: str) -> None:
    details = {"number": flag.number, "flag": flag.pk}
    audit.record(kind, flag.licensee, by=by, at=at, because=because, details=details)


def _record_incident(
    kind: str, incident: ModelIncident, by: Actor, at: datetime, because: str
) -> None:
    details = {"kind": incident.kind, "incident": incident.pk}
    audit.record(kind, incident.model, by=by, at=at, because=because, details=details)


def _resolve(concern: Concern, resolution: str, by: User, at: datetime) -> Concern:
    row = lock(concern)
    if row.confirmed_at is not None:
        raise AlreadyConfirmed("It is already closed. Open a new one if it came back.")
    if not isinstance(by, User) or not resolution.strip():
        refusal = "A person has to say how it was resolved, and on what evidence."
        raise CannotResolve(refusal, pointer="/resolution")
    row.resolution, row.resolved_by, row.resolved_at = resolution, by, at
    row.save(update_fields=["resolution", "resolved_by", "resolved_at"])
    return row


def _confirm(concern: Concern, by: User, at: datetime) -> Concern:
    row = lock(concern)
    if row.confirmed_at is not None:
        raise AlreadyConfirmed("A second person has already confirmed this.")
    if row.resolved_by is None:
        raise CannotResolve("Nobody has resolved it yet; enter the resolution first.")
    row.confirmed_by, row.confirmed_at = may_confirm(by, row.resolved_by, at), at
    row.save(update_fields=["confirmed_by", "confirmed_at"])
    return row
