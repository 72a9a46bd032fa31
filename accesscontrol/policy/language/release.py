"""Releases. A release is all that a decision depends on besides facts, under one number."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple, assert_never

from accesscontrol.ledger import canonical
from accesscontrol.policy.language import documents, values
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.errors import (
    BAD_PERIOD,
    CYCLE,
    DUPLICATE,
    PolicyError,
    below,
    shown,
)
from accesscontrol.policy.language.operands import Named
from accesscontrol.policy.language.rules import Period, Rule, parse_rule
from accesscontrol.policy.language.values import EXPECTED, Type, Value
from accesscontrol.policy.language.vocabulary import Vocabulary, parse_vocabulary

RELEASE: Final = ("release", "vocabulary", "territories", "groups", "lists", "rules")
AT: Final = "/release"


@dataclass(frozen=True, eq=False)
class Members:
    """The members of a group or list with their periods.

    ``entries`` keeps the order of the document; ``periods`` finds a value's periods.
    """

    entries: tuple[tuple[str, Period], ...]
    periods: Mapping[Value, tuple[Period, ...]]

    def to_json(self) -> list[dict[str, object]]:
        return [
            {"value": value, "from": period.start, "until": period.end}
            for value, period in self.entries
        ]


class MembersAt(NamedTuple):
    """The members of a group or list at one instant."""

    members: Members
    instant: str

    def isdisjoint(self, values: Iterable[Value], /) -> bool:
        """Whether none of the values is in it."""
        for value in values:
            for period in self.members.periods.get(value, ()):
                if period.contains(self.instant):
                    return False
        return True


@dataclass(frozen=True, eq=False)
class Release:
    """A release that was read, and which never changes.

    ``canonical`` is its text, ``digest`` the address of that text.
    """

    number: int
    vocabulary: tuple[Attribute, ...]
    territories: Mapping[str, str]
    groups: Mapping[str, Members]
    lists: Mapping[str, Members]
    rules: tuple[Rule, ...]

    @cached_property
    def attributes(self) -> Vocabulary:
        return {attribute.name: attribute for attribute in self.vocabulary}

    @cached_property
    def lineage(self) -> Mapping[str, frozenset[str]]:
        """By territory: itself, what it belongs to, what that belongs to, and so on."""
        return {child: frozenset(_upwards(child, self.territories)) for child in self.territories}

    @cached_property
    def by_ref(self) -> tuple[Rule, ...]:
        """The rules in the order in which a verdict lists them."""
        return tuple(sorted(self.rules, key=lambda rule: (rule.ref, rule.version)))

    @cached_property
    def canonical(self) -> str:
        return canonical.canonical_json(self.to_json())

    @cached_property
    def digest(self) -> str:
        return canonical.digest(self.canonical)

    def named(self, what: Named) -> Mapping[str, Members]:
        """The groups, or the lists, by their names."""
        match what:
            case "group":
                return self.groups
            case "list":
                return self.lists
            case _:
                assert_never(what)

    def to_json(self) -> dict[str, object]:
        return {
            "release": self.number,
            "vocabulary": [attribute.to_json() for attribute in self.vocabulary],
            "territories": dict(self.territories),
            "groups": {name: members.to_json() for name, members in self.groups.items()},
            "lists": {name: members.to_json() for name, members in self.lists.items()},
            "rules": [rule.to_json() for rule in self.rules],
        }

    def boundaries(self) -> tuple[datetime, ...]:
        """The instants at which an answer can change though no fact does, earliest first."""
        instants: list[str | None] = []
        for period in self._periods():
            instants += [period.start, period.end]
        instants += [rule.report_only_until for rule in self.rules]
        return values.sorted_instants(instants)

    def _periods(self) -> Iterator[Period]:
        for rule in self.rules:
            yield rule.period
            yield from (exemption.period for exemption in rule.unless)
        for named in (self.groups, self.lists):
            for members in named.values():
                yield from (period for _, period in members.entries)


def parse_release(document: object) -> Release:
    """Reads a release. Raises PolicyError with a pointer that begins with /release."""
    release = documents.members(document, AT, RELEASE)
    vocabulary = parse_vocabulary(release["vocabulary"], below(AT, "vocabulary"))
    groups = _named(release["groups"], below(AT, "groups"), "country")
    lists = _named(release["lists"], below(AT, "lists"), "code")
    return Release(
        number=documents.number(release, "release", AT),
        vocabulary=tuple(vocabulary.values()),
        territories=_territories(release["territories"], below(AT, "territories")),
        groups=groups,
        lists=lists,
        rules=_rules(release["rules"], below(AT, "rules"), vocabulary, groups, lists),
    )


def _territories(document: object, pointer: str) -> dict[str, str]:
    territories = {}
    for child, parent in documents.an_object(document, pointer).items():
        for country in (child, parent):
            documents.value(country, below(pointer, child), values.country, EXPECTED["country"])
        territories[child] = str(parent)
    for child in territories:
        if child in _upwards(territories[child], territories):
            raise PolicyError(pointer, CYCLE, f"{child} belongs to itself, by way of its parents.")
    return territories


def _upwards(country: str, territories: Mapping[str, str]) -> list[str]:
    """The country, what it belongs to, what that belongs to, and so on, each once."""
    line = [country]
    while line[-1] in territories and territories[line[-1]] not in line:
        line.append(territories[line[-1]])
    return line


def _named(document: object, pointer: str, type_: Type) -> dict[str, Members]:
    return {
        name: _members(entries, below(pointer, name), type_)
        for name, entries in documents.an_object(document, pointer).items()
    }


def _members(document: object, pointer: str, type_: Type) -> Members:
    entries: list[tuple[str, Period]] = []
    periods: dict[Value, tuple[Period, ...]] = {}
    for index, entry in enumerate(documents.an_array(document, pointer)):
        here = below(pointer, index)
        value, period = _member(entry, here, type_)
        if _overlaps(period, periods.get(value, ())):
            raise _overlapping(here, f"entries for {shown(value)}")
        periods[value] = (*periods.get(value, ()), period)
        entries.append((value, period))
    return Members(tuple(entries), periods)


def _member(entry: object, pointer: str, type_: Type) -> tuple[str, Period]:
    document = documents.members(entry, pointer, ("value", "from", "until"))
    read = values.country if type_ == "country" else values.code
    value = documents.member(document, "value", pointer, read, EXPECTED[type_])
    start = documents.instant_or_null(document, "from", pointer)
    end = documents.instant_or_null(document, "until", pointer)
    documents.ordered(start, end, pointer)
    return value, Period(start, end)


def _overlaps(period: Period, others: Iterable[Period]) -> bool:
    return any(period.overlaps(other) for other in others)


def _overlapping(pointer: str, what: str) -> PolicyError:
    message = f"Two {what} overlap. End the one before the other."
    return PolicyError(pointer, BAD_PERIOD, message)


def _rules(
    document: object,
    pointer: str,
    vocabulary: Vocabulary,
    groups: Mapping[str, Members],
    lists: Mapping[str, Members],
) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    versions: dict[str, dict[int, Period]] = {}
    for index, entry in enumerate(documents.an_array(document, pointer)):
        here = below(pointer, index)
        rule = parse_rule(entry, vocabulary=vocabulary, groups=groups, lists=lists, pointer=here)
        others = versions.setdefault(rule.ref, {})
        if rule.version in others:
            message = f"There are two versions {rule.version} of rule {rule.ref}."
            raise PolicyError(here, DUPLICATE, message)
        if _overlaps(rule.period, others.values()):
            raise _overlapping(here, f"versions of rule {rule.ref}")
        others[rule.version] = rule.period
        rules.append(rule)
    return tuple(rules)
