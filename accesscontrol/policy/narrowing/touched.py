"""Tells which licensees a change can touch, so that a run after it leaves out all others.

Nothing is decided here: a licensee that may be touched is judged in full. These are the steps:

1. An answer consists of what each rule says, and of the names of invalid facts that rules read.
2. A standing may have been judged at any moment of the interval, since a run that was cancelled
   has left some under a release in between. So all moments are compared with each other.
3. A rule that is the same at all moments says the same of a licensee at all of them.
4. A rule that differs says nothing of a licensee of which its condition is false at all moments.
5. So a licensee is touched only if a clause of such a condition may be true of it at some moment.
   An absent fact may make any test true, and so may an invalid one.

An example: a release with the rule "country is CN" is followed by one with "country is CN or RU".
The rule differs, and its clauses are "country is CN" and "country is RU". So the licensees in China
and in Russia are touched, and those whose country is not known.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, assert_never

from accesscontrol.policy.compiled.clauses import Literal, clauses_of
from accesscontrol.policy.judge.known import ABSENT
from accesscontrol.policy.language import bounds
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import All, Any, Condition, tests_of
from accesscontrol.policy.language.rules import Exemption, Rule
from accesscontrol.policy.narrowing.interval import Contents, Facts, Interval, Moment

MOST_MOMENTS: Final = 64  # with more moments it is quicker to judge all licensees
MOST_CLAUSES: Final = 256  # and so it is with more clauses
STATUS: Final = "entitlement.status"


@dataclass(frozen=True, slots=True)
class Invalid:
    """True of licensees whose value of the attribute is invalid, which answers may name."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class HasPapers:
    """True of licensees that hold a paper: an export license or a disposition."""


Mark = Literal | Invalid | HasPapers
Marks = frozenset[Mark]  # touches the licensees of which each mark may be true


def touched(interval: Interval) -> frozenset[Marks] | None:
    """Which licensees the changes can touch: those of which all marks of one set may be true.

    None where the changes can touch any licensee, or where there is too much to compare.
    """
    if not interval.alike or len(interval.moments) > MOST_MOMENTS:
        return None
    found = _Comparison(interval).marks()
    if found is None or frozenset() in found or len(found) > MOST_CLAUSES:
        return None
    return frozenset(found)


def touches(changes: Iterable[Marks], interval: Interval, facts: Facts, *, papers: bool) -> bool:
    """Whether the changes can touch a licensee with these facts.

    This is the reference for the SQL that selects licensees, which must find at least these.
    """
    return any(
        all(_may_be_true(mark, interval, facts, papers) for mark in marks) for marks in changes
    )


def _may_be_true(mark: Mark, interval: Interval, facts: Facts, papers: bool) -> bool:
    match mark:
        case HasPapers():
            return papers
        case Invalid(attribute):
            return interval.invalid(attribute, facts.get(attribute.name, ABSENT))
        case (leaf, _):
            return interval.possible(mark, facts.get(leaf.attribute.name, ABSENT))
        case _:
            assert_never(mark)


@dataclass(frozen=True)
class _Tested:
    """A condition, with who is in the groups and lists that it names."""

    when: Condition
    reads: tuple[Contents | None, ...]


@dataclass(frozen=True)
class _Lift:
    ref: str
    tested: _Tested


@dataclass(frozen=True)
class _InForce:
    """All that a rule's answer at a moment depends on, except for facts and papers."""

    effect: str
    order: tuple[str, str | None]
    reports: bool
    tested: _Tested
    lifts: tuple[_Lift, ...]

    def apart_from_lifts(self) -> tuple[object, ...]:
        return (self.effect, self.order, self.reports, self.tested)


class _Comparison:
    """Compares the moments of an interval with each other, rule by rule."""

    def __init__(self, interval: Interval) -> None:
        self.interval = interval
        self.everywhere = frozenset(interval.offerings[-1])

    def marks(self) -> set[Marks] | None:
        """Of each rule that differs between moments; None where any licensee can be touched."""
        unread = self._sometimes_read() & self.interval.releases[-1].attributes.keys()
        if self._invalid_in_a_model(unread | self._read_anywhere & self._moved_names):
            return None
        found = {frozenset[Mark]((Invalid(self.interval.attribute(name)),)) for name in unread
                 if not _of_an_offering(name)}  # fmt: skip
        if self.moved:
            found.add(frozenset((HasPapers(),)))
        for versions in self._rules():
            found.update(self._of_rule(versions))
        return found

    def _rules(self) -> Iterator[list[tuple[Moment, Rule | None]]]:
        """Each rule version at each moment; None where the moment's release lacks it."""
        by_name = [{(r.ref, r.version): r for r in m.release.rules} for m in self.interval.moments]
        for name in dict.fromkeys(name for rules in by_name for name in rules):
            yield [
                (moment, rules.get(name))
                for moment, rules in zip(self.interval.moments, by_name, strict=True)
            ]

    def _of_rule(self, versions: Sequence[tuple[Moment, Rule | None]]) -> Iterator[Marks]:
        states = [self._state(rule, moment) for moment, rule in versions]
        in_force = [state for state in states if state is not None]
        if not in_force:
            return
        read = frozenset[str]().union(*(rule.attributes for _, rule in versions if rule))
        moved = {offering for offering, names in self.moved.items() if names & read}
        for condition in dict.fromkeys(state.tested.when for state in in_force):
            yield from self._where(condition, moved)
        if any(state != states[0] for state in states):
            for condition in _differing(in_force, always=len(in_force) == len(states)):
                yield from self._where(condition, self.everywhere)

    def _state(self, rule: Rule | None, moment: Moment) -> _InForce | None:
        """What the rule's answer depends on; None where it is not in force and says nothing."""
        if rule is None or not rule.period.contains(moment.instant):
            return None
        lifting = [each for each in rule.unless if each.period.contains(moment.instant)]
        return _InForce(
            rule.effect,
            (rule.order, rule.license_review_policy),
            rule.report_only(moment.instant),
            self._tested(rule.when, moment),
            tuple(self._lift(each, moment) for each in lifting),
        )

    def _lift(self, exemption: Exemption, moment: Moment) -> _Lift:
        return _Lift(exemption.ref, self._tested(exemption.when, moment))

    def _tested(self, condition: Condition, moment: Moment) -> _Tested:
        return _Tested(
            condition, tuple(self.interval.contents(test, moment) for test in tests_of(condition))
        )

    def _where(self, condition: Condition, offerings: Collection[int]) -> Iterator[Marks]:
        """The clauses that can be true for one of the offerings, without the offering's tests."""
        for clause in clauses_of(condition):
            of_offering = [each for each in clause if _of_an_offering(each[0].attribute.name)]
            if any(self._possible_for(of_offering, each) for each in offerings):
                yield frozenset(
                    (leaf, wanted)
                    for leaf, wanted in clause
                    if not _of_an_offering(leaf.attribute.name) and leaf.attribute.name != STATUS
                )

    def _possible_for(self, literals: Sequence[Literal], offering: int) -> bool:
        return all(
            any(
                self.interval.possible(
                    literal, known[offering].get(literal[0].attribute.name, ABSENT)
                )
                for known in self.interval.offerings
            )
            for literal in literals
        )

    @cached_property
    def moved(self) -> dict[int, frozenset[str]]:
        """By offering, the attributes that were not the same throughout."""
        newest = self.interval.offerings[-1]
        return {
            position: names
            for position in newest
            if (names := _differ([known[position] for known in self.interval.offerings]))
        }

    @cached_property
    def _moved_names(self) -> frozenset[str]:
        return frozenset[str]().union(*self.moved.values())

    @cached_property
    def _read_anywhere(self) -> frozenset[str]:
        releases = self.interval.releases
        return self._names(rule for release in releases for rule in release.rules)

    def _sometimes_read(self) -> frozenset[str]:
        """The attributes that some rule reads at one moment and no rule reads at another.

        It counts the rules in force, and again all rules of the release: so it does not matter
        which of these make an answer name an invalid fact.
        """
        by_all = [self._names(release.rules) for release in self.interval.releases]
        by_those_in_force = [
            self._names(
                rule for rule in moment.release.rules if rule.period.contains(moment.instant)
            )
            for moment in self.interval.moments
        ]
        return _not_common(by_all) | _not_common(by_those_in_force)

    def _names(self, rules: Iterable[Rule]) -> frozenset[str]:
        names = frozenset[str]().union(*(rule.attributes for rule in rules))
        return names.union(*(also for name, also in self.interval.entails.items() if name in names))

    def _invalid_in_a_model(self, names: frozenset[str]) -> bool:
        """Whether a model has an invalid fact of these names, which all answers about it name."""
        known = self.interval.releases[-1].attributes
        return any(
            name in facts and self.interval.invalid(known[name], facts[name])
            for offerings in self.interval.offerings
            for facts in offerings.values()
            for name in names & known.keys()
        )


def _differing(in_force: Sequence[_InForce], *, always: bool) -> list[Condition]:
    """The conditions outside of which the rule says the same throughout.

    Where only exemptions differ, one of those that do must be possibly true too: a false exemption
    changes nothing.
    """
    first = in_force[0]
    same = all(each.apart_from_lifts() == first.apart_from_lifts() for each in in_force)
    if always and same:
        lifts = _differing_lifts([each.lifts for each in in_force])
        both = All((first.tested.when, Any(tuple(lifts)))) if lifts else first.tested.when
        if bounds.clauses(both) <= MOST_CLAUSES:
            return [both]
    return list(dict.fromkeys(each.tested.when for each in in_force))


def _differing_lifts(all_lifts: Sequence[tuple[_Lift, ...]]) -> list[Condition]:
    """The conditions of exemptions that are not there throughout.

    None where the others are not in the same order throughout.
    """
    steady = [lift for lift in all_lifts[0] if all(lift in lifts for lifts in all_lifts)]
    if any([lift for lift in lifts if lift in steady] != steady for lifts in all_lifts):
        return []
    others = (lift for lifts in all_lifts for lift in lifts if lift not in steady)
    return list(dict.fromkeys(lift.tested.when for lift in others))


def _differ(known: Sequence[Facts]) -> frozenset[str]:
    names = frozenset(name for facts in known for name in facts)
    first = known[0]
    return frozenset(
        name for name in names if any(_said(facts, name) != _said(first, name) for facts in known)
    )


def _said(facts: Facts, name: str) -> str | None:
    """The fact as a text, since Python takes the JSON values ``true`` and 1 for equal."""
    return json.dumps(facts[name], sort_keys=True) if name in facts else None


def _not_common(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets) - sets[0].intersection(*sets)


def _of_an_offering(name: str) -> bool:
    return name.startswith("model.") or name == "request.activity"
