"""Who may change the register, and who may be the second person."""

from datetime import datetime
from typing import Protocol

from accesscontrol import access
from accesscontrol.errors import NotAllowed, Refused
from accesscontrol.models import ApiToken, User

Actor = User | ApiToken | None


class AlreadyConfirmed(Refused):
    """A second person has already confirmed it, or it was withdrawn."""

    code = "already_confirmed"


class SamePerson(NotAllowed):
    """Whoever entered something cannot be the second person for it."""

    code = "same_person"


class Entered(Protocol):
    """A row that one person entered and another confirms."""

    entered_by: User | None
    confirmed_at: datetime | None


def may_edit(by: Actor, at: datetime) -> None:
    """Raise NotAllowed unless ``by`` may edit; a token's scope was checked at the door."""
    if not isinstance(by, ApiToken):
        access.require(by, "register.edit", at=at)


def may_confirm(by: Actor, entered_by: User | None, at: datetime) -> User:
    """The second person: a person with the right, somebody else than the first."""
    if not isinstance(by, User):
        raise NotAllowed("This needs a person as the second one; a token or a job cannot confirm.")
    access.require(by, "register.confirm", at=at)
    if entered_by is not None and entered_by.pk == by.pk:
        raise SamePerson(
            "You entered this yourself. Ask another officer or approver to confirm it."
        )
    return by


def person(by: Actor) -> User | None:
    """The person behind a change, for the column that names one."""
    return by if isinstance(by, User) else None


def still_waits(row: Entered) -> None:
    """Raise AlreadyConfirmed unless the row waits for its second person."""
    if row.confirmed_at is not None:
        raise AlreadyConfirmed("A second person has already confirmed this.")
    if getattr(row, "revoked_at", None) is not None:
        raise AlreadyConfirmed("This was withdrawn before it was confirmed; enter it again.")
