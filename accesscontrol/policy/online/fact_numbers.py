"""Gives each fact a number, so that the sum of a question's numbers says all that a verdict needs.

The number of a fact is the number of its value class, shifted to bits that belong to its attribute
alone. An absent fact adds nothing, and 0 is the number of the class of no value. So two questions
with one sum have the same class of each attribute, and one verdict but for the facts in it.

Example: licensee.country has the bits 0 to 11, model.id the bits 36 to 47. "IR" is of class 2 of
the countries: its number is 2. "frontier" is of class 1 of the models: its number is 1 << 36. The
sum 2 + (1 << 36) says both; the sum 2 says that the model is absent.
"""

from collections.abc import Mapping
from typing import Any, Final

from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.compiled.value_classes import NO_VALUE, ValueClasses, class_of
from accesscontrol.policy.judge.known import REQUIRED, World
from accesscontrol.policy.language.values import NotAValue

BITS: Final = 12  # of an attribute in a sum
FIELD: Final = (1 << BITS) - 1  # as a mask
MOST_CLASSES: Final = FIELD  # of an attribute, before a new reader takes over
MOST_VALUES: Final = 20_000  # of an attribute that are remembered before all are forgotten
PRESENT: Final = 1  # the only class of an attribute that a question needs and no rule reads
JSON_CLASS: Final[Mapping[str, type]] = {  # by type of attribute; all others are texts
    "boolean": bool,
    "integer": int,
    "share": int,
    "codes": list,
    "countries": list,
}


# By raw value its number, where a list stands as a tuple; all values are of the one class. (Python
# takes True, 1 and 1.0 for the same key, JSON does not.)
ValueNumbers = tuple[object, dict[Any, int]]


class NotPlain(Exception):
    """A question needs a closer look than the sum of its numbers."""


class FactNumbers:
    """The numbers of facts under a compiled release, in live questions or in standings.

    ``full``: an attribute has more classes than its bits have room for.
    """

    def __init__(self, compiled: Compiled, *, standing: bool) -> None:
        self.full = False
        self.classes = {
            name: ValueClasses(tests, standing=standing)
            for name, tests in zip(compiled.names, compiled.attribute_tests, strict=True)
        }
        self._attributes = compiled.release.attributes
        self.by_attribute: dict[str, ValueNumbers] = {
            name: (JSON_CLASS.get(attribute.type, str), {})
            for name, attribute in self._attributes.items()
        }
        names = sorted({*compiled.names, *REQUIRED})
        self._lowest = {name: place * BITS for place, name in enumerate(names)}

    def meet(self, name: str, raw: Any) -> int:
        """The number of a fact not met before, which is known from now on.

        0 where no rule in force reads it. Raises NotPlain for what is no value of its attribute,
        Failing for a value over which a test fails.
        """
        try:
            value = self._attributes[name].read(raw)
        except NotAValue:
            raise NotPlain from None
        number = 0
        if name in self._lowest:
            of_class = self.classes[name].of(value) if name in self.classes else PRESENT
            number = self._fitting(of_class) << self._lowest[name]
        _, known = self.by_attribute[name]
        if len(known) >= MOST_VALUES:
            known.clear()
        known[tuple(raw) if isinstance(raw, list) else raw] = number
        return number

    def in_sum(self, total: int) -> dict[str, int]:
        """By attribute the number of the class that a sum says."""
        return {name: total >> lowest & FIELD for name, lowest in self._lowest.items()}

    def in_world(self, world: World) -> dict[str, int]:
        """By attribute the number of the class of what is known. Raises Failing."""
        numbers = {name: class_of(each, world, name) for name, each in self.classes.items()}
        self.full = self.full or max(numbers.values(), default=NO_VALUE) > MOST_CLASSES
        return numbers

    def _fitting(self, number: int) -> int:
        if number > MOST_CLASSES:
            self.full = True
            raise NotPlain
        return number


def lacking(numbers: Mapping[str, int]) -> list[str]:
    """The facts that a question needs, and that are of the class of no value."""
    return [name for name in REQUIRED if numbers[name] == NO_VALUE]
