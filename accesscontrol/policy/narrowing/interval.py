"""Intervals: all that was in force between two instants, and how a test can have come out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import assert_never

from accesscontrol.policy.compiled.clauses import Literal
from accesscontrol.policy.judge.known import ABSENT, Seen, as_seen
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import IsKnown, Leaf, Test
from accesscontrol.policy.language.operators import OPERATORS
from accesscontrol.policy.language.release import Members, Release
from accesscontrol.policy.language.values import NotAValue, Value, instant_of

Facts = Mapping[str, object]
Offerings = Mapping[int, Facts]  # by position: the JSON facts of the model, and the activity
Contents = frozenset[Value]


@dataclass(frozen=True, eq=False)
class Moment:
    """A release at an instant. Between two moments nothing of it begins or ends."""

    release: Release
    instant: str


@dataclass(frozen=True, eq=False)
class Interval:
    """The time in which a standing may have been judged, up to now.

    ``releases`` are the one in force at its beginning and those published in it, oldest first.
    ``offerings`` are the facts of the offerings, as often as they changed in it, newest last.
    ``entails`` has, by attribute, the others that are read wherever it is.
    """

    releases: tuple[Release, ...]
    since: datetime
    until: datetime
    offerings: tuple[Offerings, ...]
    entails: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """Each release at the beginning, and at each later instant at which it changes something.

        Each release counts over the whole interval, though it was in force for a part of it only:
        clocks decide which part, and a moment too many can only touch more licensees.
        """
        return tuple(
            Moment(release, instant)
            for release in self.releases
            for instant in self._instants(release)
        )

    @property
    def alike(self) -> bool:
        """Whether attributes, territories and offerings are the same throughout."""
        first = self.releases[0]
        return all(
            release.attributes == first.attributes and release.territories == first.territories
            for release in self.releases
        ) and all(known.keys() == self.offerings[0].keys() for known in self.offerings)

    def attribute(self, name: str) -> Attribute:
        return self.releases[-1].attributes[name]

    def possible(self, literal: Literal, raw: object) -> bool:
        """Whether the literal can have been true or unknown of this raw value, or of its absence.

        An invalid value counts as absent, as it does when a standing is judged.
        """
        attribute = literal[0].attribute
        value = read_or_none(attribute, raw)
        return self.possible_of(literal, None if value is None else self.seen(attribute, value))

    def seen(self, attribute: Attribute, value: Value) -> Seen:
        return as_seen(self.releases[-1], attribute, value)

    def possible_of(self, literal: Literal, seen: Seen | None) -> bool:
        """The same for a value that was read already; None is an absent one."""
        leaf, wanted = literal
        match leaf:
            case IsKnown(attribute):
                if seen is None:
                    return attribute.source == "request" or not wanted
                return wanted
            case Test(_, operator, operand):
                if seen is None:
                    return True
                memberships = self.memberships(leaf)
                possible = OPERATORS[operator].possible
                return possible(operand, seen.value, seen.stands_for, memberships, wanted)
            case _:
                assert_never(leaf)

    def invalid(self, attribute: Attribute, raw: object) -> bool:
        return raw is not ABSENT and read_or_none(attribute, raw) is None

    def memberships(self, test: Test) -> list[Contents]:
        """The different members that the group or list of a test has had; empty for other tests."""
        if OPERATORS[test.operator].operand.names is None:
            return []
        if test not in self._memberships:
            each = (self.contents(test, moment) for moment in self.moments)
            had = dict.fromkeys(contents for contents in each if contents is not None)
            self._memberships[test] = list(had)
        return self._memberships[test]

    def contents(self, test: Test, moment: Moment) -> Contents | None:
        """The members of a test's group or list at a moment; None where there is no such."""
        what = OPERATORS[test.operator].operand.names
        members = None if what is None else moment.release.named(what).get(str(test.operand))
        if members is None:
            return None
        key = (id(members), moment.instant)
        if key not in self._contents:
            self._contents[key] = frozenset(_members_at(members, moment.instant))
        return self._contents[key]

    @cached_property
    def _contents(self) -> dict[tuple[int, str], Contents]:
        return {}

    @cached_property
    def _memberships(self) -> dict[Test, list[Contents]]:
        return {}

    def _instants(self, release: Release) -> list[str]:
        ahead = [at for at in release.boundaries() if self.since < at <= self.until]
        return list(dict.fromkeys(instant_of(at) for at in (self.since, *ahead)))


def named_values(leaf: Leaf, interval: Interval) -> frozenset[Value]:
    """The values that the leaf names. It makes no difference between any two others."""
    match leaf:
        case IsKnown():
            return frozenset()
        case Test(_, operator, operand):
            members = frozenset[Value]().union(*interval.memberships(leaf))
            return frozenset(OPERATORS[operator].operand.values(operand, members))
        case _:
            assert_never(leaf)


def read_or_none(attribute: Attribute, raw: object) -> Value | None:
    """The value as it is judged; None where it is absent or invalid."""
    if raw is ABSENT:
        return None
    try:
        return attribute.read(raw)
    except NotAValue:
        return None


def _members_at(members: Members, instant: str) -> Iterator[Value]:
    for value, periods in members.periods.items():
        if any(period.contains(instant) for period in periods):
            yield value
