"""Judges whoever holds an export license or a disposition, offering by offering.

They are few. What the columns say of them without their papers stands wherever no rule that a paper
could lift is left in it; only the rest is judged with the papers, and remembered.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from accesscontrol import facts, policy
from accesscontrol.models.common import instant
from accesscontrol.policy.judging import judge_case
from accesscontrol.policy.lifters import parse_dispositions, parse_licenses
from accesscontrol.policy.verdict import Reason, Unknown, WouldHave
from accesscontrol.policy.weighing import Case
from accesscontrol.policy.world import World, look
from accesscontrol.screening.judging import Judge, OfferingFacts

Paper = Mapping[str, Any]
Named = Reason | Unknown | WouldHave
Alike = tuple[int, str, str, tuple[bool, ...]]
MOST_REMEMBERED = 10_000


class Holders:
    """Judges holders of papers by one release, within one span of its boundaries."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._reads: dict[tuple[str | None, int | None], frozenset[str]] = {
            (rule.ref, rule.version): rule.attributes for rule in judge.release.rules
        }
        self._offered: dict[tuple[int, str], World] = {}
        self._known: dict[str, list[policy.Verdict]] = {}

    def verdicts(
        self,
        about: facts.Sourced,
        held: Sequence[str],
        plain: Sequence[policy.Verdict],
        *,
        at: datetime,
    ) -> list[policy.Verdict]:
        """By offering; ``plain``: the same without the papers, ``held``: each entitlement's status.

        Where the papers change nothing, the verdict is the very one that was given.
        """
        now = instant(at)
        valid = [_holds(paper, now) for paper in (*about.licenses, *about.dispositions)]
        key = f"{valid} {self._judge.pattern(about, held)}"
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._verdicts(about, held, plain, now)
        return self._known[key]

    def _verdicts(
        self, about: facts.Sourced, held: Sequence[str], plain: Sequence[policy.Verdict], now: str
    ) -> list[policy.Verdict]:
        release = self._judge.release
        mine = look(release, facts=about.facts, stated={}, at=now, standing=True)
        licenses = parse_licenses(about.licenses, release.attributes, "/licenses")
        dispositions = parse_dispositions(about.dispositions, release.attributes, "/dispositions")
        verdicts = list(plain)
        alike: dict[Alike, policy.Verdict] = {}
        for n, offering in enumerate(self._judge.offerings):
            if _may_lift(about, offering, plain[n]):
                key = self._alike(about, offering, held[n], plain[n])
                if key not in alike:
                    world = _together(mine, self._of_offering(offering, held[n], now))
                    alike[key] = judge_case(Case(world, licenses, dispositions))
                verdicts[n] = alike[key]
        return verdicts

    def _alike(
        self, about: facts.Sourced, offering: OfferingFacts, status: str, plain: policy.Verdict
    ) -> Alike:
        """What tells two offerings apart for one licensee, of whom without papers the same is said.

        A paper bears on rules that are open there, by what these read and by its own scope.
        """
        read: set[str] = set()
        for rule, version in {(each.rule, each.version) for each in _open(plain)}:
            read |= self._reads[rule, version]
        for paper in about.dispositions:
            read |= paper["facts"].keys()
        papers = (*about.licenses, *about.dispositions)
        known = {name: value for name, value in offering.facts.items() if name in read}
        covering = tuple(_covers(paper, offering) for paper in papers)
        return id(plain), status, json.dumps(known, sort_keys=True), covering

    def _of_offering(self, offering: OfferingFacts, status: str, now: str) -> World:
        known = self._offered.get((offering.id, status))
        if known is None:
            said = {**offering.facts, "entitlement.status": status}
            known = look(self._judge.release, facts=said, stated={}, at=now, standing=True)
            self._offered[offering.id, status] = known
        return known


def _together(licensee: World, offering: World) -> World:
    """The world of a question about both: each attribute is weighed by itself."""
    return replace(
        licensee,
        seen={**licensee.seen, **offering.seen},
        known=licensee.known | offering.known,
        invalid=tuple(sorted({*licensee.invalid, *offering.invalid})),
        ignored=tuple(sorted({*licensee.ignored, *offering.ignored})),
    )


def _holds(paper: Paper, now: str) -> bool:
    """Instants as they are written sort as time does."""
    until = paper["valid_until"]
    return bool(paper["valid_from"] <= now and (until is None or now < until))


def _may_lift(about: facts.Sourced, offering: OfferingFacts, plain: policy.Verdict) -> bool:
    """Whether a paper names a rule of the verdict and this offering: else it changes nothing.

    A paper lifts a rule that is true or unknown, and the verdict names each of those.
    """
    licenses = [each for each in about.licenses if _covers(each, offering)]
    reviews = [each for each in about.dispositions if _covers(each, offering)]
    return any(
        each.rule is not None
        and (
            (each.effect == "license_required" and any(_orders(p, each.order) for p in licenses))
            or any((p["rule"], p["version"]) == (each.rule, each.version) for p in reviews)
        )
        for each in _open(plain)
    )


def _open(plain: policy.Verdict) -> list[Named]:
    """The rules that are true or unknown."""
    return [*plain.reasons, *plain.undetermined, *plain.would_have]


def _covers(paper: Paper, offering: OfferingFacts) -> bool:
    return (paper["models"] is None or offering.model in paper["models"]) and (
        paper["activities"] is None or offering.activity in paper["activities"]
    )


def _orders(license_: Paper, order: str) -> bool:
    return license_["orders"] is None or order in license_["orders"]
