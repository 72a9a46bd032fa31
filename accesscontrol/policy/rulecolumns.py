"""One rule over many licensees: few of them differ in anything that the rule reads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.classes import ABSENT, Classes
from accesscontrol.policy.compile import Compiled, CompiledRule, bits
from accesscontrol.policy.distinct import Keys, Mixed, Numbers
from accesscontrol.policy.offerings import of_an_offering


class RuleColumn:
    """A rule's clauses as the facts on the licensee's side leave them."""

    def __init__(self, compiled: Compiled, rule: CompiledRule, classes: Sequence[Classes]) -> None:
        self.rule = rule
        self._attributes = [
            _Attribute(place, classes[place], rule, compiled.size)
            for place in bits(rule.attributes(rule.every))
            if not of_an_offering(compiled.names[place])
        ]

    def distinct(self, numbers: Numbers) -> tuple[Keys, Keys]:
        """One row of each kind that the rule tells apart, and of each row which kind it is.

        ``numbers`` has a row a licensee and, by place, the numbers of their values' classes.
        """
        mixed = Mixed(len(numbers))
        for attribute in self._attributes:
            mixed.add(*attribute.merged(numbers[:, attribute.place]))
        return mixed.distinct()

    def clauses(self, numbers: NDArray[np.int32]) -> tuple[int, int, int]:
        """Of one row the rule's clauses that are true and not false, and what is absent."""
        true = not_false = self.rule.every
        absent = 0
        for attribute in self._attributes:
            number = int(numbers[attribute.place])
            mine, left = attribute.clauses(number)
            true, not_false = true & mine, not_false & left
            absent |= (number == ABSENT) << attribute.place
        return true, not_false, absent


class _Attribute:
    """An attribute's classes, merged as far as only this rule's clauses count."""

    def __init__(self, place: int, classes: Classes, rule: CompiledRule, size: int) -> None:
        self.place = place
        self._classes = classes
        self._rule = rule
        self._size = size
        self._clauses: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}
        self._table: Keys = np.zeros(0, np.int64)

    def merged(self, column: Numbers) -> tuple[Keys, int]:
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
        self._table = np.concatenate([self._table, np.array(more, np.int64)])
