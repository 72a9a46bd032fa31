"""The impact of a draft before anybody decides on it, and the gate that asks for having looked."""

from datetime import datetime

from accesscontrol import audit, policy
from accesscontrol.models import ApiToken, Preview, RuleVersion, User
from accesscontrol.orders import terms
from accesscontrol.orders.drafting import OPEN
from accesscontrol.orders.refusals import CannotPreview
from accesscontrol.screening import preview as screen


def preview(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """Ask what an open version would change; workers find out, its row says how far they are.

    Raises CannotPreview for a version that is not open or makes no sound release.
    """
    planned = _planned(version, at)
    try:
        return screen.ask(
            version=version,
            rules=terms.documents(version, planned),
            judged_at=bites_at(version, planned, at),
            by=by,
            at=at,
        )
    except policy.PolicyError as error:
        raise _unsound(error) from None


def preview_now(*, version: RuleVersion, by: User | ApiToken | None, at: datetime) -> Preview:
    """The same, found out within the call. Raises CannotPreview."""
    found = calculated(version, by=by, at=at)
    audit.record(
        "rule.previewed", version.rule, by=by, at=at, order=version.rule.order,
        rule=version.rule.ref, release=found.release, details=screen.told(found),
    )  # fmt: skip
    return found


def newest_preview(version: RuleVersion) -> Preview | None:
    """The preview of a version that was asked for last, in whatever state."""
    rows = version.previews.select_related("version__rule__order", "release", "asked_by")
    return rows.order_by("-id").first()


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
    """A whole new preview for a verb of this room, which writes the event."""
    planned = _planned(version, at)
    try:
        return screen.now(
            version=version,
            rules=terms.documents(version, planned),
            judged_at=bites_at(version, planned, at),
            by=by,
            at=at,
        )
    except policy.PolicyError as error:
        raise _unsound(error) from None


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


def _unsound(error: policy.PolicyError) -> CannotPreview:
    return CannotPreview(
        f"With it the next release would not be sound: {error.message}",
        pointer=error.at, code=error.code,
    )  # fmt: skip
