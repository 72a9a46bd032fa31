"""The impact of a draft before anybody decides on it, and the gate that asks for having looked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy
from accesscontrol.models import ApiToken, Preview, RuleVersion, User
from accesscontrol.orders import terms
from accesscontrol.orders.drafting import OPEN, locked
from accesscontrol.orders.refusals import (
    CannotApprove,
    CannotPreview,
    CannotSubmit,
    ImpactChanged,
)
from accesscontrol.screening import preview as impact_preview


def preview(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """Ask what an open version would change; workers find out, its row says how far they are.

    Raises CannotPreview for a version that is not open or makes no sound release.
    """
    with transaction.atomic():
        asked, _ = _asked(version, by, at)
        return impact_preview.ask(**asked)


def preview_now(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """The same, found out within the call. Raises CannotPreview."""
    with transaction.atomic():
        found = calculated(version, by=by, at=at)
        _record(found, by=by, at=at)
    return found


def newest_preview(version: RuleVersion) -> Preview | None:
    """The preview of a version that was asked for last, in whatever state."""
    rows = version.previews.select_related("version__rule__order", "release", "asked_by")
    return rows.order_by("-id").first()


def looked_at(version: RuleVersion) -> Preview:
    """The preview that a submission goes with. Raises CannotSubmit where there is none to go by."""
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
    """The impact as it is now, where it is what the approver has seen. Raises ImpactChanged."""
    found = calculated(version, by=by, at=at)
    seen = version.submitted_preview
    if confirmed is not None:
        seen = version.previews.filter(pk=confirmed, state=Preview.State.DONE).first() or seen
    difference = None if seen is None else impact_preview.compare(seen, found)
    if difference is not None and difference.equal:
        return found
    _record(found, by=by, at=at)
    words = "It was submitted without one." if difference is None else difference.in_words()
    raise ImpactChanged(
        f"Its impact is not what you were shown. {words} Look at it as it is now and confirm, or"
        " ask for changes.",
        preview=found,
        difference=difference,
    )


def ensure_fresh(preview: Preview, version: RuleVersion) -> None:
    """Raise CannotApprove where something was published or edited while it was calculated."""
    stale = impact_preview.why_stale(preview, version=version)
    if stale:
        raise CannotApprove(f"{stale} Approve again.", code="preview_stale")


def bites_at(version: RuleVersion, planned: terms.Plan, at: datetime) -> datetime:
    """The first instant not before ``at`` at which the version would decide something.

    A scheduled rule is previewed as it will stand when it begins, one that only reports as from
    when it is enforced, an ending as from when the rule is gone.
    """
    start = max(at, planned.start)
    enforced = terms.instant(version.content["report_only_until"])
    if enforced is None or version.retires or (planned.end and enforced >= planned.end):
        return start
    return max(start, enforced)


def calculated(version: RuleVersion, *, by: User | ApiToken | None, at: datetime) -> Preview:
    """A whole new preview for a verb of this room, which writes the event. Raises CannotPreview."""
    with transaction.atomic():
        asked, draft = _asked(version, by, at)
        return impact_preview.now(**asked, draft=draft)


def _asked(
    version: RuleVersion, by: User | ApiToken | None, at: datetime
) -> tuple[dict[str, Any], policy.Release]:
    """What a preview of the version as it stands now is about, and the next release with it.

    Its rule is locked until the end.
    """
    access.require(by, "policy.draft", at=at)
    version = locked(version)
    planned = _planned(version, at)
    rules = terms.documents(version, planned)
    asked = {
        "version": version,
        "rules": rules,
        "judged_at": bites_at(version, planned, at),
        "by": by,
        "at": at,
    }
    return asked, _sound(version, rules, at)


def _record(found: Preview, *, by: User | ApiToken | None, at: datetime) -> None:
    rule, details = found.version.rule, impact_preview.told(found)
    audit.record("rule.previewed", rule, by=by, at=at, release=found.release, details=details)


def _planned(version: RuleVersion, at: datetime) -> terms.Plan:
    if version.state not in OPEN:
        state = RuleVersion.State(version.state).label.lower()
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
