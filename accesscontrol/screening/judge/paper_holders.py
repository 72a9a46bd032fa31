"""Judges whoever holds an export license or a disposition, offering by offering.

They are few. What the columns say of them without their papers stands wherever no rule that a paper
could lift is left in it; elsewhere those rules alone are weighed again, with the papers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeGuard

import numpy as np

from accesscontrol import facts
from accesscontrol.models.common import instant
from accesscontrol.policy import (
    Entry,
    Prepared,
    Reason,
    Unknown,
    World,
    WouldHave,
    look,
    parse_dispositions,
    parse_licenses,
)
from accesscontrol.policy.columns import Columns, Ints
from accesscontrol.screening.judge.one_by_one import Judge, OfferingFacts

Paper = Mapping[str, Any]
Covering = tuple[bool, ...]  # of each paper, licenses first
Named = Reason | Unknown | WouldHave
MOST_REMEMBERED = 10_000


class Holders:
    """Judges holders of papers by one release, within one span of its boundaries.

    Findings are numbers of the columns' verdicts, to which it adds.
    """

    def __init__(self, judge: Judge, columns: Columns) -> None:
        self._judge = judge
        self._columns = columns
        self._reads: dict[tuple[str | None, int | None], frozenset[str]] = {
            (rule.ref, rule.version): rule.attributes for rule in judge.release.rules
        }
        self._offered: dict[tuple[int, str], World] = {}
        self._told: dict[tuple[int, frozenset[str]], str] = {}
        self._known: dict[str, Ints] = {}

    def findings(
        self, about: facts.Sourced, held: Sequence[str], plain: Sequence[int], *, at: datetime
    ) -> Ints:
        """By offering; ``plain``: what the columns say of the same facts without the papers,
        ``held``: the status of each entitlement.
        """
        now = instant(at)
        valid = [_holds(paper, now) for paper in (*about.licenses, *about.dispositions)]
        key = f"{valid} {self._judge.pattern(about, held)}"
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._findings(about, held, plain, now)
        return self._known[key]

    def _findings(
        self, about: facts.Sourced, held: Sequence[str], plain: Sequence[int], now: str
    ) -> Ints:
        release = self._judge.release
        mine = look(release, facts=about.facts, stated={}, instant=now, standing=True)
        licenses = parse_licenses(about.licenses, release.attributes, "/licenses")
        dispositions = parse_dispositions(about.dispositions, release.attributes, "/dispositions")
        papers = Papers(about)
        found = list(plain)
        alike: dict[tuple[object, ...], int] = {}
        for n, offering in enumerate(self._judge.offerings):
            covering = papers.covering(offering)
            read = self._read(plain[n], papers, covering) if any(covering) else frozenset()
            if not read:
                continue
            key = plain[n], held[n], covering, self._told_of(n, offering, read)
            if key not in alike:
                world = _together(mine, self._of_offering(offering, held[n], now))
                prepared = Prepared(world, licenses, dispositions)
                alike[key] = self._columns.with_papers(plain[n], prepared)
            found[n] = alike[key]
        return np.array(found, np.int32)

    def _read(self, plain: int, papers: "Papers", covering: Covering) -> frozenset[str]:
        """What rules read that these papers could lift, and what those rest on: nothing if none.

        A paper lifts a rule that is true or unknown, and the verdict names each of those.
        """
        key = plain, covering
        if key not in papers.read:
            known = self._columns.verdicts
            entries = [known.entries[number] for number in known.rows[plain].entries]
            lifted = [each for each in entries if papers.may_lift(each, covering)]
            papers.read[key] = frozenset().union(
                *(self._reads[each.rule, each.version] | papers.based_on for each in lifted)
            )
        return papers.read[key]

    def _told_of(self, n: int, offering: OfferingFacts, read: frozenset[str]) -> str:
        """What an offering says of the attributes that matter, as text."""
        if (n, read) not in self._told:
            known = {name: value for name, value in offering.facts.items() if name in read}
            self._told[n, read] = json.dumps(known, sort_keys=True)
        return self._told[n, read]

    def _of_offering(self, offering: OfferingFacts, status: str, now: str) -> World:
        known = self._offered.get((offering.id, status))
        if known is None:
            said = {**offering.facts, "entitlement.status": status}
            known = look(self._judge.release, facts=said, stated={}, instant=now, standing=True)
            self._offered[offering.id, status] = known
        return known


class Papers:
    """One licensee's export licenses and dispositions, and what they can bear on."""

    def __init__(self, about: facts.Sourced) -> None:
        self.read: dict[tuple[int, Covering], frozenset[str]] = {}
        self.based_on = frozenset(name for each in about.dispositions for name in each["facts"])
        self._all = (*about.licenses, *about.dispositions)
        self._licenses = about.licenses
        self._dispositions = about.dispositions

    def covering(self, offering: OfferingFacts) -> Covering:
        """Of each paper whether it is for this offering."""
        return tuple(_covers(paper, offering) for paper in self._all)

    def may_lift(self, entry: Entry | None, covering: Covering) -> TypeGuard[Named]:
        """Whether an entry is a rule's that one of these papers could lift."""
        if not isinstance(entry, Reason | Unknown | WouldHave):
            return False
        if entry.effect == "license_required":
            return any(
                fits and _orders(license_, entry.order)
                for license_, fits in zip(self._licenses, covering, strict=False)
            )
        of_dispositions = covering[len(self._licenses) :]
        return any(
            fits and (paper["rule"], paper["version"]) == (entry.rule, entry.version)
            for paper, fits in zip(self._dispositions, of_dispositions, strict=True)
        )


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


def _covers(paper: Paper, offering: OfferingFacts) -> bool:
    return (paper["models"] is None or offering.model in paper["models"]) and (
        paper["activities"] is None or offering.activity in paper["activities"]
    )


def _orders(license_: Paper, order: str) -> bool:
    return license_["orders"] is None or order in license_["orders"]
