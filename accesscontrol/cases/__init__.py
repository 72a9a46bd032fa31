"""The review queue: opened where a person must decide, closed when nobody must any more."""

from accesscontrol.cases.following import follow
from accesscontrol.cases.queue import (
    DECISIONS,
    LONGEST_SNOOZE,
    LOOSENS,
    CannotDecide,
    CannotSnooze,
    assign,
    comment,
    confirm,
    decide,
    escalate,
    look,
    next_unassigned,
    queue,
    send_back,
    snooze,
)

__all__ = [
    "DECISIONS", "LONGEST_SNOOZE", "LOOSENS", "CannotDecide", "CannotSnooze", "assign", "comment",
    "confirm", "decide", "escalate", "follow", "look", "next_unassigned", "queue", "send_back",
    "snooze",
]  # fmt: skip
