"""Judges a question, or the standing of a licensee for an offering, by a release and the facts."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from accesscontrol.policy.compiled.attribute_tests import Failing
from accesscontrol.policy.compiled.release import KEPT, boundaries, compiled_stretch
from accesscontrol.policy.judge.question import Question, refuse_statements
from accesscontrol.policy.judge.reference import judge_prepared_by_tree
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import instant_of
from accesscontrol.policy.online.reader import OnlineReader

NOTHING: Final[Mapping[str, object]] = {}
NO_PAPERS: Final[tuple[object, ...]] = ((), [])  # other values are read: null is refused


def judge(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
    standing: bool = False,
) -> Verdict:
    """The verdict on a question at an instant; facts, statements and papers in their JSON shapes.

    What this means is in judge/reference.py: ``judge_by_tree`` answers the same. All that stands
    behind this function is only faster: some 7 µs instead of 640 under 60 rules, 11 µs instead of
    9,000 under 1,000.

    Raises PolicyError for a malformed license or disposition and for statements in a standing,
    ValueError for an instant without a time zone.
    """
    stated = stated or NOTHING
    return judge_question(Question(release, facts, stated, licenses, dispositions, at, standing))


def judge_question(question: Question) -> Verdict:
    """The verdict on a question. Raises as ``judge`` does."""
    if question.standing:
        refuse_statements(question)
    try:
        online = _online_at(question.release, question.at, question.standing)
        if question.licenses in NO_PAPERS and question.dispositions in NO_PAPERS:
            verdict = online.judge_plain(question.facts, question.stated)
            if verdict is not None:
                return verdict
        return online.judge(question.prepared())
    except Failing:  # a test that cannot be run leaves its own rules unknown, and no others
        return judge_prepared_by_tree(question.prepared())


def _online_at(release: Release, at: datetime, standing: bool) -> OnlineReader:
    """The reader of the stretch that an instant lies in. Raises ValueError if it has no zone."""
    if at.tzinfo is None:
        instant_of(at)
    online = _online(release, bisect_right(boundaries(release), at), standing)
    if online.full:
        _online.cache_clear()  # this question is still answered; the next one makes a new reader
    return online


@lru_cache(maxsize=KEPT)
def _online(release: Release, stretch: int, standing: bool) -> OnlineReader:
    """Threads share it; the docstring of OnlineReader says why that is right."""
    return OnlineReader(compiled_stretch(release, stretch), standing=standing)
