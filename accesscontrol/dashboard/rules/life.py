"""The life of a version, from draft to in force, as the steps on its page."""

from datetime import datetime
from typing import Any

from accesscontrol.dashboard.preview.state import Impact
from accesscontrol.dashboard.shell.words import utc
from accesscontrol.models import RuleVersion
from accesscontrol.orders import terms

REACHED = {"draft": 1, "rejected": 3, "withdrawn": 3, "submitted": 3, "approved": 4}
ENDED = {"rejected": "Rejected", "withdrawn": "Withdrawn"}


def steps(version: RuleVersion, at: datetime, impact: Impact) -> list[dict[str, str]]:
    """The six steps, each with who did it or what it needs, and whether it is done or next."""
    state = version.state
    reached = REACHED.get(state, 5)
    if state == "draft" and impact.is_ready:
        reached = 2
    in_force, note = _in_force(version, at)
    notes = [
        ("Draft", f"by {_name(version.created_by)}, {utc(version.created_at)}"),
        ("Impact preview", impact.note),
        ("Submit", _submitted(version, impact)),
        ("Approve", _approval(version)),
        ("Publish", _published(version)),
        ("End" if version.retires else "In force", note),
    ]
    return [
        {
            "title": title,
            "note": note,
            "state": "done"
            if index < reached or (index == 5 and in_force)
            else "current"
            if index == reached and state not in ENDED
            else "",
        }
        for index, (title, note) in enumerate(notes)
    ]


def _submitted(version: RuleVersion, impact: Impact) -> str:
    if version.submitted_at:
        return f"by {_name(version.submitted_by)}, {utc(version.submitted_at)}"
    if impact.is_ready:
        return "With a reason, and this impact"
    return "Needs a preview that is up to date"


def _approval(version: RuleVersion) -> str:
    if version.approved_at:
        return f"by {_name(version.approved_by)}, {utc(version.approved_at)}"
    if version.state in ENDED:
        return ENDED[version.state]
    if version.emergency:
        return "Emergency: to be confirmed within 24 h"
    return "Somebody who did not edit it"


def _published(version: RuleVersion) -> str:
    if version.published_at:
        return f"by {_name(version.published_by)}, {utc(version.published_at)}"
    return "Makes a release, screens everyone"


def _in_force(version: RuleVersion, at: datetime) -> tuple[bool, str]:
    """Whether the version has begun, and the instant at which it begins, began or ended."""
    if version.retires:
        return version.published_at is not None, "The rule ends"
    term = getattr(version, "term", None)
    if term is None:
        wanted = terms.instant(version.content.get("effective_from"))
        return False, f"from {utc(wanted)}" if wanted else ""
    if term.withdrawn:
        return False, "Withdrawn before it began"
    start, end = term.period.lower, term.period.upper
    if end is not None and end <= at:
        return True, f"until {utc(end)}"
    if start > at:
        return False, f"from {utc(start)}"
    return True, f"since {utc(start)}"


def _name(person: Any) -> str:
    return str(person) if person else "the system"
