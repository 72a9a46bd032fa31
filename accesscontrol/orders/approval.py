"""The approval of a version by a second person: submit, request changes, approve, reject."""

from datetime import datetime

from django.db import transaction

from accesscontrol import access, audit
from accesscontrol.errors import Refused
from accesscontrol.models import Preview, RuleVersion, User
from accesscontrol.orders import drafts, previews
from accesscontrol.orders.drafts import OPEN, State, locked, remember
from accesscontrol.orders.refusals import CannotApprove, CannotEdit, CannotSubmit
from accesscontrol.orders.rule_cases import run_test_cases
from accesscontrol.screening import preview as impact_preview


def submit(*, version: RuleVersion, by: User | None, at: datetime, because: str) -> RuleVersion:
    """Submit a draft to the approvers, with a preview of its impact.

    Raises CannotSubmit if a test case fails, or if there is no preview of the draft as it is now
    against the release in force (codes preview_missing, preview_stale).
    """
    access.require(by, "policy.draft", at=at)
    with transaction.atomic():
        version = locked(version)
        if version.state != State.DRAFT:
            raise CannotSubmit(
                f"Only a draft is submitted; this version is {version.state_in_words}."
            )
        if not because.strip():
            raise CannotSubmit("Say why in a sentence: the approver reads it.", pointer="/because")
        ensure_tests_pass(version, at=at, refuse=CannotSubmit)
        version.submitted_preview = previews.preview_to_submit(version)
        version.submitted_by, version.submitted_at, version.because = by, at, because
        impact = version.submitted_preview
        return _move(
            version, State.SUBMITTED, "rule.submitted", by=by, at=at, because=because, impact=impact
        )


def request_changes(*, version: RuleVersion, by: User, at: datetime, because: str) -> RuleVersion:
    """Send a submitted version back to its authors, with what should change."""
    with transaction.atomic():
        version = _for_approver(version, by=by, at=at, because=because)
        remember(version, "changes_requested", because, by=by, at=at)
        return _move(version, State.DRAFT, "rule.changes_requested", by=by, at=at, because=because)


def approve(
    *, version: RuleVersion, by: User, at: datetime, because: str = "", confirmed: int | None = None
) -> RuleVersion:
    """Approve a submitted version. Its editors since the last published version cannot.

    1. Check the version, the person and the test cases.
    2. Calculate the impact anew, in a transaction of its own: the preview stays for the approver
       to look at if the approval is refused. Raises ImpactChanged if the impact is different from
       the submitted one, unless ``confirmed`` is the id of a preview that shows it.
    3. Check again, since all may have changed meanwhile, and that the preview is not stale.
    4. Approve. A trigger of the database refuses an editor too.
    """
    access.require(by, "policy.approve", at=at)
    with transaction.atomic():
        version = locked(version)
        _ensure_approvable(version, by=by, at=at)
    impact = previews.recalculated(version, confirmed=confirmed, by=by, at=at)
    with transaction.atomic():
        version = locked(version)
        _ensure_approvable(version, by=by, at=at)
        previews.ensure_fresh(impact, version)
        if because.strip():
            remember(version, "approved", because, by=by, at=at)
        version.approved_by, version.approved_at = by, at
        version.approved_preview = impact
        return _move(
            version, State.APPROVED, "rule.approved", by=by, at=at, because=because, impact=impact
        )


def reject(*, version: RuleVersion, by: User, at: datetime, because: str) -> RuleVersion:
    """Reject a submitted version. Its authors may start a new draft from it."""
    with transaction.atomic():
        version = _for_approver(version, by=by, at=at, because=because)
        remember(version, "rejected", because, by=by, at=at)
        return _move(version, State.REJECTED, "rule.rejected", by=by, at=at, because=because)


def withdraw(*, version: RuleVersion, by: User, at: datetime, because: str) -> RuleVersion:
    """Withdraw a version that is not published yet."""
    access.require(by, "policy.draft", at=at)
    with transaction.atomic():
        version = locked(version)
        if version.state not in OPEN:
            raise CannotEdit(
                f"This version is {version.state_in_words}: nothing is left to withdraw."
            )
        remember(version, "withdrawn", because or "Withdrawn.", by=by, at=at)
        return _move(version, State.WITHDRAWN, "rule.withdrawn", by=by, at=at, because=because)


def ensure_not_an_editor(version: RuleVersion, *, by: User) -> None:
    """Raise CannotApprove, with the time of the edit, if the person edited the version."""
    edited_at = drafts.editors(version).get(by.pk)
    if edited_at is not None:
        raise CannotApprove(
            f"You edited {version.rule.ref} at {edited_at:%Y-%m-%d %H:%M} UTC, after its last"
            " published version. Somebody who did not must approve it."
        )


def ensure_tests_pass(version: RuleVersion, *, at: datetime, refuse: type[Refused]) -> None:
    """Raise ``refuse`` with each failing test case, its expected outcome and the actual one."""
    failing = [r for r in run_test_cases(version, at=at) if not r.passed]
    if failing:
        cases = "; ".join(
            f"“{r.case.name}” expects {r.case.outcome} and gets {r.outcome}" for r in failing
        )
        refusal = f"{len(failing)} test cases fail: {cases}. Mend the rule or the case."
        raise refuse(refusal, pointer="/test_cases", code="test_case_fails")


def _ensure_approvable(version: RuleVersion, *, by: User, at: datetime) -> None:
    _ensure_waiting(version)
    ensure_not_an_editor(version, by=by)
    ensure_tests_pass(version, at=at, refuse=CannotApprove)


def _for_approver(version: RuleVersion, *, by: User, at: datetime, because: str) -> RuleVersion:
    access.require(by, "policy.approve", at=at)
    if not because.strip():
        raise CannotApprove("Say why in a sentence: the authors read it.", pointer="/because")
    version = locked(version)
    _ensure_waiting(version)
    return version


def _ensure_waiting(version: RuleVersion) -> None:
    if version.state != State.SUBMITTED:
        raise CannotApprove(f"It does not wait for approval: it is {version.state_in_words}.")


def _move(
    version: RuleVersion,
    state: RuleVersion.State,
    kind: str,
    *,
    by: User | None,
    at: datetime,
    because: str,
    impact: Preview | None = None,
) -> RuleVersion:
    before, version.state = version.state, state
    if state == State.DRAFT:
        version.submitted_by = version.submitted_at = version.submitted_preview = None
    version.save()
    details = {
        "version": version.version,
        "digest": version.digest,
        "before": str(before),
        "after": str(state),
        **({"impact": impact_preview.event_details(impact)} if impact else {}),
    }
    audit.record(kind, version.rule, by=by, at=at, because=because, details=details)
    return version
