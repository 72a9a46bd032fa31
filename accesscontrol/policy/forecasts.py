"""Finds the standings of many licensees for one offering, each distinct verdict kept once."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy import findings
from accesscontrol.policy.codes import ID, INVALID, Codes
from accesscontrol.policy.compile import Compiled, CompiledRule
from accesscontrol.policy.distinct import Keys, Mixed, Numbers
from accesscontrol.policy.offerings import Offering
from accesscontrol.policy.patterns import Patterns, Weighed
from accesscontrol.policy.rulecolumns import RuleColumn
from accesscontrol.policy.skeletons import without_facts
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
        self.offerings: list[Offering] = []  # those that the rules tell apart
        self._compiled = compiled
        self._codes = codes
        self._named = named  # what any rule of the release reads: an invalid value is named
        self._patterns = Patterns(compiled, standing=True)
        self._rules = [RuleColumn(compiled, rule, codes.classes) for rule in compiled.rules]
        self._heard: list[dict[tuple[int, int, int], list[int]]] = [{} for _ in self._rules]
        self._weighed: list[Weighed | None] = [None]
        self._place_of: dict[int, int] = {}  # of a weighed rule, by its identity
        self._numbers: dict[object, int] = {}

    def place_of(self, facts: Mapping[str, object]) -> int:
        """The place of an offering; those that the rules cannot tell apart share one."""
        offering = Offering(self._compiled, self._codes.classes, facts)
        for place, known in enumerate(self.offerings):
            if known.kind == offering.kind:
                return place
        for column, heard in zip(self._rules, self._heard, strict=True):
            mine = offering.of_rule(column.rule)
            if mine is not None:
                heard.setdefault(mine, []).append(len(self.offerings))
        self.offerings.append(offering)
        return len(self.offerings) - 1

    def of(self, codes: Numbers) -> Found:
        """The number of each row's verdict for each offering."""
        numbers = self._codes.numbers(codes)
        found = self._judged(numbers)
        failing = self._codes.failing(numbers)
        without = self._codes.without_id(codes)
        invalid = np.flatnonzero((codes == INVALID).any(axis=1))
        for place, offering in enumerate(self.offerings):
            column = found[:, place]  # a view: what follows is written into it
            if offering.lacking:
                column[:] = self._lacking(*offering.lacking)
            for row in np.flatnonzero(failing | offering.failing):
                column[row] = self._by_tree(offering, numbers[row])
            if without.any():
                column[without] = self._lacking(ID, *offering.lacking)
            self._name_invalid(column, codes, invalid, offering)
        return found

    def _name_invalid(self, column: Found, codes: Numbers, rows: Keys, offering: Offering) -> None:
        """Name in each verdict the values that are none."""
        always = self._named.intersection(offering.world.invalid)
        named = {row: always.union(self._codes.invalid(codes[row])) for row in rows.tolist()}
        for row in range(len(column)) if always else named:
            column[row] = self._naming(int(column[row]), named.get(row, always))

    def _judged(self, numbers: NDArray[np.int32]) -> Found:
        """Where the clauses decide: rule by rule what there is to say, then all of it together."""
        keys = [Mixed(len(numbers)) for _ in self.offerings]
        said: list[list[tuple[Found, Keys]]] = [[] for _ in self.offerings]
        for column, heard in zip(self._rules, self._heard, strict=True):
            if not heard:
                continue
            first, inverse = column.distinct(numbers)
            clauses = [column.clauses(row) for row in numbers[first]]
            for mine, places in heard.items():
                offering = self.offerings[places[0]]
                weighed = np.array(
                    [
                        self._of_rule(column.rule, mine, theirs, offering, row)
                        for theirs, row in zip(clauses, numbers[first], strict=True)
                    ],
                    np.int32,
                )
                if not weighed.any():
                    continue
                met, merged = np.unique(weighed, return_inverse=True)
                vector = merged[inverse]
                for place in places:
                    keys[place].add(vector, len(met))
                    said[place].append((weighed, inverse))
        found = np.empty((len(numbers), len(self.offerings)), np.int32)
        for place in range(len(self.offerings)):
            found[:, place] = self._together(keys[place], said[place])
        return found

    def _of_rule(
        self,
        rule: CompiledRule,
        mine: tuple[int, int, int],
        theirs: tuple[int, int, int],
        offering: Offering,
        row: NDArray[np.int32],
    ) -> int:
        """The number of what there is to say about a rule: 0 for nothing."""
        not_false = mine[1] & theirs[1]
        if not not_false & rule.when:
            return 0
        true, absent = mine[0] & theirs[0], mine[2] | theirs[2]
        case = partial(self._case, offering, row)
        weighed = self._patterns.of_rule(rule, true, not_false, absent, case)
        if weighed is None:
            return 0
        place = self._place_of.get(id(weighed))
        if place is None:
            place = self._place_of[id(weighed)] = len(self._weighed)
            self._weighed.append(weighed)  # which keeps it, and so its identity
        return place

    def _together(self, keys: Mixed, said: list[tuple[Found, Keys]]) -> Found:
        first, inverse = keys.distinct()
        rows = [weighed[kinds[first]].tolist() for weighed, kinds in said]
        each = zip(*rows, strict=True) if rows else [()] * len(first)
        return np.array([self._of_weighed(numbers) for numbers in each], np.int32)[inverse]

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

    def _of_weighed(self, numbers: tuple[int, ...]) -> int:
        key = tuple(filter(None, numbers))
        number = self._numbers.get(key)
        if number is None:
            weighed = [each for each in map(self._weighed.__getitem__, key) if each is not None]
            outcome = self._patterns.outcome(weighed)
            verdict = findings.verdict(outcome, [each.finding for each in weighed])
            number = self._number(key, verdict)
        return number

    def _number(self, key: object, verdict: Verdict) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.verdicts)
            self.verdicts.append(verdict)
        return self._numbers[key]
