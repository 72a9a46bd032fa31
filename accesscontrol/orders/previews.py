"""Previews of a version's impact, and the checks that a submission and an approval have one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy
from accesscontrol.models import ApiToken, Preview, RuleVersion, User
from accesscontrol.orders import terms
from accesscontrol.orders.drafts import OPEN, locked
from accesscontrol.orders.refusals import CannotApprove, CannotPreview, CannotSubmit, ImpactChanged
from accesscontrol.screening import preview as impact_preview


def preview(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """Start a preview of what an open version would change. Workers calculate it.

    Raises CannotPreview for a version that is not open or makes no sound release.
    """
    with transaction.atomic():
        subject, _ = _subject(version, by, at)
        return impact_preview.ask(**subject)


def preview_now(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """Calculate a preview within the call. Raises CannotPreview."""
    with transaction.atomic():
        preview = calculated(version, by=by, at=at)
        _record(preview, by=by, at=at)
    return preview


def newest_preview(version: RuleVersion) -> Preview | None:
    """The version's newest preview, in any state."""
    rows = version.previews.select_related("version__rule__order", "release", "asked_by")
    return rows.order_by("-id").first()


def preview_to_submit(version: RuleVersion) -> Preview:
    """The complete and fresh preview for a submission. Raises CannotSubmit without one."""
    newest = newest_preview(version)
    if newest is not None and newest.state in Preview.OPEN:
        raise CannotSubmit(
            f"Its impact is still being calculated: {newest.done} of {newest.total} licensees."
            " Look at it when it is complete, then submit.",
            code="preview_missing",
        )
    done = version.previews.filter(state=Preview.State.DONE).select_related("release")
    preview = done.order_by("-id").first()
    if preview is None:
        raise CannotSubmit(
            "Nobody has looked yet at what it would change. Calculate its impact, then submit.",
            code="preview_missing",
        )
    stale = impact_preview.why_stale(preview, version=version)
    if stale:
        refusal = f"{stale} Calculate its impact again, then submit."
        raise CannotSubmit(refusal, code="preview_stale")
    return preview


def recalculated(version: RuleVersion, *, confirmed: int | None, by: User, at: datetime) -> Preview:
    """Calculate the impact again. Raises ImpactChanged unless the approver has seen the same."""
    current = calculated(version, by=by, at=at)
    seen = version.submitted_preview
    if confirmed is not None:
        seen = version.previews.filter(pk=confirmed, state=Preview.State.DONE).first() or seen
    difference = None if seen is None else impact_preview.compare(seen, current)
    if difference is not None and difference.equal:
        return current
    _record(current, by=by, at=at)
    words = "It was submitted without one." if difference is None else difference.in_words()
    raise ImpactChanged(
        f"Its impact is not what you were shown. {words} Look at it as it is now and confirm, or"
        " ask for changes.",
        preview=current,
        difference=difference,
    )


def ensure_fresh(preview: Preview, version: RuleVersion) -> None:
    """Raise CannotApprove if something was published or edited since it was calculated."""
    stale = impact_preview.why_stale(preview, version=version)
    if stale:
        raise CannotApprove(f"{stale} Approve again.", code="preview_stale")


def first_effect(version: RuleVersion, planned: terms.Plan, at: datetime) -> datetime:
    """The first instant from ``at`` on at which the version would change an answer.

    It is when a scheduled rule begins, when a report-only rule is enforced, or when a rule ends.
    """
    start = max(at, planned.start)
    enforced = terms.instant(version.content["report_only_until"])
    if enforced is None or version.retires or (planned.end and enforced >= planned.end):
        return start
    return max(start, enforced)


def calculated(version: RuleVersion, *, by: User | ApiToken | None, at: datetime) -> Preview:
    """Calculate a preview; the caller records the event. Raises CannotPreview."""
    with transaction.atomic():
        subject, draft = _subject(version, by, at)
        return impact_preview.now(**subject, draft=draft)


def _subject(
    version: RuleVersion, by: User | ApiToken | None, at: datetime
) -> tuple[dict[str, Any], policy.Release]:
    """Lock the rule; return the arguments of a preview of the version, and the next release."""
    access.require(by, "policy.draft", at=at)
    version = locked(version)
    planned = _planned(version, at)
    rules = terms.documents(version, planned)
    judged_at = first_effect(version, planned, at)
    subject = {"version": version, "rules": rules, "judged_at": judged_at, "by": by, "at": at}
    return subject, _sound(version, rules, at)


def _record(preview: Preview, *, by: User | ApiToken | None, at: datetime) -> None:
    rule, details = preview.version.rule, impact_preview.event_details(preview)
    audit.record("rule.previewed", rule, by=by, at=at, release=preview.release, details=details)


def _planned(version: RuleVersion, at: datetime) -> terms.Plan:
    if version.state not in OPEN:
        state = version.state_in_words
        raise CannotPreview(f"This version is {state}: it changes nothing any more.")
    planned = terms.plan(version, at)
    if planned.end is not None and planned.end <= planned.start:
        raise CannotPreview(
            f"Its period ended at {planned.end:%Y-%m-%d %H:%M} UTC, so it would change nothing."
            " Choose a later end.",
            pointer="/effective_until",
        )
    return planned


def _sound(
    version: RuleVersion, rules: Sequence[Mapping[str, Any]], at: datetime
) -> policy.Release:
    try:
        return impact_preview.draft_release(version.rule.ref, rules, at=at)
    except policy.PolicyError as error:
        raise CannotPreview(
            f"With it the next release would not be sound: {error.message}",
            pointer=error.pointer,
            code=error.code,
        ) from None
