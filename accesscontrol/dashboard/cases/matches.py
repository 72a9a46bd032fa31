"""Enters in the register what a case about a possible match decides, in the case's transaction."""

from datetime import date, datetime

from accesscontrol import cases, registry
from accesscontrol.dashboard.cases.forms import end_of
from accesscontrol.models import Case, Clearance, Match, User


def answer(case: Case, *, until: date | None, by: User, at: datetime) -> None:
    """Confirm the match at once if it is the same party. If not, enter a clearance that waits."""
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
    """Confirm the clearance that waits. Raises CannotDecide if the match is another one now."""
    waiting = list(_waiting(case))
    if not waiting:
        raise cases.CannotDecide(
            "The name or the list changed since this was proposed. Send it back and look again."
        )
    for clearance in waiting:
        registry.confirm_clearance(clearance=clearance, because=because, by=by, at=at)


def disagree(case: Case, *, because: str, by: User, at: datetime) -> None:
    """Revoke the clearance that waits, so that it never counts."""
    for clearance in _waiting(case):
        registry.revoke_clearance(clearance=clearance, because=because, by=by, at=at)


def _waiting(case: Case) -> list[Clearance]:
    waiting = Clearance.objects.waiting().filter(match=case.evidence.get("match"))
    return list(waiting.select_related("match"))
