"""Judges many questions of any kind at once by the column tables: live ones, standings, papers."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from accesscontrol.policy.columns.masks import Tables, as_integers
from accesscontrol.policy.compiled.attribute_tests import Failing
from accesscontrol.policy.compiled.release import compiled_span, span_of
from accesscontrol.policy.compiled.rule_outcomes import Patterns, Remembered, Weighed
from accesscontrol.policy.compiled.value_classes import NO_VALUE, Classes, class_of
from accesscontrol.policy.judge.entries import incomplete_in
from accesscontrol.policy.judge.reference import judge_case_by_tree
from accesscontrol.policy.judge.rule_truth import Asked, Case
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.online.reader import fill
from accesscontrol.policy.online.template import Skeleton

KEPT = 16  # batches' tables that are kept, by release, span and kind


def judge_alone(asked: Asked) -> Verdict:
    """A batch of one. Raises PolicyError for its papers."""
    return judge_batch([asked.case()])[0]


def judge_batch(cases: Sequence[Case]) -> list[Verdict]:
    """The verdict on each case, in order."""
    groups: defaultdict[Batch, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        world = case.world
        span = span_of(world.release, world.at)
        groups[_batch(world.release, span, world.standing)].append(place)
    found: dict[int, Verdict] = {}
    for batch, places in groups.items():
        found.update(zip(places, batch.judge([cases[place] for place in places]), strict=True))
    return [found[place] for place in range(len(cases))]


class Batch:
    """The tables of a release in one span, for questions or for standings."""

    def __init__(self, release: Release, span: int, *, standing: bool) -> None:
        self._compiled = compiled_span(release, span)
        self._classes = [Classes(each, standing=standing) for each in self._compiled.literals]
        self._tables = Tables(self._classes, self._compiled.size)
        self._patterns = Patterns(self._compiled, standing=standing)
        self._skeletons = Remembered(self._patterns, self._made)

    def judge(self, cases: Sequence[Case]) -> list[Verdict]:
        numbers = np.zeros((len(cases), len(self._classes)), np.int32)
        failing = set()
        for row, case in enumerate(cases):
            try:
                numbers[row] = self._numbers(case)
            except Failing:
                failing.add(row)
        everything = (1 << 2 * self._compiled.size) - 1
        masks = as_integers(self._tables.masks(everything, numbers, range(len(self._classes))))
        return [
            judge_case_by_tree(case) if row in failing else self._verdict(case, mask, present)
            for row, (case, mask, present) in enumerate(zip(cases, masks, numbers, strict=True))
        ]

    def _numbers(self, case: Case) -> list[int]:
        named = zip(self._compiled.names, self._classes, strict=True)
        return [class_of(classes, case.world, name) for name, classes in named]

    def _verdict(self, case: Case, mask: int, numbers: np.ndarray) -> Verdict:
        world = case.world
        if world.lacking:
            return incomplete_in(world)
        if case.papers or world.conflicts:
            return fill(self._made(self._patterns.weighed_once(mask, case)), world)
        absent = sum(1 << place for place in np.flatnonzero(numbers == NO_VALUE).tolist())
        return fill(self._skeletons.of(mask, absent, lambda: case), world)

    def _made(self, weighed: tuple[Weighed, ...]) -> Skeleton:
        outcome = self._patterns.outcome(weighed)
        return Skeleton(outcome, weighed, self._compiled.release.attributes)


@lru_cache(maxsize=KEPT)
def _batch(release: Release, span: int, standing: bool) -> Batch:
    return Batch(release, span, standing=standing)
