"""One rule over many licensees: few of them differ in anything that the rule reads."""

from collections.abc import Callable, Sequence

import numpy as np

from accesscontrol.policy.columns.offering import Offering, of_an_offering
from accesscontrol.policy.columns.unique_rows import Ints, Keys, Mixed, Numbers
from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule, bits
from accesscontrol.policy.compiled.value_classes import NO_VALUE, Classes

Weigh = Callable[[CompiledRule, ClauseMasks, ClauseMasks, Offering, Ints], int]


class RuleColumn:
    """A rule's clauses as the facts on the licensee's side leave them, and what it then says.

    What it says is numbered as it is met: the number stands for what there is to say to each
    ``hearing``, which are the offerings that the rule tells apart; 0 for nothing to anybody.
    """

    def __init__(self, compiled: Compiled, rule: CompiledRule, classes: Sequence[Classes]) -> None:
        self.rule = rule
        self.hearing: dict[ClauseMasks, Offering] = {}
        self._attributes = [
            _Attribute(place, classes[place], rule, compiled.size)
            for place in bits(rule.attributes(rule.every))
            if not of_an_offering(compiled.names[place])
        ]
        self.parts = [0]  # that it can say, by their numbers here: the first is nothing
        self._kinds: dict[tuple[int, ...], int] = {}
        self._said: dict[tuple[int, ...], int] = {}
        self._weighed = np.empty((0, 0), np.int32)

    def hear(self, offering: Offering) -> int | None:
        """The place in ``hearing`` of an offering; None where the rule is false in any event."""
        mine = offering.of_rule(self.rule)
        if mine is None:
            return None
        self.hearing.setdefault(mine, offering)
        return list(self.hearing).index(mine)

    def said(self, numbers: Ints, weigh: Weigh) -> Ints:
        """Of each row the number of what the rule says.

        ``numbers`` has a row a licensee and, by place, the numbers of their values' classes.
        """
        if not self.hearing:
            return np.zeros(len(numbers), np.int32)
        merged = [each.merged(numbers[:, each.place]) for each in self._attributes]
        first, kinds = self._distinct(merged, len(numbers))
        each = zip(*(column[first].tolist() for column, _ in merged), strict=True)
        keys = each if merged else [()] * len(first)
        said = [
            self._of_kind(key, numbers[row], weigh) for key, row in zip(keys, first, strict=True)
        ]
        return np.array(said, np.int32)[kinds]

    def weighed(self, said: Ints, place: int) -> Ints:
        """For a hearing's place the number of what there is to say, as in ``parts``."""
        if len(self._weighed) < len(self._said):
            self._weighed = np.array(list(self._said), np.int32)
        return np.asarray(self._weighed[:, place][said])

    def _distinct(self, merged: Sequence[tuple[Ints, int]], rows: int) -> tuple[Keys, Keys]:
        """One row of each kind that the rule tells apart, and of each row which kind it is."""
        mixed = Mixed(rows)
        for column, count in merged:
            mixed.add(column, count)
        return mixed.distinct()

    def _of_kind(self, kind: tuple[int, ...], row: Ints, weigh: Weigh) -> int:
        """``kind`` has the merged number of each attribute, ``row`` is any of that kind."""
        if kind not in self._kinds:
            theirs = self._clauses(row)
            weighed = tuple(
                self._number(weigh(self.rule, mine, theirs, offering, row))
                for mine, offering in self.hearing.items()
            )
            self._kinds[kind] = self._said.setdefault(weighed, len(self._said))
        return self._kinds[kind]

    def _number(self, part: int) -> int:
        if part not in self.parts:  # they are few
            self.parts.append(part)
        return self.parts.index(part)

    def _clauses(self, numbers: Ints) -> ClauseMasks:
        """Of one row the rule's clauses that are true and not false, and what is absent."""
        true = not_false = self.rule.every
        absent = 0
        for attribute in self._attributes:
            number = int(numbers[attribute.place])
            mine, left = attribute.clauses(number)
            true, not_false = true & mine, not_false & left
            absent |= (number == NO_VALUE) << attribute.place
        return ClauseMasks(true, not_false, absent)


class _Attribute:
    """An attribute's classes, merged as far as only this rule's clauses count."""

    def __init__(self, place: int, classes: Classes, rule: CompiledRule, size: int) -> None:
        self.place = place
        self._classes = classes
        self._rule = rule
        self._size = size
        self._clauses: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}
        self._table: Ints = np.zeros(0, np.int32)

    def merged(self, column: Numbers) -> tuple[Ints, int]:
        """The merged numbers, and how many there are; no value stays a class of its own."""
        self._meet()
        return self._table[column], len(self._known) + 1

    def clauses(self, number: int) -> tuple[int, int]:
        self._meet()
        return self._clauses[number]

    def _meet(self) -> None:
        """Take in the classes that are new."""
        masks = self._classes.masks[len(self._clauses) :]
        if not masks:
            return
        more = []
        for mask in masks:
            clauses = self._rule.of(mask), self._rule.of(mask >> self._size)
            more.append(
                self._known.setdefault(clauses, len(self._known) + 1) if self._clauses else 0
            )
            self._clauses.append(clauses)
        self._table = np.concatenate([self._table, np.array(more, np.int32)])
