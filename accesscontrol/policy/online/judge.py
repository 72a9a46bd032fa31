"""Judges a question, or the standing of a licensee for an offering, by a release and the facts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from accesscontrol.policy.compiled.attribute_tests import Failing
from accesscontrol.policy.compiled.release import KEPT, boundaries, compiled_span, span_of
from accesscontrol.policy.judge.question import Prepared, Question, refuse_statements
from accesscontrol.policy.judge.reference import judge_prepared_by_tree
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import datetime_of, instant_of
from accesscontrol.policy.online.reader import MOST_ROOM, Online

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
NOTHING: Final[Mapping[str, object]] = {}
NO_PAPERS: Final[tuple[object, ...]] = ([], ())  # other values are read: null is refused


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

    Raises PolicyError for a malformed license or disposition and for statements in a standing,
    ValueError for an instant without a time zone.
    """
    stated = stated or NOTHING
    return judge_question(Question(release, facts, stated, licenses, dispositions, at, standing))


def judge_question(question: Question) -> Verdict:
    """The verdict on a question. Raises as ``judge`` does."""
    refuse_statements(question)
    if question.licenses in NO_PAPERS and question.dispositions in NO_PAPERS:
        verdict = _quick(question)
        if verdict is not None:
            return verdict
    return _judge_prepared(question.prepared())


def _quick(question: Question) -> Verdict | None:
    """The verdict on a plain question without papers; None where it needs a closer look."""
    release, at = question.release, question.at
    if at.tzinfo is None:
        return None
    try:
        reader = _readers(release).at(at, question.standing)
        return reader.quick(question.facts, question.stated)
    except Failing:  # met again by whoever judges it rule by rule
        return None


def _judge_prepared(prepared: Prepared) -> Verdict:
    """The verdict on any question that is ready to be judged."""
    world = prepared.world
    try:
        online = _readers(world.release).at(datetime_of(world.instant), world.standing)
        return online.judge(prepared)
    except Failing:  # a test that cannot be run leaves its own rules unknown, and no others
        return judge_prepared_by_tree(prepared)


class _Readers:
    """The readers of a release: for questions and for standings, those of the span asked last."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._ends = [BEGINNING, *map(datetime_of, boundaries(release)), END]
        self._now: dict[bool, tuple[datetime, datetime, Online]] = {}

    def at(self, at: datetime, standing: bool) -> Online:
        now = self._now.get(standing)
        if now is None or not now[0] <= at < now[1] or now[2].full:
            now = self._now[standing] = self._of_span(at, standing)
        return now[2]

    def _of_span(self, at: datetime, standing: bool) -> tuple[datetime, datetime, Online]:
        span = span_of(self.release, instant_of(at))
        online = _online(self.release, span, standing)
        if online.full:
            room = min(2 * online.room, MOST_ROOM)
            online = Online(compiled_span(self.release, span), standing=standing, room=room)
        return self._ends[span], self._ends[span + 1], online


@lru_cache(maxsize=KEPT)
def _readers(release: Release) -> _Readers:
    """Threads share the readers, see _online; of two spans asked at once one is kept at hand."""
    return _Readers(release)


@lru_cache(maxsize=KEPT)
def _online(release: Release, span: int, standing: bool) -> Online:
    """Threads share it: it only adds to what it remembers, each entry whole and right by itself.

    A class gets its number under a lock (policy/compiled/value_classes.py).
    """
    return Online(compiled_span(release, span), standing=standing)
