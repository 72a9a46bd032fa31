"""Judges licensees that have an export license or a disposition, one offering at a time.

They are few. Without papers the columns judge them as they judge all. What the columns say stays
for every offering of which the papers can lift no rule in it; for the others those rules alone are
weighed again, with the papers.
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
Covering = tuple[bool, ...]  # of each paper whether it is for an offering, licenses first
OfRule = Reason | Unknown | WouldHave
MOST_REMEMBERED = 10_000


class PapersJudge:
    """Judges licensees with papers by one release, between two boundaries of it.

    Findings are numbers of the columns' verdicts, which it adds to. It remembers what it found for
    equal licensees. It is for one thread.
    """

    def __init__(self, judge: Judge, columns: Columns) -> None:
        self._judge = judge
        self._columns = columns
        self._reads: dict[tuple[str | None, int | None], frozenset[str]] = {
            (rule.ref, rule.version): rule.attributes for rule in judge.release.rules
        }
        self._offering_worlds: dict[tuple[int, str], World] = {}
        self._offering_texts: dict[tuple[int, frozenset[str]], str] = {}
        self._known: dict[str, Ints] = {}

    def findings(
        self,
        about: facts.Sourced,
        statuses: Sequence[str],
        without_papers: Sequence[int],
        *,
        at: datetime,
    ) -> Ints:
        """The finding for each offering. Raises PolicyError where a paper cannot be read.

        ``statuses``: by offering, of the entitlement to it; ``without_papers``: by offering, what
        the columns say of the same facts.
        """
        instant_text = instant(at)
        valid = [_is_valid(paper, instant_text) for paper in (*about.licenses, *about.dispositions)]
        key = f"{valid} {self._judge.all_that_counts(about, statuses)}"
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._findings(about, statuses, without_papers, instant_text)
        return self._known[key]

    def _findings(
        self,
        about: facts.Sourced,
        statuses: Sequence[str],
        without_papers: Sequence[int],
        instant_text: str,
    ) -> Ints:
        """1. Read the licensee's facts and papers.
        2. For each offering see which papers are for it, and which rules they could lift.
        3. Weigh the verdict again with the papers; once for offerings that these rules, papers and
           facts cannot tell apart.
        """
        release = self._judge.release
        licensee = look(release, facts=about.facts, stated={}, instant=instant_text, standing=True)
        licenses = parse_licenses(about.licenses, release.attributes, "/licenses")
        dispositions = parse_dispositions(about.dispositions, release.attributes, "/dispositions")
        papers = LicenseePapers(about)
        findings = list(without_papers)
        alike: dict[tuple[object, ...], int] = {}
        for n, offering in enumerate(self._judge.offerings):
            covering = papers.covering(offering)
            read = self._read(findings[n], papers, covering) if any(covering) else frozenset()
            if not read:
                continue
            key = findings[n], statuses[n], covering, self._text_of(n, offering, read)
            if key not in alike:
                world = _together(licensee, self._world_of(offering, statuses[n], instant_text))
                prepared = Prepared(world, licenses, dispositions)
                alike[key] = self._columns.with_papers(findings[n], prepared)
            findings[n] = alike[key]
        return np.array(findings, "i4")

    def _read(self, finding: int, papers: "LicenseePapers", covering: Covering) -> frozenset[str]:
        """What is read by rules that these papers could lift, and what the papers rest on.

        Nothing if the papers could lift none. A paper lifts a rule that is true or unknown, and the
        finding names each of those.
        """
        key = finding, covering
        if key not in papers.read:
            known = self._columns.verdicts
            entries = [known.entries[number] for number in known.rows[finding].entries]
            lifted = [each for each in entries if papers.may_lift(each, covering)]
            papers.read[key] = frozenset().union(
                *(self._reads[each.rule, each.version] | papers.based_on for each in lifted)
            )
        return papers.read[key]

    def _text_of(self, n: int, offering: OfferingFacts, read: frozenset[str]) -> str:
        """The facts of an offering that are read, as text."""
        if (n, read) not in self._offering_texts:
            known = {name: value for name, value in offering.facts.items() if name in read}
            self._offering_texts[n, read] = json.dumps(known, sort_keys=True)
        return self._offering_texts[n, read]

    def _world_of(self, offering: OfferingFacts, status: str, instant_text: str) -> World:
        known = self._offering_worlds.get((offering.id, status))
        if known is None:
            about = {**offering.facts, "entitlement.status": status}
            release = self._judge.release
            known = look(release, facts=about, stated={}, instant=instant_text, standing=True)
            self._offering_worlds[offering.id, status] = known
        return known


class LicenseePapers:
    """The export licenses and dispositions of one licensee, and which rules they could lift."""

    def __init__(self, about: facts.Sourced) -> None:
        self.read: dict[tuple[int, Covering], frozenset[str]] = {}
        self.based_on = frozenset(name for each in about.dispositions for name in each["facts"])
        self._all = (*about.licenses, *about.dispositions)
        self._licenses = about.licenses
        self._dispositions = about.dispositions

    def covering(self, offering: OfferingFacts) -> Covering:
        """Of each paper whether it is for this offering."""
        return tuple(_covers(paper, offering) for paper in self._all)

    def may_lift(self, entry: Entry | None, covering: Covering) -> TypeGuard[OfRule]:
        """Whether an entry is a rule's that one of these papers could lift."""
        if not isinstance(entry, Reason | Unknown | WouldHave):
            return False
        if entry.effect == "license_required":
            return any(
                fits and _is_for_order(license_, entry.order)
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


def _is_valid(paper: Paper, instant_text: str) -> bool:
    """Instants as they are written sort as time does."""
    until = paper["valid_until"]
    return bool(paper["valid_from"] <= instant_text and (until is None or instant_text < until))


def _covers(paper: Paper, offering: OfferingFacts) -> bool:
    return (paper["models"] is None or offering.model in paper["models"]) and (
        paper["activities"] is None or offering.activity in paper["activities"]
    )


def _is_for_order(license_: Paper, order: str) -> bool:
    return license_["orders"] is None or order in license_["orders"]
