"""The right to change the register, and the second person who confirms a change."""

from datetime import datetime
from typing import TypeVar

from django.db.models import Model

from accesscontrol import access
from accesscontrol.errors import NotAllowed, Refused
from accesscontrol.models import (
    ApiToken,
    Attestation,
    Clearance,
    Disposition,
    ExportLicense,
    Owner,
    OwnershipDeclaration,
    User,
)

Actor = User | ApiToken | None
# Rows that one person enters, a second one confirms, and either may end.
Paper = TypeVar(
    "Paper", Attestation, Clearance, Disposition, ExportLicense, Owner, OwnershipDeclaration
)
Locked = TypeVar("Locked", bound=Model)


class AlreadyConfirmed(Refused):
    """A second person has already confirmed it, or it was withdrawn."""

    code = "already_confirmed"


class SamePerson(NotAllowed):
    """A person cannot confirm their own entry."""

    code = "same_person"


def may_edit(by: Actor, at: datetime) -> None:
    """Raise NotAllowed unless ``by`` may edit. The API has already checked a token's scope."""
    if not isinstance(by, ApiToken):
        access.require(by, "register.edit", at=at)


def may_confirm(by: Actor, entered_by: User | None, at: datetime) -> User:
    """Return the second person. Raises NotAllowed, or SamePerson if it is the first one."""
    if not isinstance(by, User):
        raise NotAllowed("This needs a person as the second one; a token or a job cannot confirm.")
    access.require(by, "register.confirm", at=at)
    if entered_by is not None and entered_by.pk == by.pk:
        raise SamePerson(
            "You entered this yourself. Ask another officer or approver to confirm it."
        )
    return by


def person(by: Actor) -> User | None:
    """The person who makes a change; None for a token or a job."""
    return by if isinstance(by, User) else None


def second_word(row: Paper, by: Actor, at: datetime) -> Paper:
    """Confirm the row as its second person. Raises SamePerson, AlreadyConfirmed."""
    locked = lock(row)
    if locked.confirmed_at is not None:
        raise AlreadyConfirmed("A second person has already confirmed this.")
    if locked.revoked_at is not None:
        raise AlreadyConfirmed("This was withdrawn before it was confirmed; enter it again.")
    locked.confirmed_by = may_confirm(by, locked.entered_by, at)
    locked.confirmed_at = at
    locked.save(update_fields=["confirmed_by", "confirmed_at"])
    return locked


def end_now(row: Paper, at: datetime) -> Paper:
    """Revoke the row from now on. Revoking twice changes nothing."""
    locked = lock(row)
    locked.revoked_at = locked.revoked_at or at
    locked.save(update_fields=["revoked_at"])
    return locked


def lock(row: Locked) -> Locked:
    """Lock the row until the transaction ends, and return it as it is now."""
    locked: Locked = type(row)._default_manager.select_for_update().get(pk=row.pk)
    return locked
