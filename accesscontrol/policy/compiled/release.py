"""Compiles a release for a stretch of time in which nothing of it begins or ends: a bit per clause.

Each condition in force, a rule's or an exemption's, becomes clauses, of which one at least is true
where it is true, and all are false where it is false. What a fact settles is then a mask over all
clauses of the release, and what is known of a question is the AND of its facts' masks.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from accesscontrol.policy.compiled.attribute_tests import NOWHERE, AttributeTests, Places
from accesscontrol.policy.compiled.clauses import Clause, clauses_of
from accesscontrol.policy.judge.truth import FALSE, TRUE, UNKNOWN, Truth
from accesscontrol.policy.language.conditions import Condition, IsKnown, Test, attributes
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Exemption, Rule
from accesscontrol.policy.language.values import instant_of

KEPT: Final = 16  # compiled releases: of the one in force, of drafts, of recent ones
BEGINNING: Final = "0000-01-01T00:00:00Z"  # before any instant that a release can name


class ClauseMasks(NamedTuple):
    """What some facts make of a rule's clauses: masks with a bit for each, the lowest its first.

    A clause is true, false (not in ``not_false``) or unknown (in ``not_false`` only).
    """

    true: int
    not_false: int
    absent: int  # the attributes of which there is no fact, as bits by their place

    def together(self, other: "ClauseMasks") -> "ClauseMasks":
        """What both facts make of the clauses."""
        return ClauseMasks(
            self.true & other.true, self.not_false & other.not_false, self.absent | other.absent
        )


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """A rule in force; its clauses lie side by side, its condition's before its exemptions'."""

    rule: Rule
    place: int  # among the compiled rules, which are in the order of a verdict's lists
    reports: bool  # it only reports, for as long as the stretch lasts
    first: int  # its lowest clause among all
    every: int  # its clauses, as bits above the first
    when: int  # those of its condition
    exempt: tuple[tuple[Exemption, int], ...]  # those of each exemption in force
    reads: tuple[int, ...]  # of each clause the attributes, as bits by their place

    def of(self, clauses: int) -> int:
        """Its own bits out of those of all clauses."""
        return clauses >> self.first & self.every

    def attributes(self, clauses: int) -> int:
        """The attributes that these clauses of its own read, as bits."""
        read = 0
        for clause in bits(clauses):
            read |= self.reads[clause]
        return read


class Compiled:
    """The rules in force in one stretch, as clauses; ``instant`` stands for each instant of it.

    ``names``: the attributes that they read. An attribute's place is its place there.
    """

    def __init__(self, release: Release, instant: str) -> None:
        self.release = release
        self.instant = instant
        in_force = [rule for rule in release.by_ref if rule.period.contains(instant)]
        read = frozenset[str]().union(*(_read(rule, instant) for rule in in_force))
        self.names: tuple[str, ...] = tuple(sorted(read))
        self.places = {name: place for place, name in enumerate(self.names)}
        self._clauses: list[Clause] = []
        self.rules = [self._rule(place, rule) for place, rule in enumerate(in_force)]
        self.size = len(self._clauses)
        self.whens = sum(rule.when << rule.first for rule in self.rules)
        self.owner = [rule for rule in self.rules for _ in rule.reads]
        self.attribute_tests = self._attribute_tests()

    def may_be_true(self, not_false: int) -> Iterator[CompiledRule]:
        """The rules whose conditions are not false, in order, by the clauses that are not."""
        left = not_false & self.whens
        while left:
            rule = self.owner[(left & -left).bit_length() - 1]
            yield rule
            end = rule.first + len(rule.reads)
            left = left >> end << end

    def _rule(self, place: int, rule: Rule) -> CompiledRule:
        first = len(self._clauses)
        when = self._add(rule.when, first)
        exempt = tuple(
            (exemption, self._add(exemption.when, first))
            for exemption in in_force(rule, self.instant)
        )
        own = self._clauses[first:]
        reads = tuple(
            sum({1 << self.places[leaf.attribute.name] for leaf, _ in clause}) for clause in own
        )
        every = (1 << len(own)) - 1
        return CompiledRule(
            rule, place, rule.report_only(self.instant), first, every, when, exempt, reads
        )

    def _add(self, condition: Condition, first: int) -> int:
        """Give each clause of the condition a bit; the bits, above the first."""
        start = len(self._clauses)
        self._clauses += clauses_of(condition)
        return (1 << len(self._clauses) - first) - (1 << start - first)

    def _attribute_tests(self) -> list[AttributeTests]:
        """By an attribute's place, where its tests stand."""
        tests: list[dict[Test, Places]] = [{} for _ in self.names]
        known = [NOWHERE for _ in self.names]
        for number, clause in enumerate(self._clauses):
            for leaf, wanted in clause:
                place = self.places[leaf.attribute.name]
                match leaf:
                    case IsKnown():
                        known[place] = _with(known[place], number, wanted)
                    case Test():
                        before = tests[place].get(leaf, NOWHERE)
                        tests[place][leaf] = _with(before, number, wanted)
                    case _:
                        assert_never(leaf)
        return [
            AttributeTests(self.release, self.instant, name, tests[place], known[place], self.size)
            for place, name in enumerate(self.names)
        ]


def _with(places: Places, clause: int, wanted: bool) -> Places:
    """The places with one more clause, which wants the test true or false."""
    true, false = places
    return (true | 1 << clause, false) if wanted else (true, false | 1 << clause)


def in_force(rule: Rule, instant: str) -> Iterator[Exemption]:
    return (exemption for exemption in rule.unless if exemption.period.contains(instant))


def truth_of(part: int, masks: ClauseMasks) -> Truth:
    """The truth of a condition, a ``part`` of a rule's clauses."""
    return TRUE if masks.true & part else UNKNOWN if masks.not_false & part else FALSE


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


@lru_cache(maxsize=KEPT)
def boundaries(release: Release) -> tuple[datetime, ...]:
    """Threads share them: they never change."""
    return release.boundaries()


@lru_cache(maxsize=KEPT)
def compiled_stretch(release: Release, stretch: int) -> Compiled:
    """The release between its boundaries ``stretch`` − 1 and ``stretch``. Raises Failing.

    Threads share it: a compiled release never changes once it is made.
    """
    start = instant_of(boundaries(release)[stretch - 1]) if stretch else BEGINNING
    return Compiled(release, start)


def compiled(release: Release, at: datetime) -> Compiled:
    """The release compiled for the stretch that the instant lies in. Raises Failing."""
    return compiled_stretch(release, bisect_right(boundaries(release), at))


def _read(rule: Rule, instant: str) -> frozenset[str]:
    """What is read of it at this instant: an exemption out of its period reads nothing."""
    return attributes(rule.when).union(*(attributes(each.when) for each in in_force(rule, instant)))
