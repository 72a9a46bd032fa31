"""The impact that was submitted with a version, and how it differs from a newer one."""

from typing import Any

from accesscontrol.dashboard.preview import state, summary
from accesscontrol.dashboard.preview.selection import Chosen
from accesscontrol.dashboard.preview.state import Impact
from accesscontrol.models import Group, Licensee, Preview, RuleVersion
from accesscontrol.screening import preview as impact_preview


def context(version: RuleVersion, impact: Impact) -> dict[str, Any]:
    """The context of the approval page: the stored impact, and a newer one if it differs."""
    context: dict[str, Any] = {"impact": impact, "differs": _different(version)}
    if impact.preview and impact.preview.state == Preview.State.DONE:
        context["stored"] = _impact(impact.preview)
    return context


def _impact(preview: Preview) -> dict[str, Any]:
    chosen = Chosen(preview=preview.pk)
    return {
        "preview": preview,
        "compared": state.compared(preview),
        "tiles": summary.tiles(preview, chosen),
        "headline": summary.headline(preview),
        "in_short": summary.in_short(preview),
        "why_nothing": summary.why_nothing(preview),
        "missing": summary.missing(preview, chosen),
        "query": chosen.with_(),
    }


def _different(version: RuleVersion) -> dict[str, Any] | None:
    """The impact calculated after the submission, if it is up to date and differs."""
    if version.state != "submitted":
        return None
    now = state.of(version, state.newest(version))
    if not now.is_ready or now.preview is None or now.preview.pk == version.submitted_preview_id:
        return None
    submitted = version.submitted_preview
    difference = impact_preview.compare(submitted, now.preview) if submitted else None
    if difference is not None and difference.equal:
        return None
    return _impact(now.preview) | _moved(difference)


def _moved(difference: impact_preview.Difference | None) -> dict[str, Any]:
    """The licensees that were added, removed or moved, with the names of the first."""
    if difference is None:
        return {"count": "", "moves": [], "licensees": [], "more": 0}
    names = Licensee.objects.in_bulk(list(difference.licensees))
    return {
        "count": summary.licensees(difference.count),
        "moves": [
            {"count": summary.licensees(count), **_move(*groups)}
            for groups, count in sorted(difference.moves.items())
        ],
        "licensees": [
            {"licensee": names[pk], **_move(*groups)}
            for pk, groups in difference.licensees.items()
            if pk in names
        ],
        "more": max(difference.count - len(difference.licensees), 0),
    }


def _move(was: Group, now: Group) -> dict[str, str]:
    kind = "added" if was == Group.NO_CHANGE else "moved"
    return {
        "kind": "removed" if now == Group.NO_CHANGE else kind,
        "was": summary.LABELS[was],
        "now": summary.LABELS[now],
    }
