"""Judges licensees one by one for every offering, once for each distinct set of facts.

Slow and plain on purpose: a faster screening has to find exactly what this one finds.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accesscontrol import facts, policy
from accesscontrol.models import Offering
from accesscontrol.policy import NEEDED
from accesscontrol.screening.judge import finding_text
from accesscontrol.screening.judge.finding_text import FindingText

# What an export license or disposition compares with, whether or not a rule reads it too.
READ_BY_PAPERS = frozenset(NEEDED)

Key = tuple[Hashable, ...]
Findings = tuple[FindingText | None, ...]  # by an offering's position; None where there is none


class Judge:
    """Judges licensees for every offering by one release at one instant.

    It remembers the findings of each set of facts. It is for one thread.
    """

    def __init__(self, release: policy.Release, *, at: datetime) -> None:
        self.release = release
        self.at = at
        self.reads = read_by_rules(release)
        self.named_ids = named_ids(release)
        self.offerings = offerings(at)
        self._findings: dict[str, Findings] = {}
        self._finding: dict[Key, FindingText] = {}

    def findings(self, ids: Sequence[int]) -> dict[int, Findings]:
        """Each licensee's finding for each offering; licensees that do not exist are left out.

        Raises PolicyError where an export license or a disposition cannot be read.
        """
        about = facts.about_licensees(ids, at=self.at)
        statuses = facts.entitlement_statuses(ids, known_at=self.at)
        return {
            pk: self._of_one(
                known, [statuses.get((pk, each.id), "none") for each in self.offerings]
            )
            for pk, known in about.items()
        }

    def _of_one(self, about: facts.Sourced, statuses: Sequence[str]) -> Findings:
        """``statuses``: by offering, of the entitlement to it."""
        key = self.all_that_counts(about, statuses)
        if key not in self._findings:
            self._findings[key] = self._judged(about, statuses)
        return self._findings[key]

    def all_that_counts(self, about: facts.Sourced, statuses: Sequence[str]) -> str:
        """Everything about a licensee that its findings can depend on, as text.

        Nearly every rule reads something of the licensee, hardly one its id: the id counts only
        where a rule, a list of the release or a paper names it.
        """
        papers = bool(about.licenses or about.dispositions)
        reads = self.reads | READ_BY_PAPERS if papers else self.reads
        for disposition in about.dispositions:
            reads |= disposition["facts"].keys()
        read = {name: value for name, value in about.facts.items() if name in reads}
        if not papers and read.get("licensee.id") not in self.named_ids:
            read.pop("licensee.id", None)
        status = statuses if "entitlement.status" in reads else []
        return json.dumps([read, about.licenses, about.dispositions, status], sort_keys=True)

    def _judged(self, about: facts.Sourced, statuses: Sequence[str]) -> Findings:
        if not self.offerings:
            return ()
        findings: list[FindingText | None] = [None] * (self.offerings[-1].position + 1)
        for offering, status in zip(self.offerings, statuses, strict=True):
            verdict = policy.judge(
                self.release,
                facts={**about.facts, **offering.facts, "entitlement.status": status},
                licenses=about.licenses,
                dispositions=about.dispositions,
                at=self.at,
                standing=True,
            )
            findings[offering.position] = self._written(verdict)
        return tuple(findings)

    def _written(self, verdict: policy.Verdict) -> FindingText:
        """Few verdicts differ: each is written out and hashed once."""
        key = _key(verdict, self.reads)
        if key not in self._finding:
            self._finding[key] = finding_text.whole(verdict, self.reads)
        return self._finding[key]


def _key(verdict: policy.Verdict, reads: frozenset[str]) -> Key:
    """What a finding keeps of a verdict, quick to compare."""
    return (
        verdict.outcome,
        tuple((each.rule, each.version, each.effect) for each in verdict.reasons),
        tuple(
            (each.rule, each.missing, each.deferred, each.error) for each in verdict.undetermined
        ),
        tuple((each.rule, each.by) for each in verdict.lifted),
        tuple((each.rule, each.effect, each.truth) for each in verdict.would_have),
        tuple(name for name in verdict.invalid if name in reads),
    )


def read_by_rules(release: policy.Release) -> frozenset[str]:
    """Every attribute that a rule of the release names."""
    return frozenset().union(*(rule.attributes for rule in release.rules))


@dataclass(frozen=True)
class OfferingFacts:
    """An offering with the facts of its model and its activity."""

    id: int
    position: int
    model: str
    activity: str
    facts: Mapping[str, Any]


def offerings(at: datetime) -> list[OfferingFacts]:
    """Every offering by position, with the facts of its model as they stood at an instant."""
    rows = list(Offering.objects.select_related("model").order_by("position"))
    of_model = facts.about_models({row.model_id for row in rows}, at=at)
    return [
        OfferingFacts(
            row.pk,
            row.position,
            row.model.ref,
            row.activity,
            {**of_model[row.model_id].facts, "request.activity": row.activity},
        )
        for row in rows
    ]


def named_ids(release: policy.Release) -> frozenset[str]:
    """Every text in the release that is an operand or a list's entry: an id among them counts."""
    named: set[str] = set()
    document: dict[str, Any] = release.to_json()
    _add_texts([rule["when"] for rule in document["rules"]], named)
    _add_texts([rule["unless"] for rule in document["rules"]], named)
    for entries in document["lists"].values():
        named.update(entry["value"] for entry in entries)
    return frozenset(named)


def _add_texts(value: Any, texts: set[str]) -> None:
    """Add every text inside a JSON value to ``texts``."""
    match value:
        case str():
            texts.add(value)
        case dict():
            _add_texts_of(value.values(), texts)
        case list():
            _add_texts_of(value, texts)


def _add_texts_of(values: Iterable[Any], texts: set[str]) -> None:
    for value in values:
        _add_texts(value, texts)
