"""What the facts of one offering leave open, and which licensees that does not tell apart."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from accesscontrol.policy.classes import ABSENT, Classes
from accesscontrol.policy.compile import Compiled
from accesscontrol.policy.distinct import Keys, Numbers
from accesscontrol.policy.literals import Failing
from accesscontrol.policy.online import class_of
from accesscontrol.policy.world import look

ACTIVITY: Final = "request.activity"
STATUS: Final = "entitlement.status"
MOST: Final = 1 << 62  # that a key can be


def of_an_offering(name: str) -> bool:
    """Whether its model, its activity or an entitlement to it says it, not the licensee."""
    return name in (ACTIVITY, STATUS) or name.startswith("model.")


class Offering:
    """An offering in one status: the mask of its own facts, which most clauses do not pass."""

    def __init__(
        self, compiled: Compiled, classes: Sequence[Classes], facts: Mapping[str, object]
    ) -> None:
        self.world = look(compiled.release, facts=facts, stated={}, at=compiled.at, standing=True)
        self.lacking = tuple(name for name in self.world.lacking if of_an_offering(name))
        self.failing = False
        self.mask = (1 << 2 * compiled.size) - 1
        self.absent = 0
        for place, name in enumerate(compiled.names):
            if of_an_offering(name):
                self._apply(classes[place], name, place)
        open_clauses = self.mask >> compiled.size
        self.places = [  # the licensee's attributes that a clause reads which is not false already
            place
            for place, name in enumerate(compiled.names)
            if not of_an_offering(name) and compiled.literals[place].clauses & open_clauses
        ]
        self._merged = [_Merged(classes[place], self.mask) for place in self.places]

    @property
    def kind(self) -> tuple[object, ...]:
        """Equal for offerings that get the same answers."""
        return self.mask, self.absent, self.world.invalid, self.lacking, self.failing

    def distinct(self, numbers: Numbers) -> tuple[Keys, Keys]:
        """One row of each kind that its clauses tell apart, and of each row which kind it is.

        ``numbers`` has a row a licensee and, by place, the numbers of their values' classes.
        """
        keys = np.zeros(len(numbers), np.int64)
        radix = 1
        for place, merged in zip(self.places, self._merged, strict=True):
            column, count = merged.numbers(numbers[:, place])
            if radix * count > MOST:
                met, keys = np.unique(keys, return_inverse=True)
                radix = len(met)
            keys = keys * count + column
            radix *= count
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        return first, inverse

    def _apply(self, classes: Classes, name: str, place: int) -> None:
        try:
            number = class_of(classes, self.world, name)
        except Failing:
            self.failing = True
            return
        self.mask &= classes.masks[number]
        self.absent |= (number == ABSENT) << place


class _Merged:
    """An attribute's classes, merged as far as only the clauses that are left count."""

    def __init__(self, classes: Classes, mask: int) -> None:
        self._classes = classes
        self._mask = mask
        self._known: dict[int, int] = {}
        self._table = np.zeros(1, np.int64)  # no value stays a class of its own

    def numbers(self, column: Numbers) -> tuple[Keys, int]:
        """The merged numbers of classes, and how many there are."""
        masks = self._classes.masks
        if len(self._table) < len(masks):
            more = [self._number(mask) for mask in masks[len(self._table) :]]
            self._table = np.concatenate([self._table, np.array(more, np.int64)])
        return self._table[column], len(self._known) + 1

    def _number(self, mask: int) -> int:
        return self._known.setdefault(mask & self._mask, len(self._known) + 1)
