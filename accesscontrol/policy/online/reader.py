"""Answers one question at a time by the compiled release, in a few microseconds.

A value becomes the number of its class, shifted to the field of its attribute, and the numbers are
added up (sums.py): the sum holds all that the verdict depends on. Of a sum that was not met before
the fields make three sides (licensee, model, request), of which each has few different sums: the
AND of the three sides' masks says which clauses are true, and which are not false.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple

from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.compiled.rule_outcomes import Patterns, Remembered, Weighed
from accesscontrol.policy.compiled.value_classes import NO_VALUE, Classes, class_of
from accesscontrol.policy.judge.entries import incomplete_in
from accesscontrol.policy.judge.known import ABSENT, REQUIRED, World, look
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language.values import NotAValue
from accesscontrol.policy.online.numbers import Numbers
from accesscontrol.policy.online.sums import Column, Groups, Row
from accesscontrol.policy.online.template import Skeleton

ROOM: Final = 2  # bits of a field beyond those that the number of its attribute's tests takes
MOST_ROOM: Final = 12
SUMS: Final = 50_000  # of one side, and of whole questions, that are remembered
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
        bits = sum(side.bits for side in self._sides).bit_length()
        self._wrong = 1 << bits  # the number of what is no value
        self._everything = (1 << 2 * compiled.size) - 1
        self._columns = {name: self._column(name) for name in compiled.release.attributes}
        self._stateable = frozenset(
            name
            for name, attribute in compiled.release.attributes.items()
            if not attribute.register_only
        )
        self._asked_whether_known = _asked_whether_known(compiled)
        self._met: dict[int, Skeleton] = {}  # by the sum of a question's numbers
        self._skeletons = Remembered(self.patterns, self._made)
        self._regroup([(self._columns[name],) for name in REQUIRED])

    def quick(self, facts: Facts, stated: Facts) -> Verdict | None:
        """The verdict on a question without papers.

        None where the question is not a plain one: something needed is absent, a value is none, or
        a statement contradicts a fact. Raises Failing.
        """
        row = self._row
        values = {**row.nothing, **facts}
        ignored: list[str] = []
        said: Facts | None = NOTHING
        if stated:
            said = self._said(facts, stated, ignored)
            if said is None:
                return None
            values.update(said)
        if len(values) > row.size:
            row, values = self._widened(row, values, ignored)
        try:
            total = row.total(*values.values())
        except TypeError:  # a value that cannot be looked up, such as an object
            return None
        if total >= self._wrong:
            return None
        skeleton = self._met.get(total) or self._skeleton(total, facts, stated)
        if not skeleton.silent or ignored:
            verdict = skeleton.filled({**facts, **said} if said else facts)
            return verdict._replace(ignored=tuple(sorted(set(ignored)))) if ignored else verdict
        return skeleton.empty

    def judge(self, prepared: Prepared) -> Verdict:
        """The verdict on any prepared question. Raises Failing."""
        world = prepared.world
        if world.lacking:
            return incomplete_in(world)
        mask, absent = self._mask(world)
        if prepared.papers or world.conflicts:
            skeleton = self._made(self.patterns.weighed_once(mask, prepared))
        else:
            skeleton = self._skeletons.of(mask, absent, lambda: prepared)
        return fill(skeleton, world)

    def _said(self, facts: Facts, stated: Facts, ignored: list[str]) -> Facts | None:
        """What is stated beyond the facts; adds the names of statements that state nothing.

        None where one contradicts a fact, or where a rule tells a statement from a fact.
        """
        said = {}
        for name, raw in stated.items():
            fact = facts.get(name, ABSENT)
            if name not in self._stateable:
                ignored.append(name)
            elif fact is not ABSENT:
                if raw != fact or raw.__class__ is not fact.__class__:
                    return None
            elif name in self._asked_whether_known:
                return None
            else:
                said[name] = raw
        return said

    def _widened(
        self, row: Row, values: Facts, ignored: list[str]
    ) -> tuple[Row, dict[str, object]]:
        """A row with the attributes not met before, and the values in its order.

        Adds the names that are no attributes.
        """
        new = list(values)[row.size :]
        known = [self._columns[name] for name in new if name in self._columns]
        if known:
            row = self._regroup(row.with_more(known))
        ignored += [name for name in new if name not in self._columns]
        given = {name: raw for name, raw in values.items() if name in self._columns}
        return row, {**row.nothing, **given}

    def _regroup(self, groups: Groups) -> Row:
        self._row = Row(groups, self._wrong, self._regroup)
        return self._row

    def _column(self, name: str) -> Column:
        side = next(place for place, prefixes in enumerate(SIDES) if name.startswith(prefixes))
        numbers = Numbers(partial(self._number, name), self._wrong)
        type_ = self.compiled.release.attributes[name].type
        return Column(name, type_, side, name in REQUIRED, numbers)

    def _number(self, name: str, raw: object) -> int:
        """Of one raw value that was not met before, at the field of its attribute."""
        attribute = self.compiled.release.attributes[name]
        try:
            value = attribute.read(raw)
        except NotAValue:
            return self._wrong
        field = self._fields.get(name)
        if field is None:
            return 0  # no rule in force reads it
        number = self.classes[name].of(value)
        if number > field.most:
            self.full = True
            return self._wrong
        return number << field.lowest

    def _skeleton(self, total: int, facts: Facts, stated: Facts) -> Skeleton:
        mask, absent = self._everything, 0
        for side in self._sides:
            summed = side.known.get(total & side.bits)
            if summed is None:
                summed = side.remember(total, self._sum_up(side, total))
            mask &= summed[0]
            absent |= summed[1]
        skeleton = self._skeletons.of(mask, absent, partial(self._prepared, facts, stated))
        if len(self._met) >= SUMS:
            self._met.clear()
        self._met[total] = skeleton
        return skeleton

    def _sum_up(self, side: Side, total: int) -> Summed:
        mask, absent = self._everything, 0
        for name, field in side.fields.items():
            number = total >> field.lowest & field.most
            mask &= self.classes[name].masks[number]
            absent |= (number == NO_VALUE) << self.compiled.places[name]
        return mask, absent

    def _made(self, found: tuple[Weighed, ...]) -> Skeleton:
        return Skeleton(self.patterns.outcome(found), found, self.compiled.release.attributes)

    def _prepared(self, facts: Facts, stated: Facts) -> Prepared:
        release, instant, standing = self.compiled.release, self.compiled.instant, self.standing
        world = look(release, facts=facts, stated=stated, instant=instant, standing=standing)
        return Prepared(world, licenses=(), dispositions=())

    def _mask(self, world: World) -> Summed:
        mask, absent = self._everything, 0
        for name, place in self.compiled.places.items():
            number = class_of(self.classes[name], world, name)
            mask &= self.classes[name].masks[number]
            absent |= (number == NO_VALUE) << place
            self.full = self.full or number > self._fields[name].most
        return mask, absent


def fill(skeleton: Skeleton, world: World) -> Verdict:
    """The verdict with the facts of this world; of two values, the register's."""
    attributes = world.release.attributes
    values = {name: attributes[name].write(seen[0].value) for name, seen in world.seen.items()}
    return skeleton.filled(values, canonical=True)._replace(
        conflicts=world.conflicts, invalid=world.invalid, ignored=world.ignored
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


def _asked_whether_known(compiled: Compiled) -> frozenset[str]:
    """The attributes of the register about which a rule asks whether the register knows them."""
    return frozenset(
        name
        for name, literals in zip(compiled.names, compiled.literals, strict=True)
        if literals.ask_whether_known and literals.attribute.source == "register"
    )


NOTHING: Final[Facts] = {}
