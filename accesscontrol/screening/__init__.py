"""Looks again at every licensee after a change: start, take the next chunk, finish."""

from accesscontrol.screening.judge.one_by_one import Answers, Found, Judge
from accesscontrol.screening.results.feed import (
    Change,
    Place,
    Reading,
    Turned,
    changes,
    changes_of,
    newest_flips,
)
from accesscontrol.screening.results.queries import Counted, Stood, counts, licensees_with, stood
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
    "Answers",
    "CannotCancel",
    "Change",
    "Counted",
    "Found",
    "Judge",
    "NothingFailed",
    "Place",
    "Progress",
    "Reading",
    "Stood",
    "Turned",
    "alarm",
    "cancel",
    "changes",
    "changes_of",
    "counts",
    "due_boundaries",
    "last_proof",
    "licensees_with",
    "newest_flips",
    "next_chunk",
    "nightly",
    "papers_due",
    "progress",
    "retry_failed",
    "start",
    "stood",
]
