"""Screens licensees after a change: starts a run, takes its chunks, finishes it."""

from accesscontrol.screening.judge.finding_text import FindingText
from accesscontrol.screening.judge.one_by_one import Findings, Judge
from accesscontrol.screening.results.feed import (
    Change,
    FeedPage,
    OutcomeChange,
    Place,
    changes,
    changes_of,
    newest_flips,
)
from accesscontrol.screening.results.queries import (
    OutcomeCount,
    StandingOutcome,
    licensees_with,
    outcome_counts,
    standing_at,
)
from accesscontrol.screening.runs.chunks import next_chunk
from accesscontrol.screening.runs.due_boundaries import due_boundaries, papers_due
from accesscontrol.screening.runs.lifecycle import (
    CannotCancel,
    NothingFailed,
    Progress,
    cancel,
    nightly,
    progress,
    retry_failed,
    start,
)
from accesscontrol.screening.runs.nightly_proof import Alarm, alarm, last_proof

__all__ = [
    "Alarm",
    "CannotCancel",
    "Change",
    "FeedPage",
    "FindingText",
    "Findings",
    "Judge",
    "NothingFailed",
    "OutcomeChange",
    "OutcomeCount",
    "Place",
    "Progress",
    "StandingOutcome",
    "alarm",
    "cancel",
    "changes",
    "changes_of",
    "due_boundaries",
    "last_proof",
    "licensees_with",
    "newest_flips",
    "next_chunk",
    "nightly",
    "outcome_counts",
    "papers_due",
    "progress",
    "retry_failed",
    "standing_at",
    "start",
]
