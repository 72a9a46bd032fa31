"""What every change of the register entails: matches, ownership facts, and a new look."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accesscontrol import parties, screening
from accesscontrol.models import Licensee
from accesscontrol.registry.rights import Actor, person


@dataclass
class _Together:
    """What several changes entail, done once after the last of them."""

    screen: set[int] = field(default_factory=set)
    match: set[int] = field(default_factory=set)
    owners: set[int] = field(default_factory=set)
    everyone: bool = False


# Each thread has its own: several changes belong together in one call of one thread.
_together: ContextVar[_Together | None] = ContextVar("together", default=None)


@contextmanager
def together(*, by: Actor, at: datetime, because: str) -> Iterator[None]:
    """Several changes in one transaction: matched once, screened once, at the end."""
    with transaction.atomic():
        pending = _Together()
        mark = _together.set(pending)
        try:
            yield
        finally:
            _together.reset(mark)
        _entail(pending, "register", because, by, at, because)


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
    """Match (if renamed or owned anew), recompute ownership (if that moved anything), screen."""
    ids = {each if isinstance(each, int) else each.pk for each in licensees}
    pending = _together.get()
    mine = pending or _Together()
    mine.screen |= ids
    if renamed:
        mine.match |= ids
    if owners:
        mine.owners |= ids
    if pending is None:
        _entail(mine, cause, _subject(licensees), by, at, because)


def after_model_change(subject: str, *, cause: str, by: Actor, at: datetime, because: str) -> None:
    """A model's fact concerns everybody: screen everyone."""
    pending = _together.get()
    if pending is not None:
        pending.everyone = True
    elif Licensee.objects.exists():
        screening.start(cause=cause, subject=subject, by=person(by), at=at, because=because)


def _entail(
    what: _Together, cause: str, subject: str, by: Actor, at: datetime, because: str
) -> None:
    # Owners are part of what a clearance rests on, so theirs are matched anew as well.
    again = what.match | what.owners
    rematched = parties.match(at=at, licensees=again) if again else set()
    owners = what.owners | rematched
    moved = parties.refresh_ownership(at=at, below=owners) if owners else set()
    ids = what.screen | moved
    if ids:
        screening.start(
            cause=cause, subject=subject, by=person(by), at=at, because=because, licensees=ids
        )
    if what.everyone and Licensee.objects.exists():
        screening.start(cause=cause, subject=subject, by=person(by), at=at, because=because)


def _subject(licensees: Iterable[Licensee | int]) -> str:
    named = [each.ref for each in licensees if isinstance(each, Licensee)]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
