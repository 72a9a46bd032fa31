"""Finds the standings of many licensees for many offerings, each distinct verdict kept once.

Licensees of whom every rule says the same are judged once, however their facts differ.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.columns.offering import Offering
from accesscontrol.policy.columns.rule_column import RuleColumn
from accesscontrol.policy.columns.unique_rows import Ints, Numbers, UniqueRows, fresh_rows
from accesscontrol.policy.columns.value_codes import ID, INVALID, Codes
from accesscontrol.policy.columns.verdict_table import VerdictTable
from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule
from accesscontrol.policy.compiled.rule_outcomes import RuleOutcomes
from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.known import Seen
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.reference import entry_on, settled
from accesscontrol.policy.judge.rule_truth import covering
from accesscontrol.policy.judge.truth import FALSE
from accesscontrol.policy.judge.verdict import NO_FACTS, Lifted, Reason, Unknown, WouldHave
from accesscontrol.policy.language.rules import Rule

SOMEBODY: Final = {ID: (Seen("-", frozenset(("-",))),)}  # where no rule reads who it is

AT_ONCE: Final = 1 << 19  # words of what rules say, which stand in memory together
Heard = list[tuple[RuleColumn, int]]  # the rules that can say something, and their hearing's place


class Forecasts:
    """The verdicts on standings under one compiled release, numbered as they are met."""

    def __init__(self, compiled: Compiled, codes: Codes, named: frozenset[str]) -> None:
        self.verdicts = VerdictTable()
        self.offerings: list[Offering] = []  # those that the rules tell apart
        self._compiled = compiled
        self._codes = codes
        self._named = named  # what any rule of the release reads: an invalid value is named
        self._outcomes = RuleOutcomes(compiled, standing=True)
        self._rules = [RuleColumn(compiled, rule, codes.classes) for rule in compiled.rules]
        self._in_force = {each.rule.ref: each.rule for each in compiled.rules}
        self._hears: list[Heard] = []
        self._together = UniqueRows(len(self._rules))  # what the rules say to one offering
        self._verdict_of: Ints = np.empty(0, np.int32)  # by its number
        self._alike = UniqueRows(len(self._rules) + 1)
        self._found: Ints = np.empty((0, 0), np.int32)  # of those who are alike, by offering
        self._unusual: dict[object, int] = {}

    def place_of(self, facts: Mapping[str, object]) -> int:
        """The place of an offering; those that the rules cannot tell apart share one."""
        offering = Offering(self._compiled, self._codes.classes, facts)
        for place, known in enumerate(self.offerings):
            if known.kind == offering.kind:
                return place
        heard = [] if offering.failing else [(rule, rule.hear(offering)) for rule in self._rules]
        self._hears.append([(rule, place) for rule, place in heard if place is not None])
        self.offerings.append(offering)
        return len(self.offerings) - 1

    def of(self, codes: Numbers) -> Ints:
        """The number of each row's verdict for each offering."""
        try:
            return self._of(codes)
        except Exception:  # rows that have a number and no verdict would be taken for judged
            self._alike = UniqueRows(len(self._rules) + 1)
            self._found = np.empty((0, 0), np.int32)
            raise

    def _of(self, codes: Numbers) -> Ints:
        numbers = self._codes.numbers(codes)
        failing = self._codes.failing(numbers)
        sound = np.where(failing[:, np.newaxis], np.int32(0), numbers) if failing.any() else numbers
        said = np.empty((len(codes), len(self._rules) + 1), np.int32, order="F")
        for place, rule in enumerate(self._rules):
            said[:, place] = rule.said(sound, self._weigh)
        said[:, -1] = self._unlike(codes, numbers, failing)
        before = len(self._alike)
        alike = self._alike.numbers(said)
        fresh = fresh_rows(alike, before, len(self._alike))
        if len(fresh):
            step = max(1, AT_ONCE // (1 + len(self.offerings) * self._together.words))
            blocks = [said[fresh[n : n + step]] for n in range(0, len(fresh), step)]
            found = np.concatenate([self._judged(block) for block in blocks])
            self._look_closer(found, codes[fresh], numbers[fresh], failing[fresh])
            self._found = np.concatenate([self._found, found]) if before else found
        return self._found[alike]

    def _unlike(self, codes: Numbers, numbers: Ints, failing: NDArray[np.bool_]) -> Ints:
        """What tells rows apart beyond what rules say: 0 for nothing."""
        unlike = np.zeros(len(codes), np.int32)
        alone = failing | any(offering.failing for offering in self.offerings)
        without = self._codes.without_id(codes)
        for row in np.flatnonzero(alone | without | (codes == INVALID).any(axis=1)).tolist():
            every = numbers[row].tobytes() if alone[row] else b""
            key = every, bool(without[row]), self._codes.invalid(codes[row])
            unlike[row] = self._unusual.setdefault(key, len(self._unusual) + 1)
        return unlike

    def _judged(self, said: Ints) -> Ints:
        """Where the clauses decide: for each offering what its rules say, all of it together.

        Whichever offerings hear the same of the same rules, the verdict is one.
        """
        self._together.fit([len(rule.parts) - 1 for rule in self._rules])
        heard = {
            (rule, place): self._together.packed(at, rule.weighed(said[:, at], place))
            for at, rule in enumerate(self._rules)
            for place in range(len(rule.hearing))
        }
        words = np.zeros((self._together.words, len(self.offerings), len(said)), np.int64)
        for n, hears in enumerate(self._hears):
            for each in hears:
                word, packed = heard[each]
                words[word, n] |= packed
        shape = len(self.offerings), len(said)
        numbers = self._together.of_packed(words.reshape(len(words), shape[0] * shape[1]))
        self._put_together()
        return self._verdict_of[numbers].reshape(shape).T

    def _put_together(self) -> None:
        """The verdicts on what was met since the last time."""
        rows = self._together.rows(len(self._verdict_of))
        for at, rule in enumerate(self._rules):
            rows[:, at] = np.array(rule.parts)[rows[:, at]]
        new = [self.verdicts.number(tuple(filter(None, parts))) for parts in rows.tolist()]
        self._verdict_of = np.append(self._verdict_of, np.array(new, np.int32))

    def _weigh(
        self,
        rule: CompiledRule,
        mine: ClauseMasks,
        theirs: ClauseMasks,
        offering: Offering,
        row: Ints,
    ) -> int:
        """The number of what there is to say about a rule: 0 for nothing."""
        masks = mine.together(theirs)
        if not masks.not_false & rule.when:
            return 0
        outcome = self._outcomes.of_rule(rule, masks, partial(self._prepared, offering, row))
        if outcome is None:
            return 0
        return self.verdicts.entry_number(outcome, outcome.entry, self._outcomes.overall([outcome]))

    def _prepared(self, offering: Offering, numbers: Ints) -> Prepared:
        seen = {**SOMEBODY, **self._codes.seen(numbers), **offering.world.seen}
        return Prepared(replace(offering.world, seen=seen, known=frozenset(seen)), (), ())

    def with_papers(self, number: int, prepared: Prepared) -> int:
        """The number of the verdict with papers; ``number``: that of the one without them.

        A paper bears on the rules that it covers, and only where they are not false anyway.
        """
        row = self.verdicts.rows[number]
        parts = (self._part_with_papers(part, prepared) for part in row.entries)
        found = self.verdicts.number(tuple(filter(None, parts)))
        return self.verdicts.naming(found, row.invalid) if row.invalid else found

    def _part_with_papers(self, part: int, prepared: Prepared) -> int:
        entry = self.verdicts.entries[part]
        if not isinstance(entry, Reason | Unknown | WouldHave):
            return part
        if entry.rule is None or covering(self._in_force[entry.rule], prepared) == (FALSE, FALSE):
            return part
        return self._part_by_tree(self._in_force[entry.rule], prepared)

    # ------------------------------------------------------- where the clauses do not decide

    def _look_closer(
        self, found: Ints, codes: Numbers, numbers: Ints, failing: NDArray[np.bool_]
    ) -> None:
        """Write what else there is to say into the verdicts by row and offering."""
        without = self._codes.without_id(codes)
        invalid = np.flatnonzero((codes == INVALID).any(axis=1)).tolist()
        named = {row: frozenset(self._codes.invalid(codes[row])) for row in invalid}
        for place, offering in enumerate(self.offerings):
            column = found[:, place]  # a view: what follows is written into it
            if offering.lacking:
                column[:] = self._lacking(*offering.lacking)
            for row in np.flatnonzero(failing | offering.failing).tolist():
                column[row] = self._by_tree(offering, numbers[row])
            if without.any():
                column[without] = self._lacking(ID, *offering.lacking)
            self._name_invalid(column, named, offering)

    def _name_invalid(
        self, column: Ints, named: Mapping[int, frozenset[str]], offering: Offering
    ) -> None:
        """Name in each verdict the values that are none."""
        always = self._named.intersection(offering.world.invalid)
        for row in range(len(column)) if always else named:
            names = tuple(sorted(always | named.get(row, always)))
            column[row] = self.verdicts.naming(int(column[row]), names)

    def _by_tree(self, offering: Offering, numbers: Ints) -> int:
        prepared = self._prepared(offering, numbers)
        if prepared.world.lacking:
            return self._lacking(*prepared.world.lacking)
        parts = (self._part_by_tree(rule.rule, prepared) for rule in self._compiled.rules)
        return self.verdicts.number(tuple(filter(None, parts)))

    def _part_by_tree(self, rule: Rule, prepared: Prepared) -> int:
        """The number of what there is to say about a rule in one question: 0 for nothing."""
        entry = entry_on(rule, prepared)
        if entry is None:
            return 0
        if not isinstance(entry, Lifted):
            entry = entry._replace(facts=NO_FACTS)
        settles = isinstance(entry, Unknown) and settled(rule, prepared)
        outcome = entries.outcome([entry], standing=True, settled=lambda: settles)
        return self.verdicts.entry_number((repr(entry), settles), entry, outcome)

    def _lacking(self, *names: str) -> int:
        (unknown,) = entries.incomplete(names).undetermined
        return self.verdicts.number((self.verdicts.entry_number(names, unknown, "undetermined"),))
