"""The review queue: a case is open while a person has something to decide."""

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
from accesscontrol.cases.upkeep import follow

__all__ = [
    "DECISIONS", "LONGEST_SNOOZE", "LOOSENS", "CannotDecide", "CannotSnooze", "assign", "comment",
    "confirm", "decide", "escalate", "follow", "look", "next_unassigned", "queue", "send_back",
    "snooze",
]  # fmt: skip
