"""The impact that goes with a submission, and how it differs from what it is at approval."""

from typing import Any

from accesscontrol.dashboard.preview import state, summary
from accesscontrol.dashboard.preview.selection import Chosen
from accesscontrol.dashboard.preview.state import Impact
from accesscontrol.models import Group, Licensee, Preview, RuleVersion
from accesscontrol.screening import preview as impact_preview


def shown(version: RuleVersion, impact: Impact) -> dict[str, Any]:
    """What the approval page shows of the stored impact, and of a newer one where it differs."""
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
    """What an approval calculated since the submission, if that is still so and is different."""
    if version.state != "submitted":
        return None
    now = state.of(version, state.newest(version))
    if not now.is_ready or now.preview is None or now.preview.pk == version.submitted_preview_id:
        return None
    was = version.submitted_preview
    found = impact_preview.compare(was, now.preview) if was else None
    if found is not None and found.equal:
        return None
    return _impact(now.preview) | _moved(found)


def _moved(found: impact_preview.Difference | None) -> dict[str, Any]:
    """Who came, who went and who moved, with the names of the first."""
    if found is None:
        return {"count": "", "moves": [], "licensees": [], "more": 0}
    names = Licensee.objects.in_bulk(list(found.licensees))
    return {
        "count": summary.licensees(found.count),
        "moves": [
            {"count": summary.licensees(count), **_move(*groups)}
            for groups, count in sorted(found.moves.items())
        ],
        "licensees": [
            {"licensee": names[pk], **_move(*groups)}
            for pk, groups in found.licensees.items()
            if pk in names
        ],
        "more": max(found.count - len(found.licensees), 0),
    }


def _move(was: Group, now: Group) -> dict[str, str]:
    kind = "added" if was == Group.NO_CHANGE else "moved"
    return {
        "kind": "removed" if now == Group.NO_CHANGE else kind,
        "was": summary.LABELS[was],
        "now": summary.LABELS[now],
    }
