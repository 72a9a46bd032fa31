"""Gives the values on a licensee's side small numbers: their codes.

Example: EMBARGO asks whether licensee.country is in a group, of which IR is a member. An absent
country has the code 0, "Iran" (which is no country) 1; US, SG and DE, which the rule does not tell
apart, have 2, and IR has 3. Codes from 2 on are classes (policy/compiled/value_classes.py) plus 1.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.columns.unique_rows import Numbers
from accesscontrol.policy.compiled.attribute_tests import Failing
from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.compiled.value_classes import NO_VALUE, ValueClasses
from accesscontrol.policy.judge.known import ABSENT, Seen, as_seen
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.values import NotAValue, Value

INVALID: Final = 1  # the code of a value outside its attribute's domain
PRESENT: Final = 2  # the code of any valid id, where no rule in force reads it
ID: Final = "licensee.id"  # which a question must have


class ValueCodes:
    """The codes of the attributes ``reads``; ``classes``: by an attribute's place among all read.

    A code keeps its meaning. It has a value that stands for its class, by which it can be judged.
    """

    def __init__(self, compiled: Compiled, reads: Sequence[str]) -> None:
        self._compiled = compiled
        self._reads = reads
        self.classes = [ValueClasses(each, standing=True) for each in compiled.attribute_tests]
        self._places = [  # of the attributes that a rule in force reads: column, place
            (column, compiled.places[name])
            for column, name in enumerate(reads)
            if name in compiled.places
        ]
        self._seen: list[dict[int, Seen]] = [{} for _ in self.classes]
        self._failing: list[set[int]] = [set() for _ in self.classes]

    def code(self, name: str, raw: object) -> int:
        """The code of a register's JSON value, or of ABSENT."""
        if raw is ABSENT:
            return 0
        attribute = self._compiled.release.attributes[name]
        try:
            value = attribute.read(raw)
        except NotAValue:
            return INVALID
        place = self._compiled.places.get(name)
        if place is None:
            return PRESENT if name == ID else 0  # read by no rule in force: named where invalid
        return INVALID + self._class_number(attribute, place, value)

    def class_numbers(self, codes: Numbers) -> NDArray[np.int32]:
        """(rows, attributes by place): numbers of classes, from (rows, ``reads``) codes.

        0, no value, also for what is invalid, and for the attributes of an offering.
        """
        numbers = np.zeros((len(codes), len(self.classes)), np.int32)
        for column, place in self._places:
            numbers[:, place] = codes[:, column]
        return np.maximum(numbers - INVALID, NO_VALUE)

    def lacking_id(self, codes: Numbers) -> NDArray[np.bool_]:
        """The rows that lack the licensee's id; where no rule names the id, no row does."""
        if ID not in self._reads:
            return np.zeros(len(codes), bool)
        return codes[:, self._reads.index(ID)] < PRESENT

    def failing(self, classes: NDArray[np.int32]) -> NDArray[np.bool_]:
        """The rows with a value over which a test fails."""
        found = np.zeros(len(classes), bool)
        for place, failing in enumerate(self._failing):
            if failing:
                found |= np.isin(classes[:, place], list(failing))
        return found

    def seen(self, classes: NDArray[np.int32]) -> dict[str, tuple[Seen, ...]]:
        """The facts of one row, each by a value of its class."""
        return {
            name: (self._seen[place][number],)
            for name, place, number in zip(
                self._compiled.names, range(len(self.classes)), classes.tolist(), strict=True
            )
            if number != NO_VALUE
        }

    def invalid(self, codes: Numbers) -> tuple[str, ...]:
        """The attributes of one row that have an invalid value."""
        pairs = zip(self._reads, codes.tolist(), strict=True)
        return tuple(name for name, code in pairs if code == INVALID)

    def _class_number(self, attribute: Attribute, place: int, value: Value) -> int:
        try:
            number = self.classes[place].of(value)
        except Failing:
            number = self.classes[place].of_failing(value)
            self._failing[place].add(number)
        if number not in self._seen[place]:
            self._seen[place][number] = as_seen(self._compiled.release, attribute, value)
        return number
