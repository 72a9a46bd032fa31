"""Previews what a drafted rule would change: all licensees are judged, no standing is written."""

from accesscontrol.screening.preview.differences import Difference, compare
from accesscontrol.screening.preview.lifecycle import (
    CannotCancelPreview,
    ask,
    cancel,
    draft_release,
    event_details,
    now,
    number,
    why_stale,
    work,
)

__all__ = [
    "CannotCancelPreview",
    "Difference",
    "ask",
    "cancel",
    "compare",
    "draft_release",
    "event_details",
    "now",
    "number",
    "why_stale",
    "work",
]
