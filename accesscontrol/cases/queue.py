"""The verbs of a person on a case: assign, comment, snooze, escalate, decide, confirm."""

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

# The decisions on each kind of case, in the order of the keys 1…4.
DECISIONS: dict[str, dict[str, str]] = {
    Kind.REVIEW: {"clear": "Clear: lift the review", "refuse": "Keep refused"},
    Kind.MATCH: {"same": "The same party: deny", "different": "Not the same: clear"},
    Kind.UNDETERMINED: {"refuse": "Keep refused until it is known"},
}
# The decisions that loosen, and so need a second person.
LOOSENS = frozenset({"clear", "different"})


class CannotDecide(Refused):
    """The case is not open, the decision is not one of its kind, or the person may not decide."""

    code = "cannot_decide"


class CannotSnooze(Refused):
    """The date has passed or is too far away."""

    code = "cannot_snooze"


def queue(*, at: datetime) -> QuerySet[Case]:
    """The cases that wait for a person, by due time; a snoozed case returns after its date."""
    awake = Q(state__in=[State.OPEN, State.PROPOSED]) | Q(
        state=State.SNOOZED, snoozed_until__lte=at
    )
    return (
        Case.objects.filter(awake).select_related("licensee", "assignee").order_by("due_at", "id")
    )


def next_unassigned(*, at: datetime, after: Case | None = None) -> Case | None:
    """The case without an assignee that is due first, or the next one ``after`` a case."""
    free = queue(at=at).filter(assignee=None)
    if after is not None:
        free = free.filter(Q(due_at__gt=after.due_at) | Q(due_at=after.due_at, id__gt=after.pk))
    return free.first()


def look(*, case: Case, by: User, at: datetime) -> tuple[User, datetime] | None:
    """Note that a person views the case. Returns another present viewer and since when.

    It locks no one out.
    """
    row = Case.objects.select_related("viewed_by").get(pk=case.pk)
    fresh = row.viewed_at is not None and at - row.viewed_at < VIEWING
    if fresh and row.viewed_by and row.viewed_at and row.viewed_by_id != by.pk:
        return row.viewed_by, row.viewed_at
    if not fresh or row.viewed_by_id != by.pk:
        Case.objects.filter(pk=case.pk).update(viewed_by=by, viewed_at=at)
    return None


def assign(
    *, case: Case, to: User | None, by: User, at: datetime, version: int | None = None
) -> Case:
    """Assign the case to a person, or give it back (None). Raises Stale if it changed meanwhile."""
    access.require(by, "case.decide", at=at)
    if to is not None and not access.may(to, "case.decide"):
        raise CannotDecide(f"{to} may not decide cases: choose an officer or approver.")
    with transaction.atomic():
        case = _open(case, version)
        case.assignee = to
        return _step(case, "assigned", f"Assigned to {to}" if to else "Given back", by, at)


def comment(*, case: Case, text: str, by: User, at: datetime) -> CaseNote:
    """Add a remark to the timeline of a case, open or decided."""
    access.require(by, "case.decide", at=at)
    if not text.strip():
        raise Refused("Write something: an empty remark says nothing.", pointer="/text")
    with transaction.atomic():
        note = CaseNote.objects.create(case=case, by=by, at=at, text=text)
        audit.record("case.commented", case, by=by, at=at, because=text)
    return note


def snooze(
    *, case: Case, until: datetime, by: User, at: datetime, because: str, version: int | None = None
) -> Case:
    """Take the case out of the queue until a date, at most 90 days away."""
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
    """Ask for a senior person: the case loses its assignee and is due now."""
    access.require(by, "case.decide", at=at)
    _needs_reason(because)
    with transaction.atomic():
        case = _open(case, version)
        case.escalated_at, case.assignee = at, None
        case.due_at = min(case.due_at, at)
        return _step(case, "escalated", f"Escalated: {because}", by, at, because)


def decide(
    *, case: Case, decision: str, by: User, at: datetime, because: str, version: int | None = None
) -> Case:
    """Decide a case. A decision that loosens waits for a second person.

    The dashboard enters the result in the register in the same transaction: a disposition for a
    cleared review, a clearance or a confirmed match for a possible match. Raises CannotDecide, or
    Stale if the case changed meanwhile.
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
    """Confirm a decision that loosens, as the second person. Raises CannotDecide."""
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
    """Refuse or withdraw a decision that waits for a second person; the case is open again."""
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
    """Lock an open case. Raises Stale if it is not the version that the person saw."""
    row = Case.objects.select_for_update(of=("self",)).select_related("licensee").get(pk=case.pk)
    if version is not None and row.version != version:
        raise Stale("Somebody changed this case while you looked at it. Read it again.")
    if row.state not in OPEN:
        raise CannotDecide(f"The case is not open: {row.get_state_display().lower()}.")
    return row


def _proposed(case: Case, version: int | None) -> Case:
    row = _open(case, version)
    if row.state != State.PROPOSED:
        raise CannotDecide("Nothing waits for a second person here.")
    return row


def _step(case: Case, kind: str, text: str, by: User, at: datetime, because: str = "") -> Case:
    """Save the case as a new version, with an entry in its timeline and one event."""
    case.version += 1
    case.save()
    CaseNote.objects.create(case=case, kind=kind, by=by, at=at, text=text)
    details = {"case": case.kind, "about": case.subject, "licensee": case.licensee.ref}
    if case.decision:
        details["decision"] = case.decision
    audit.record(f"case.{kind}", case, by=by, at=at, because=because, details=details)
    return case
