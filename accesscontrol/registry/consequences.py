"""What a change of the register causes: new matches, new ownership facts and a screening."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from accesscontrol import parties, screening
from accesscontrol.models import Licensee
from accesscontrol.registry.rights import Actor, person


@dataclass
class _Pending:
    """The licensees that changes concern, by what must be done about them."""

    screen: set[int] = field(default_factory=set)
    match: set[int] = field(default_factory=set)
    owners: set[int] = field(default_factory=set)
    everyone: bool = False


# Each thread has its own: several changes belong together in one call of one thread.
_pending: ContextVar[_Pending | None] = ContextVar("pending", default=None)


@contextmanager
def together(*, by: Actor, at: datetime, because: str) -> Iterator[None]:
    """Make several changes in one transaction, with one matching and one screening at its end."""
    with transaction.atomic():
        pending = _Pending()
        mark = _pending.set(pending)
        try:
            yield
        finally:
            _pending.reset(mark)
        _carry_out(pending, "register", because, by, at, because)


def after_change(
    licensees: Iterable[Licensee | int],
    *,
    cause: str,
    by: Actor,
    at: datetime,
    because: str = "",
    renamed: bool = False,
    owners: bool = False,
) -> None:
    """Match, recompute ownership and screen, now or at the end of ``together``."""
    outer = _pending.get()
    pending = outer or _Pending()
    ids = {each if isinstance(each, int) else each.pk for each in licensees}
    pending.screen |= ids
    if renamed:
        pending.match |= ids
    if owners:
        pending.owners |= ids
    if outer is None:
        _carry_out(pending, cause, _subject(licensees), by, at, because)


def after_model_change(subject: str, *, cause: str, by: Actor, at: datetime, because: str) -> None:
    """Screen everyone, now or at the end of ``together``: any licensee may use the model."""
    outer = _pending.get()
    pending = outer or _Pending()
    pending.everyone = True
    if outer is None:
        _carry_out(pending, cause, subject, by, at, because)


def _carry_out(
    pending: _Pending, cause: str, subject: str, by: Actor, at: datetime, because: str
) -> None:
    """Do what the changes cause, in this order.

    1. Match the renamed licensees and those with new owners: a clearance rests on both.
    2. Recompute ownership below licensees with new owners or a changed match.
    3. Screen the changed licensees and those whose ownership facts changed, then everyone
       if a model changed.
    """
    to_match = pending.match | pending.owners
    rematched = parties.match(at=at, licensees=to_match) if to_match else set()
    owners = pending.owners | rematched
    affected = parties.refresh_ownership(at=at, below=owners) if owners else set()
    start = partial(
        screening.start, cause=cause, subject=subject, by=person(by), at=at, because=because
    )
    if pending.screen | affected:
        start(licensees=pending.screen | affected)
    if pending.everyone and Licensee.objects.exists():
        start()


def _subject(licensees: Iterable[Licensee | int]) -> str:
    named = [each.ref for each in licensees if isinstance(each, Licensee)]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
