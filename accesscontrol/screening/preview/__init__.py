"""What a drafted rule would change: judged for all licensees, written for none."""

from accesscontrol.screening.preview.differences import Difference, compare
from accesscontrol.screening.preview.lifecycle import (
    CannotCancelPreview,
    ask,
    cancel,
    draft_release,
    now,
    number,
    told,
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
    "now",
    "number",
    "told",
    "why_stale",
    "work",
]
