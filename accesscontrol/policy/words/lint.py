"""The conflict finder: finds rules and exemptions that can never decide anything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

from accesscontrol.policy.compiled.clauses import Clause, clauses_of, satisfiable
from accesscontrol.policy.language.bounds import clauses
from accesscontrol.policy.language.conditions import Condition
from accesscontrol.policy.language.errors import below
from accesscontrol.policy.language.release import AT, Release
from accesscontrol.policy.language.rules import Exemption, Period, Rule

CLAUSES: Final = 2_000  # conditions that expand further are not looked at

Kind = Literal["matches_nothing", "never_applies", "always_outweighed"]


@dataclass(frozen=True)
class Flaw:
    """Something in a release that nobody can mean, with its pointer and a sentence."""

    pointer: str
    kind: Kind
    rule: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"at": self.pointer, "kind": self.kind, "rule": self.rule, "message": self.message}


def lint(release: Release) -> list[Flaw]:
    """The flaws of a release, in the order of its rules. Each is proved; some are not found."""
    return [
        flaw for index, rule in enumerate(release.rules) for flaw in _rule(release, index, rule)
    ]


def _rule(release: Release, index: int, rule: Rule) -> Iterator[Flaw]:
    pointer = below(AT, "rules", index)
    if _never(release, rule.period, [(rule.when, True)]):
        message = f"No facts make rule {rule.ref} true while it is in force."
        yield Flaw(pointer, "matches_nothing", rule.ref, message)
        return
    for number, exemption in enumerate(rule.unless):
        if _exempts_nothing(release, rule, exemption):
            message = f"Exemption {exemption.ref} of rule {rule.ref} can never apply."
            yield Flaw(below(pointer, "unless", number), "never_applies", rule.ref, message)
    for other in release.rules:
        if _outweighs(release, other, rule):
            message = f"Rule {rule.ref} never decides: wherever it is true, {other.ref} denies."
            yield Flaw(pointer, "always_outweighed", rule.ref, message)


def _exempts_nothing(release: Release, rule: Rule, exemption: Exemption) -> bool:
    if not rule.period.overlaps(exemption.period):
        return True
    both = _common(rule.period, exemption.period)
    return _never(release, both, [(rule.when, True), (exemption.when, True)])


def _outweighs(release: Release, strict: Rule, weak: Rule) -> bool:
    """Whether the rule ``strict`` denies wherever the rule ``weak`` is true."""
    if strict is weak or strict.effect != "deny" or weak.effect == "deny":
        return False
    if strict.report_only_until is not None or not _covers(strict.period, weak.period):
        return False
    if not _never(release, weak.period, [(weak.when, True), (strict.when, False)]):
        return False
    return all(
        _never(release, weak.period, [(weak.when, True), (exemption.when, True)])
        for exemption in strict.unless
    )


def _never(release: Release, period: Period, wanted: list[tuple[Condition, bool]]) -> bool:
    """Whether the conditions never come out as wanted together in the period.

    False also where that would take too long to prove.
    """
    if prod(clauses(condition, negated=not true) for condition, true in wanted) > CLAUSES:
        return False
    instants = _instants(release, period)
    return not any(
        satisfiable(clause, release, each) for clause in _together(wanted) for each in instants
    )


def _together(wanted: list[tuple[Condition, bool]]) -> Iterable[Clause]:
    (condition, true), *rest = wanted
    if not rest:
        yield from clauses_of(condition, wanted=true)
        return
    for clause in clauses_of(condition, wanted=true):
        for other in _together(rest):
            yield clause + other


def _instants(release: Release, period: Period) -> list[str]:
    """Instants that stand for the whole period. No group or list changes between two of them."""
    periods = [
        each
        for named in (release.groups, release.lists)
        for members in named.values()
        for _, each in members.entries
    ]
    changes = {end for each in periods for end in (each.start, each.end) if end is not None}
    first = period.start or "0001-01-01T00:00:00Z"
    return sorted({first, *(each for each in changes if period.contains(each))})


def _common(one: Period, other: Period) -> Period:
    starts = [each.start for each in (one, other) if each.start is not None]
    ends = [each.end for each in (one, other) if each.end is not None]
    return Period(max(starts, default=None), min(ends, default=None))


def _covers(long: Period, short: Period) -> bool:
    begins = long.start is None or (short.start is not None and long.start <= short.start)
    ends = long.end is None or (short.end is not None and short.end <= long.end)
    return begins and ends
