"""Answers one question at a time by the compiled release, in a few microseconds.

A value becomes the number of its class, shifted to the field of its attribute, and the numbers are
added up. The fields make three sides (licensee, model, request), of which each has few different
sums: the AND of the three sides' masks says which clauses are true, and which are not false.
"""

from collections.abc import Callable, Mapping
from functools import partial
from operator import getitem, itemgetter
from typing import Any, Final, NamedTuple, cast

from accesscontrol.policy.classes import ABSENT, Classes
from accesscontrol.policy.compile import Compiled
from accesscontrol.policy.findings import incomplete_in
from accesscontrol.policy.numbers import Anything, Numbers
from accesscontrol.policy.patterns import Patterns, Remembered, Weighed
from accesscontrol.policy.skeletons import Skeleton
from accesscontrol.policy.values import NotAValue
from accesscontrol.policy.verdict import Verdict
from accesscontrol.policy.weighing import Case, prepare
from accesscontrol.policy.world import World

ROOM: Final = 2  # bits of a field beyond those that the number of its attribute's tests takes
MOST_ROOM: Final = 12
SUMS: Final = 50_000  # sums of one side that are remembered
SHAPES: Final = 5_000  # combinations of the names of facts that are remembered
ID, MODEL, ACTIVITY = "licensee.id", "model.id", "request.activity"
SIDES: Final = (("licensee.",), ("model.", "entitlement."), ("user.", "request."))

Facts = Mapping[str, object]
Summed = tuple[int, int]  # the mask of one side, and which of its attributes are absent, as bits


class Field(NamedTuple):
    """Where the number of an attribute's class stands in a sum, and the most that it can be."""

    lowest: int
    most: int


class Side:
    """The attributes of one side: their fields in a sum, and what each of its sums comes to."""

    def __init__(self, fields: Mapping[str, "Field"]) -> None:
        self.fields = fields
        self.bits = sum(field.most << field.lowest for field in fields.values())
        self.known: dict[int, Summed] = {}

    def remember(self, total: int, summed: Summed) -> Summed:
        if len(self.known) >= SUMS:
            self.known.clear()
        self.known[total & self.bits] = summed
        return summed


class Shape:
    """The names of a question's facts, in their order, and how to look their values up."""

    __slots__ = ("complete", "exact", "ignored", "known", "numbers", "sets", "types")

    def __init__(self, names: tuple[str, ...], known: Mapping[str, Numbers]) -> None:
        self.complete = ID in names and MODEL in names
        self.ignored = [name for name in names if name not in known]
        self.numbers = [known.get(name) for name in names]
        self.known = [ANYTHING if each is None else each.known for each in self.numbers]
        held = [(place, known[name]) for place, name in enumerate(names) if name in known]
        self.sets = [place for place, numbers in held if numbers.is_set]
        exact = [(place, numbers.exactly) for place, numbers in held if numbers.exactly]
        exact = exact * 2 if len(exact) == 1 else exact  # the getter of one gives no tuple
        self.types = tuple(type_ for _, type_ in exact)
        self.exact: Callable[[list[object]], Any] = (
            itemgetter(*(place for place, _ in exact)) if exact else _none
        )


class Online:
    """A release compiled for one span, for questions or for standings."""

    def __init__(self, compiled: Compiled, *, standing: bool, room: int = ROOM) -> None:
        self.compiled = compiled
        self.standing = standing
        self.room = room
        self.full = False  # an attribute has more classes than its field holds
        self.classes = {
            name: Classes(literals, standing=standing)
            for name, literals in zip(compiled.names, compiled.literals, strict=True)
        }
        self.patterns = Patterns(compiled, standing=standing)
        self._sides = _sides(compiled, room)
        self._fields = {name: f for side in self._sides for name, f in side.fields.items()}
        self._wrong = (
            1 << sum(side.bits for side in self._sides).bit_length()
        )  # a value that is none
        self._everything = (1 << 2 * compiled.size) - 1
        self._facts = self._numbers(registered=True)
        self._stated = {
            name: numbers
            for name, numbers in self._numbers(registered=False).items()
            if not compiled.release.attributes[name].register_only
        }
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._skeletons = Remembered(self.patterns, self._made)

    def quick(self, facts: Facts, stated: Facts) -> Verdict | None:
        """The verdict on a question without papers.

        None where the question is not a plain one: something needed is absent, a value is none, or
        a statement contradicts a fact. Raises Failing.
        """
        key = tuple(facts)
        shape = self._shapes.get(key) or self._shape(key)
        if not shape.complete or not (ACTIVITY in facts or ACTIVITY in stated):
            return None
        ignored = shape.ignored
        try:
            total = self._sum(shape, facts)
            if stated:
                total += self._sum_stated(facts, stated)
        except TypeError:  # a value that cannot be looked up, such as an object
            return None
        if total >= self._wrong:
            return None
        skeleton = self._skeleton(total, facts, stated)
        if ignored or not stated.keys() <= self._stated.keys():
            names = (*ignored, *(name for name in stated if name not in self._stated))
            return skeleton.filled(self._values(facts, stated), ignored=tuple(sorted(set(names))))
        if skeleton.silent:
            return skeleton.empty
        return skeleton.filled(self._values(facts, stated) if stated else facts)

    def _values(self, facts: Facts, stated: Facts) -> Facts:
        """The facts, and what is stated beyond them."""
        more = {n: raw for n, raw in stated.items() if n not in facts and n in self._stated}
        return {**facts, **more} if more else facts

    def judge(self, case: Case) -> Verdict:
        """The verdict on any case. Raises Failing."""
        world = case.world
        if world.lacking:
            return incomplete_in(world)
        mask, absent = self._mask(world)
        if case.papers or world.conflicts:
            skeleton = self._made(self.patterns.weighed_once(mask, case))
        else:
            skeleton = self._skeletons.of(mask, absent, lambda: case)
        return fill(skeleton, world)

    def _sum(self, shape: Shape, facts: Facts) -> int:
        """The numbers of the facts, added up. Raises TypeError."""
        values = list(facts.values())
        for place in shape.sets:
            value = values[place]
            if value.__class__ is not list:
                return self._wrong
            values[place] = tuple(cast("list[object]", value))
        if tuple(map(type, shape.exact(values))) != shape.types:
            return self._wrong
        try:
            return sum(map(getitem, shape.known, values))
        except KeyError:  # some are not known yet
            pairs = zip(shape.numbers, values, strict=True)
            return sum(numbers.of_key(value) for numbers, value in pairs if numbers is not None)

    def _sum_stated(self, facts: Facts, stated: Facts) -> int:
        """The same of what is stated and is no fact already. Raises TypeError."""
        total = 0
        for name, raw in stated.items():
            numbers = self._stated.get(name)
            if numbers is None:
                continue  # ignored
            if name not in facts:
                total += numbers.of(raw)
            elif raw.__class__ is not facts[name].__class__ or raw != facts[name]:
                return self._wrong  # a contradiction
        return total

    def _numbers(self, *, registered: bool) -> dict[str, Numbers]:
        return {
            each.name: Numbers(each.type, partial(self._number, each.name, registered), self._wrong)
            for each in self.compiled.release.vocabulary
        }

    def _number(self, name: str, registered: bool, raw: object) -> int:
        """Of one raw value that was not met before, at the field of its attribute."""
        attribute = self.compiled.release.attributes[name]
        try:
            value = attribute.read(raw)
        except NotAValue:
            return self._wrong
        field = self._fields.get(name)
        if field is None:
            return 0  # no rule in force reads it
        known = registered or attribute.source == "request"
        number = self.classes[name].of(value, registered=known)
        if number > field.most:
            self.full = True
            return self._wrong
        return number << field.lowest

    def _shape(self, names: tuple[str, ...]) -> Shape:
        if len(self._shapes) >= SHAPES:
            self._shapes.clear()
        shape = self._shapes[names] = Shape(names, self._facts)
        return shape

    def _skeleton(self, total: int, facts: Facts, stated: Facts) -> Skeleton:
        mask, absent = self._everything, 0
        for side in self._sides:
            summed = side.known.get(total & side.bits)
            if summed is None:
                summed = side.remember(total, self._sum_up(side, total))
            mask &= summed[0]
            absent |= summed[1]
        return self._skeletons.met(mask, absent) or self._skeletons.of(
            mask, absent, partial(self._case, facts, stated)
        )

    def _sum_up(self, side: Side, total: int) -> Summed:
        mask, absent = self._everything, 0
        for name, field in side.fields.items():
            number = total >> field.lowest & field.most
            mask &= self.classes[name].masks[number]
            absent |= (number == ABSENT) << self.compiled.places[name]
        return mask, absent

    def _made(self, found: tuple[Weighed, ...]) -> Skeleton:
        return Skeleton(self.patterns.outcome(found), found, self.compiled.release.attributes)

    def _case(self, facts: Facts, stated: Facts) -> Case:
        return prepare(
            self.compiled.release,
            facts=facts,
            stated=stated,
            licenses=(),
            dispositions=(),
            at=self.compiled.at,
            standing=self.standing,
        )

    def _mask(self, world: World) -> Summed:
        mask, absent = self._everything, 0
        for name, place in self.compiled.places.items():
            number = class_of(self.classes[name], world, name)
            mask &= self.classes[name].masks[number]
            absent |= (number == ABSENT) << place
            self.full = self.full or number > self._fields[name].most
        return mask, absent


def class_of(classes: Classes, world: World, name: str) -> int:
    """The class of what is known about an attribute. Raises Failing."""
    seen = world.seen.get(name)
    if seen is None:
        return ABSENT
    if len(seen) == 2:
        return classes.of_two(seen[0].value, seen[1].value)
    return classes.of(seen[0].value, registered=name in world.known)


def fill(skeleton: Skeleton, world: World) -> Verdict:
    """The verdict with the facts of this world; of two values, the register's."""
    attributes = world.release.attributes
    values = {name: attributes[name].write(seen[0].value) for name, seen in world.seen.items()}
    return skeleton.filled(
        values,
        canonical=True,
        conflicts=world.conflicts,
        invalid=world.invalid,
        ignored=world.ignored,
    )


def _sides(compiled: Compiled, room: int) -> list[Side]:
    sides: list[Side] = []
    lowest = 0
    for prefixes in SIDES:
        fields = {}
        for name, literals in zip(compiled.names, compiled.literals, strict=True):
            if name.startswith(prefixes):
                bits = len(literals.tests).bit_length() + room
                fields[name] = Field(lowest, (1 << bits) - 1)
                lowest += bits
        sides.append(Side(fields))
    return sides


def _none(values: list[object]) -> tuple[object, ...]:
    """Of these values none needs its type looked at."""
    return ()


ANYTHING: Final = Anything()
