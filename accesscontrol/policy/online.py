"""Answers one question at a time by the compiled release, in a few microseconds.

A value becomes the number of its class, shifted to the field of its attribute, and the numbers are
added up. The fields make three sides (licensee, model, request), of which each has few different
sums: the AND of the three sides' masks says which clauses are true, and which are not false.
"""

from collections.abc import Mapping
from typing import Final

from accesscontrol.policy.classes import ABSENT, Classes
from accesscontrol.policy.compile import Compiled
from accesscontrol.policy.findings import incomplete_in
from accesscontrol.policy.patterns import Patterns, Remembered, Weighed
from accesscontrol.policy.skeletons import Skeleton
from accesscontrol.policy.values import NotAValue
from accesscontrol.policy.verdict import Verdict
from accesscontrol.policy.weighing import Case, prepare
from accesscontrol.policy.world import World

FIELD: Final = 16  # bits that the number of a class takes
CLASSES: Final = 4_000  # of one attribute, before everything is forgotten and numbered anew
VALUES: Final = 20_000  # raw values of an attribute that are remembered
SUMS: Final = 50_000  # sums of one side that are remembered
ID, MODEL, ACTIVITY = "licensee.id", "model.id", "request.activity"
REMEMBERED: Final = (str, int, bool, tuple)
SIDES: Final = (("licensee.",), ("model.", "entitlement."), ("user.", "request."))

Entry = tuple[type, int, int]  # the raw value's type, its number as a fact, and as a statement
Entries = Mapping[str, dict[object, Entry]]
Summed = tuple[int, int]  # the mask of one side, and which of its attributes are absent, as bits


class Side:
    """The attributes of one side: their fields in a sum, and what each of its sums comes to."""

    def __init__(self, compiled: Compiled, names: list[str], first: int) -> None:
        self.fields = {name: (first + place) * FIELD for place, name in enumerate(names)}
        self.bits = ((1 << len(names) * FIELD) - 1) << first * FIELD
        self.places = compiled.places
        self.known: dict[int, Summed] = {}

    def sum_up(self, total: int, classes: Mapping[str, Classes], everything: int) -> Summed:
        mask, absent = everything, 0
        for name, field in self.fields.items():
            number = total >> field & (1 << FIELD) - 1
            mask &= classes[name].masks[number]
            absent |= (number == ABSENT) << self.places[name]
        if len(self.known) >= SUMS:
            self.known.clear()
        self.known[total & self.bits] = mask, absent
        return mask, absent


class Online:
    """A release compiled for one span, for questions or for standings."""

    def __init__(self, compiled: Compiled, *, standing: bool) -> None:
        self.compiled = compiled
        self.standing = standing
        self.patterns = Patterns(compiled, standing=standing)
        self.classes = {
            name: Classes(literals, standing=standing)
            for name, literals in zip(compiled.names, compiled.literals, strict=True)
        }
        vocabulary = compiled.release.vocabulary
        self._facts: Entries = {each.name: {} for each in vocabulary}
        self._stateable = {each.name for each in vocabulary if not each.register_only}
        self._sides = _sides(compiled)
        self._fields = {name: f for side in self._sides for name, f in side.fields.items()}
        self._wrong = 1 << (len(self._fields) + 1) * FIELD  # of a value that is none
        self._everything = (1 << 2 * compiled.size) - 1
        self._skeletons = Remembered(self.patterns, self._made)
        self.full = False  # an attribute has so many classes that it is time to begin anew

    def quick(self, facts: Mapping[str, object], stated: Mapping[str, object]) -> Verdict | None:
        """The verdict on a question without papers.

        None where the question is not a plain one: something needed is absent, a value is none, or
        a statement contradicts a fact. Raises Failing.
        """
        if ID not in facts or MODEL not in facts or not (ACTIVITY in facts or ACTIVITY in stated):
            return None
        ignored: list[str] = []
        try:
            total = self._sum(facts, self._facts, ignored)
            if stated:
                more = self._more(facts, stated, ignored)
                if more is None:
                    return None
                total += self._sum(more, self._facts, ignored, stated=True)
        except TypeError:  # a value that cannot be looked up, such as an object
            return None
        if total >= self._wrong:
            return None
        skeleton = self._skeleton(total, facts, stated)
        values = {**more, **facts} if stated else facts
        if ignored:
            return skeleton.filled(values, ignored=tuple(sorted(set(ignored))))
        return skeleton.filled(values)

    def _more(
        self, facts: Mapping[str, object], stated: Mapping[str, object], ignored: list[str]
    ) -> dict[str, object] | None:
        """The statements that count and say what is not a fact already; None where one differs."""
        more = {}
        for name, raw in stated.items():
            if name not in self._stateable:
                ignored.append(name)
            elif name not in facts:
                more[name] = raw
            elif raw != facts[name] or raw.__class__ is not facts[name].__class__:
                return None
        return more

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

    def _sum(
        self,
        named: Mapping[str, object],
        entries: Entries,
        ignored: list[str],
        *,
        stated: bool = False,
    ) -> int:
        """The numbers of the values, added up."""
        total = 0
        for name, raw in named.items():
            met = entries.get(name)
            if met is None:
                ignored.append(name)
                continue
            if isinstance(raw, list):
                raw = tuple(raw)
            entry = met.get(raw)
            if entry is None or entry[0] is not raw.__class__:  # True == 1 == 1.0
                entry = self._read(name, raw, met)
            total += entry[2] if stated else entry[1]
        return total

    def _read(self, name: str, raw: object, met: dict[object, Entry]) -> Entry:
        attribute = self.compiled.release.attributes[name]
        try:
            value = attribute.read(raw)
        except NotAValue:
            entry = raw.__class__, self._wrong, self._wrong
        else:
            entry = raw.__class__, 0, 0
            if name in self._fields:
                by_request = attribute.source == "request"
                classes, field = self.classes[name], self._fields[name]
                stated = classes.of(value, registered=by_request)
                entry = raw.__class__, classes.of(value) << field, stated << field
                self.full = self.full or len(classes.masks) > CLASSES
        if raw.__class__ in REMEMBERED and raw not in met:
            if len(met) >= VALUES:
                met.clear()
            met[raw] = entry
        return entry

    def _skeleton(
        self, total: int, facts: Mapping[str, object], stated: Mapping[str, object]
    ) -> Skeleton:
        mask, absent = self._everything, 0
        for side in self._sides:
            found = side.known.get(total & side.bits)
            if found is None:
                found = side.sum_up(total, self.classes, self._everything)
            mask &= found[0]
            absent |= found[1]
        return self._skeletons.of(mask, absent, lambda: self._case(facts, stated))

    def _made(self, found: tuple[Weighed, ...]) -> Skeleton:
        return Skeleton(self.patterns.outcome(found), found, self.compiled.release.attributes)

    def _case(self, facts: Mapping[str, object], stated: Mapping[str, object]) -> Case:
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
            self.full = self.full or number > CLASSES
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


def _sides(compiled: Compiled) -> list[Side]:
    sides: list[Side] = []
    first = 0
    for prefixes in SIDES:
        names = [name for name in compiled.names if name.startswith(prefixes)]
        sides.append(Side(compiled, names, first))
        first += len(names)
    return sides
