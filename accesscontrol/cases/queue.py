"""What a person does with a case: take it, talk about it, put it off, decide it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accesscontrol import access, audit
from accesscontrol.errors import Refused, Stale
from accesscontrol.models import Case, CaseNote, User

Kind, State = Case.Kind, Case.State
OPEN = (State.OPEN, State.SNOOZED, State.PROPOSED)

LONGEST_SNOOZE = timedelta(days=90)
VIEWING = timedelta(minutes=5)

# What can be decided, in the order of the keys 1…4; the ones that loosen need a second person.
DECISIONS: dict[str, dict[str, str]] = {
    Kind.REVIEW: {"clear": "Clear: lift the review", "refuse": "Keep refused"},
    Kind.MATCH: {"same": "The same party: deny", "different": "Not the same: clear"},
    Kind.UNDETERMINED: {"refuse": "Keep refused until it is known"},
}
LOOSENS = frozenset({"clear", "different"})


class CannotDecide(Refused):
    """The case is not open, the decision is none of its kind, or the person may not take it."""

    code = "cannot_decide"


class CannotSnooze(Refused):
    """The date has passed already or is too far away."""

    code = "cannot_snooze"


def queue(*, at: datetime) -> QuerySet[Case]:
    """The cases that wait for a person now, by due time; a snoozed one is back after its date."""
    awake = Q(state__in=[State.OPEN, State.PROPOSED]) | Q(
        state=State.SNOOZED, snoozed_until__lte=at
    )
    return (
        Case.objects.filter(awake).select_related("licensee", "assignee").order_by("due_at", "id")
    )


def next_unassigned(*, at: datetime, after: Case | None = None) -> Case | None:
    """The case due first that nobody has taken, or the next one after a case."""
    free = queue(at=at).filter(assignee=None)
    if after is not None:
        free = free.filter(Q(due_at__gt=after.due_at) | Q(due_at=after.due_at, id__gt=after.pk))
    return free.first()


def look(*, case: Case, by: User, at: datetime) -> tuple[User, datetime] | None:
    """Say that somebody is looking; returns who else has been, and since when. Locks nobody out."""
    other = Case.objects.select_related("viewed_by").get(pk=case.pk)
    fresh = other.viewed_at is not None and at - other.viewed_at < VIEWING
    if fresh and other.viewed_by and other.viewed_at and other.viewed_by_id != by.pk:
        return other.viewed_by, other.viewed_at
    if not fresh or other.viewed_by_id != by.pk:
        Case.objects.filter(pk=case.pk).update(viewed_by=by, viewed_at=at)
    return None


def assign(
    *, case: Case, to: User | None, by: User, at: datetime, version: int | None = None
) -> Case:
    """Give the case to a person, or to nobody. Raises Stale if somebody changed it meanwhile."""
    access.require(by, "case.decide", at=at)
    if to is not None and not access.may(to, "case.decide"):
        raise CannotDecide(f"{to} may not decide cases: choose an officer or approver.")
    with transaction.atomic():
        case = _open(case, version)
        case.assignee = to
        return _step(case, "assigned", f"Assigned to {to}" if to else "Given back", by, at)


def comment(*, case: Case, text: str, by: User, at: datetime) -> CaseNote:
    """Add a remark to the case's timeline, also to one that is decided."""
    access.require(by, "case.decide", at=at)
    if not text.strip():
        raise Refused("Write something: an empty remark says nothing.", pointer="/text")
    with transaction.atomic():
        note = CaseNote.objects.create(case=case, by=by, at=at, text=text)
        audit.record("case.commented", case, by=by, at=at, because=text)
    return note


def snooze(
    *,
    case: Case,
    until: datetime,
    by: User,
    at: datetime,
    because: str,
    version: int | None = None,
) -> Case:
    """Take the case out of the queue until a date, at most 90 days away; a refusal stays one."""
    access.require(by, "case.decide", at=at)
    if not at < until <= at + LONGEST_SNOOZE:
        raise CannotSnooze("Choose a date after now and within 90 days.", pointer="/until")
    _needs_reason(because)
    with transaction.atomic():
        case = _open(case, version)
        if case.state == State.PROPOSED:
            raise CannotSnooze("It waits for a second person: confirm it or send it back first.")
        case.state, case.snoozed_until = State.SNOOZED, until
        case.due_at = max(case.due_at, until)
        text = f"Snoozed until {until:%Y-%m-%d %H:%M} UTC: {because}"
        return _step(case, "snoozed", text, by, at, because)


def escalate(
    *, case: Case, by: User, at: datetime, because: str, version: int | None = None
) -> Case:
    """Ask for somebody senior: the case goes back to nobody and is due now."""
    access.require(by, "case.decide", at=at)
    _needs_reason(because)
    with transaction.atomic():
        case = _open(case, version)
        case.escalated_at, case.assignee = at, None
        case.due_at = min(case.due_at, at)
        return _step(case, "escalated", f"Escalated: {because}", by, at, because)


def decide(
    *,
    case: Case,
    decision: str,
    by: User,
    at: datetime,
    because: str,
    version: int | None = None,
) -> Case:
    """Decide a case. What keeps it refused is decided; what loosens waits for a second person.

    A cleared review becomes a disposition, a match that is not the same party a clearance, and one
    that is a confirmed match: the door enters it in the register in the same transaction.
    Raises CannotDecide, or Stale if somebody changed the case meanwhile.
    """
    access.require(by, "case.decide", at=at)
    _needs_reason(because)
    with transaction.atomic():
        case = _open(case, version)
        offered = DECISIONS[case.kind]
        if decision not in offered:
            raise CannotDecide(f"Choose one of: {', '.join(offered)}.", pointer="/decision")
        if case.state == State.PROPOSED:
            raise CannotDecide("A decision waits for a second person: confirm it or send it back.")
        case.state = State.PROPOSED if decision in LOOSENS else State.DECIDED
        case.decision, case.because = decision, because
        case.decided_by, case.decided_at = by, at
        kind = "proposed" if decision in LOOSENS else "decided"
        return _step(case, kind, f"{offered[decision]}: {because}", by, at, because)


def confirm(
    *, case: Case, by: User, at: datetime, because: str = "", version: int | None = None
) -> Case:
    """Agree, as the second person, with a decision that loosens. Raises CannotDecide."""
    access.require(by, "case.decide", at=at)
    with transaction.atomic():
        case = _proposed(case, version)
        if case.decided_by_id == by.pk:
            raise CannotDecide("You proposed this decision: a second person has to confirm it.")
        case.state = State.DECIDED
        return _step(case, "confirmed", because or "Confirmed", by, at, because)


def send_back(
    *, case: Case, by: User, at: datetime, because: str, version: int | None = None
) -> Case:
    """Refuse, or take back, a decision that waits for a second person; the case is open again."""
    access.require(by, "case.decide", at=at)
    _needs_reason(because)
    with transaction.atomic():
        case = _proposed(case, version)
        case.state, case.decision = State.OPEN, ""
        case.decided_by = case.decided_at = None
        return _step(case, "sent_back", f"Sent back: {because}", by, at, because)


def _needs_reason(because: str) -> None:
    if not because.strip():
        raise Refused("Say why: this needs a reason.", pointer="/because")


def _open(case: Case, version: int | None) -> Case:
    """The case, locked; raises Stale if it is not the version that the person saw."""
    found = Case.objects.select_for_update(of=("self",)).select_related("licensee").get(pk=case.pk)
    if version is not None and found.version != version:
        raise Stale("Somebody changed this case while you looked at it. Read it again.")
    if found.state not in OPEN:
        raise CannotDecide(f"The case is not open: {found.get_state_display().lower()}.")
    return found


def _proposed(case: Case, version: int | None) -> Case:
    found = _open(case, version)
    if found.state != State.PROPOSED:
        raise CannotDecide("Nothing waits for a second person here.")
    return found


def _step(case: Case, kind: str, text: str, by: User, at: datetime, because: str = "") -> Case:
    """Save the case as a new version with its entry in the timeline and its one event."""
    case.version += 1
    case.save()
    CaseNote.objects.create(case=case, kind=kind, by=by, at=at, text=text)
    details = {"case": case.kind, "about": case.subject, "licensee": case.licensee.ref}
    if case.decision:
        details["decision"] = case.decision
    audit.record(f"case.{kind}", case, by=by, at=at, because=because, details=details)
    return case
