"""Finds the standings of many licensees for one offering, each distinct verdict kept once."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy import findings
from accesscontrol.policy.classes import ABSENT as NO_VALUE
from accesscontrol.policy.codes import ID, INVALID, Codes
from accesscontrol.policy.compile import Compiled
from accesscontrol.policy.distinct import Numbers
from accesscontrol.policy.masks import Tables, as_integers
from accesscontrol.policy.offerings import Offering
from accesscontrol.policy.patterns import Patterns, Remembered, Weighed
from accesscontrol.policy.skeletons import Skeleton, without_facts
from accesscontrol.policy.tree import judge_case_by_tree
from accesscontrol.policy.verdict import Verdict
from accesscontrol.policy.weighing import Case
from accesscontrol.policy.world import Seen

SOMEBODY: Final = {ID: (Seen("-", frozenset(("-",))),)}  # where no rule reads who it is

Found = NDArray[np.int32]


class Forecasts:
    """The verdicts on standings under one compiled release, numbered as they are met."""

    def __init__(self, compiled: Compiled, codes: Codes, named: frozenset[str]) -> None:
        self.verdicts: list[Verdict] = []
        self._compiled = compiled
        self._codes = codes
        self._named = named  # what any rule of the release reads: an invalid value is named
        self._tables = Tables(codes.classes, compiled.size)
        self._patterns = Patterns(compiled, standing=True)
        self._plain = Remembered(self._patterns, self._of_weighed)
        self._numbers: dict[object, int] = {}
        self._kept: list[tuple[Weighed, ...]] = []  # so that none of them is another one's address

    def offering(self, facts: Mapping[str, object]) -> Offering:
        return Offering(self._compiled, self._codes.classes, facts)

    def of(self, offering: Offering, codes: Numbers, numbers: NDArray[np.int32]) -> Found:
        """The number of each row's verdict; ``numbers``: the classes that ``codes`` stand for."""
        found = self._judged(offering, numbers)
        for row in np.flatnonzero(self._codes.failing(numbers) | offering.failing):
            found[row] = self._by_tree(offering, numbers[row])
        without = self._codes.without_id(codes)
        if without.any():
            found[without] = self._lacking(ID, *offering.lacking)
        invalid = self._named.intersection(offering.world.invalid)
        if invalid:
            found = np.array([self._naming(each, invalid) for each in found.tolist()], np.int32)
        for row in np.flatnonzero((codes == INVALID).any(axis=1)):
            names = invalid.union(self._codes.invalid(codes[row]))
            found[row] = self._naming(int(found[row]), names)
        return found

    def _judged(self, offering: Offering, numbers: NDArray[np.int32]) -> Found:
        """Where the clauses decide: of each kind of rows, that the offering tells apart, one."""
        if offering.lacking:
            return np.full(len(numbers), self._lacking(*offering.lacking), np.int32)
        first, inverse = offering.distinct(numbers)
        rows = numbers[first]
        columns = rows[:, offering.places]
        masks = as_integers(self._tables.masks(offering.mask, columns, offering.places))
        absent = self._absent(offering, columns)
        found = [
            self._plain.of(mask, lack, partial(self._case, offering, row))
            for mask, lack, row in zip(masks, absent, rows, strict=True)
        ]
        return np.array(found, np.int32)[inverse]

    def _absent(self, offering: Offering, columns: NDArray[np.int32]) -> list[int]:
        """Of each row the attributes without a value, as bits by place, the offering's included."""
        bits = np.zeros((len(columns), len(self._compiled.names)), bool)
        bits[:, offering.places] = columns == NO_VALUE
        packed = np.packbits(bits, axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") | offering.absent for row in packed]

    def _case(self, offering: Offering, numbers: NDArray[np.int32]) -> Case:
        seen = {**SOMEBODY, **self._codes.seen(numbers), **offering.world.seen}
        return Case(replace(offering.world, seen=seen, known=frozenset(seen)), (), ())

    def _by_tree(self, offering: Offering, numbers: NDArray[np.int32]) -> int:
        case = self._case(offering, numbers)
        verdict = without_facts(judge_case_by_tree(case))._replace(invalid=(), ignored=())
        return self._number(repr(verdict), verdict)

    def _lacking(self, *names: str) -> int:
        verdict = findings.incomplete(names)
        return self._number(names, verdict)

    def _naming(self, number: int, invalid: frozenset[str]) -> int:
        verdict = self.verdicts[number]._replace(invalid=tuple(sorted(invalid)))
        return self._number((number, invalid), verdict)

    def _of_weighed(self, weighed: tuple[Weighed, ...]) -> int:
        key = tuple(map(id, weighed))
        number = self._numbers.get(key)
        if number is None:
            self._kept.append(weighed)
            outcome = self._patterns.outcome(weighed)
            verdict = Skeleton(outcome, weighed, self._compiled.release.attributes).empty
            number = self._number(key, verdict)
        return number

    def _number(self, key: object, verdict: Verdict) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.verdicts)
            self.verdicts.append(verdict)
        return self._numbers[key]
