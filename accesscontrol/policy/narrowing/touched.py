"""Tells whom a change can touch, so that a screening after it need not look at everybody.

It never decides anything: whoever may be touched is judged in full. A standing may have been judged
at any moment of the span (a run that was cancelled left some under a release in between), so a
licensee is left out only where no moment of it can differ from another in what it says of him:
each rule that is not the same throughout is false of him throughout. An answer is made of the
rules' answers, and of the names of invalid facts that rules read, and of nothing else.
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
from accesscontrol.policy.narrowing.interval import Contents, Facts, Moment, Span

MOST_MOMENTS: Final = 64  # beyond these it is quicker to look at everybody
MOST_CLAUSES: Final = 256
STATUS: Final = "entitlement.status"


@dataclass(frozen=True, slots=True)
class Invalid:
    """Touches whose value of the attribute is outside its domain: it is named, or no longer."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class HasPapers:
    """Touches who has an export license or a disposition, which can rest on any fact."""


Mark = Literal | Invalid | HasPapers
Clause = frozenset[Mark]  # touches where each of its marks may hold


def touched(span: Span) -> frozenset[Clause] | None:
    """Whom the span's changes can touch: where one of the clauses may hold; None: anybody."""
    if not span.alike or len(span.moments) > MOST_MOMENTS:
        return None
    clauses = _Comparison(span).clauses()
    if clauses is None or frozenset() in clauses or len(clauses) > MOST_CLAUSES:
        return None
    return frozenset(clauses)


def touches(clauses: Iterable[Clause], span: Span, facts: Facts, *, papers: bool) -> bool:
    """Whether one of the clauses may hold of a licensee, said as plainly as it can be.

    A faster reader of clauses has to find everybody whom this one finds.
    """
    return any(
        all(_may_be_true(mark, span, facts, papers) for mark in clause) for clause in clauses
    )


def _may_be_true(mark: Mark, span: Span, facts: Facts, papers: bool) -> bool:
    match mark:
        case HasPapers():
            return papers
        case Invalid(attribute):
            return span.invalid(attribute, facts.get(attribute.name, ABSENT))
        case (leaf, _):
            return span.possible(mark, facts.get(leaf.attribute.name, ABSENT))
        case _:
            assert_never(mark)


@dataclass(frozen=True)
class _Tested:
    """A condition with the memberships that it reads."""

    when: Condition
    reads: tuple[Contents | None, ...]


@dataclass(frozen=True)
class _Lift:
    ref: str
    tested: _Tested


@dataclass(frozen=True)
class _InForce:
    """What a rule's answer depends on besides facts and papers, at a moment."""

    effect: str
    order: tuple[str, str | None]
    reports: bool
    tested: _Tested
    lifts: tuple[_Lift, ...]

    def apart_from_lifts(self) -> tuple[object, ...]:
        return (self.effect, self.order, self.reports, self.tested)


class _Comparison:
    """Holds the moments of a span against each other, rule by rule."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.everywhere = frozenset(span.offerings[-1])

    def clauses(self) -> set[Clause] | None:
        """Of every rule that is not the same throughout; None where anybody can be touched."""
        unread = self._sometimes_read() & self.span.releases[-1].attributes.keys()
        if self._invalid_in_a_model(unread | self._read_anywhere & self._moved_names):
            return None
        found = {frozenset[Mark]((Invalid(self.span.attribute(name)),)) for name in unread
                 if not _of_an_offering(name)}  # fmt: skip
        if self.moved:
            found.add(frozenset((HasPapers(),)))
        for versions in self._rules():
            found.update(self._of_rule(versions))
        return found

    def _rules(self) -> Iterator[list[tuple[Moment, Rule | None]]]:
        """Each version of a rule as it stands at each moment; None where it is in no release."""
        by_name = [{(r.ref, r.version): r for r in m.release.rules} for m in self.span.moments]
        for name in dict.fromkeys(name for rules in by_name for name in rules):
            yield [
                (moment, rules.get(name))
                for moment, rules in zip(self.span.moments, by_name, strict=True)
            ]

    def _of_rule(self, versions: Sequence[tuple[Moment, Rule | None]]) -> Iterator[Clause]:
        states = [self._state(rule, moment) for moment, rule in versions]
        standing = [state for state in states if state is not None]
        if not standing:
            return
        read = frozenset[str]().union(*(rule.attributes for _, rule in versions if rule))
        moved = {offering for offering, names in self.moved.items() if names & read}
        for condition in dict.fromkeys(state.tested.when for state in standing):
            yield from self._where(condition, moved)
        if any(state != states[0] for state in states):
            for condition in _differing(standing, always=len(standing) == len(states)):
                yield from self._where(condition, self.everywhere)

    def _state(self, rule: Rule | None, moment: Moment) -> _InForce | None:
        """None where it is not in force, so that it says nothing."""
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
            condition, tuple(self.span.contents(test, moment) for test in tests_of(condition))
        )

    def _where(self, condition: Condition, offerings: Collection[int]) -> Iterator[Clause]:
        """The condition's clauses that can hold for one of the offerings, without its part."""
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
                self.span.possible(literal, known[offering].get(literal[0].attribute.name, ABSENT))
                for known in self.span.offerings
            )
            for literal in literals
        )

    @cached_property
    def moved(self) -> dict[int, frozenset[str]]:
        """The attributes of an offering that were not the same throughout."""
        newest = self.span.offerings[-1]
        return {
            position: names
            for position in newest
            if (names := _differ([known[position] for known in self.span.offerings]))
        }

    @cached_property
    def _moved_names(self) -> frozenset[str]:
        return frozenset[str]().union(*self.moved.values())

    @cached_property
    def _read_anywhere(self) -> frozenset[str]:
        releases = self.span.releases
        return self._names(rule for release in releases for rule in release.rules)

    def _sometimes_read(self) -> frozenset[str]:
        """What some rule reads at one moment and none at another: by the rules in force, and by
        all rules of the release, so that it does not matter which of them name an invalid fact."""
        by_all = [self._names(release.rules) for release in self.span.releases]
        by_those_in_force = [
            self._names(
                rule for rule in moment.release.rules if rule.period.contains(moment.instant)
            )
            for moment in self.span.moments
        ]
        return _not_common(by_all) | _not_common(by_those_in_force)

    def _names(self, rules: Iterable[Rule]) -> frozenset[str]:
        names = frozenset[str]().union(*(rule.attributes for rule in rules))
        return names.union(*(also for name, also in self.span.entails.items() if name in names))

    def _invalid_in_a_model(self, names: frozenset[str]) -> bool:
        """An invalid fact of a model is named in everybody's answers."""
        known = self.span.releases[-1].attributes
        return any(
            name in facts and self.span.invalid(known[name], facts[name])
            for offerings in self.span.offerings
            for facts in offerings.values()
            for name in names & known.keys()
        )


def _differing(standing: Sequence[_InForce], *, always: bool) -> list[Condition]:
    """Outside of which conditions the rule says the same throughout.

    Where only exemptions differ, those that do have to be possible too: a false one says nothing.
    """
    first = standing[0]
    same = all(each.apart_from_lifts() == first.apart_from_lifts() for each in standing)
    if always and same:
        lifts = _differing_lifts([each.lifts for each in standing])
        both = All((first.tested.when, Any(tuple(lifts)))) if lifts else first.tested.when
        if bounds.clauses(both) <= MOST_CLAUSES:
            return [both]
    return list(dict.fromkeys(each.tested.when for each in standing))


def _differing_lifts(all_lifts: Sequence[tuple[_Lift, ...]]) -> list[Condition]:
    """The conditions of exemptions not there throughout; none where the others changed places."""
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
    """The fact as text: of JSON values, Python takes ``true`` and 1 for equal."""
    return json.dumps(facts[name], sort_keys=True) if name in facts else None


def _not_common(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets) - sets[0].intersection(*sets)


def _of_an_offering(name: str) -> bool:
    return name.startswith("model.") or name == "request.activity"
