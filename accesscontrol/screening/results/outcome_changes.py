"""Counts the outcomes that changed, once for each distinct pair of an old and a new sheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy import OUTCOMES
from accesscontrol.screening.judge.evaluators import Evaluator

Numbers = NDArray[Any]

CODES: Mapping[str, int] = {outcome: n for n, outcome in enumerate(OUTCOMES, start=1)}
NONE = len(CODES) + 1  # the licensee had no standing
NAMES = ("", *OUTCOMES, "none")
AT_ONCE = 4_096  # pairs


def outcomes(evaluator: Evaluator) -> Numbers:
    """(sheets, positions) codes of an evaluator's outcomes, 0 for positions without an offering."""
    codes = np.array([CODES[each.outcome] if each else 0 for each in evaluator.findings], "i1")
    sheets = np.array(evaluator.sheets, "i4").reshape(len(evaluator.sheets), evaluator.width)
    outcomes: Numbers = codes[sheets]
    return outcomes


def between(
    old: Numbers, new: Numbers, before: Mapping[int, bytes], after: Numbers
) -> tuple[Numbers, Counter[str]]:
    """Whether an outcome of each licensee changed, and how many did in all, as 'permit>deny': n.

    ``old``: ids of stored sheets, of which ``before`` has the codes; 0 for none yet. ``new``:
    indices into ``after``. In a first standing every outcome changes. An offering that is new, or
    is no longer there, changes no outcome.
    """
    stored, place = np.unique(old, return_inverse=True)
    codes_before = _codes(stored.tolist(), before, after.shape[1])
    pairs = place * len(after) + new
    distinct, pair, count = np.unique(pairs, return_inverse=True, return_counts=True)
    places, indices = np.divmod(distinct, max(len(after), 1))
    changed = stored[places] == 0
    totals = np.zeros(len(NAMES) ** 2, "i8")
    for first in range(0, len(distinct), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        was, now = codes_before[places[part]], after[indices[part]]
        differs = (was != 0) & (now != 0) & (was != now)
        changed[part] |= differs.any(axis=1)
        times = np.broadcast_to(count[part, np.newaxis], differs.shape)[differs]
        which = was[differs].astype("i8") * len(NAMES) + now[differs]
        totals += np.bincount(which, times, len(totals)).astype("i8")
    return changed[pair], _named(totals)


def _codes(sheets: Sequence[int], before: Mapping[int, bytes], width: int) -> Numbers:
    none = bytes([NONE]) * width
    codes = b"".join(
        before[sheet][:width].ljust(width, b"\0") if sheet else none for sheet in sheets
    )
    return np.frombuffer(codes, "i1").reshape(len(sheets), width)


def _named(totals: Numbers) -> Counter[str]:
    return Counter({
        f"{NAMES[n // len(NAMES)]}>{NAMES[n % len(NAMES)]}": int(totals[n])
        for n in np.flatnonzero(totals)
    })  # fmt: skip
