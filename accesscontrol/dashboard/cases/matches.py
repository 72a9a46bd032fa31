"""Enters in the register what persons decide of a possible match; each within the case's step."""

from datetime import date, datetime

from accesscontrol import cases, registry
from accesscontrol.dashboard.cases.forms import end_of
from accesscontrol.models import Case, Clearance, Match, User


def answer(case: Case, *, until: date | None, by: User, at: datetime) -> None:
    """The same party: confirmed at once. Not the same: a clearance that a second one confirms."""
    match = Match.objects.filter(pk=case.evidence.get("match")).first()
    if match is None:
        raise cases.CannotDecide("The match is not on record any more; read the case again.")
    if case.decision == "same":
        registry.confirm_match(match=match, by=by, at=at, because=case.because)
        return
    if until is None:
        raise cases.CannotDecide(
            "Say until when it is cleared, a year at most.", pointer="/valid_until"
        )
    registry.clear(match=match, because=case.because, valid_until=end_of(until), by=by, at=at)


def agree(case: Case, *, because: str, by: User, at: datetime) -> None:
    """Confirm the clearance that waits. Raises CannotDecide where the match is another one now."""
    waiting = list(_waiting(case))
    if not waiting:
        raise cases.CannotDecide(
            "The name or the list changed since this was proposed. Send it back and look again."
        )
    for each in waiting:
        registry.confirm_clearance(clearance=each, because=because, by=by, at=at)


def disagree(case: Case, *, because: str, by: User, at: datetime) -> None:
    """What was proposed never counts."""
    for each in _waiting(case):
        registry.revoke_clearance(clearance=each, because=because, by=by, at=at)


def _waiting(case: Case) -> list[Clearance]:
    waiting = Clearance.objects.waiting().filter(match=case.evidence.get("match"))
    return list(waiting.select_related("match"))
