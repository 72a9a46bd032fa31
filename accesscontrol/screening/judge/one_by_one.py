"""What the judge says of licensees for every offering, one by one, once per distinct set of facts.

Slow and plain on purpose: a faster screening has to find exactly what this one finds.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from accesscontrol import facts, policy
from accesscontrol.ledger.canonical import canonical_json, digest
from accesscontrol.models import Offering
from accesscontrol.policy import NEEDED

# What an export license or disposition compares with, whether or not a rule reads it too.
PAPERS_READ = frozenset(NEEDED)


@dataclass(frozen=True)
class Found:
    """A finding as text: the outcome with its rules and missing facts, without anybody's facts.

    ``text`` is canonical JSON; of the many that are only stored nobody asks for the ``verdict``.
    """

    digest: str
    outcome: str
    text: str = field(compare=False)

    @classmethod
    def of(cls, outcome: str, text: str) -> "Found":
        return cls(digest(text), outcome, text)

    @cached_property
    def verdict(self) -> Mapping[str, Any]:
        """What the text says."""
        verdict: Mapping[str, Any] = json.loads(self.text)
        return verdict


Key = tuple[Hashable, ...]
Answers = tuple[Found | None, ...]  # by an offering's position; None where no offering stands


class Judge:
    """Judges licensees for every offering against one release at one instant, and remembers."""

    def __init__(self, release: policy.Release, *, at: datetime) -> None:
        self.release = release
        self.at = at
        self.reads = read_by_rules(release)
        self.named = named_ids(release)
        self.offerings = offerings(at)
        self._sheets: dict[str, Answers] = {}
        self._found: dict[Key, Found] = {}

    def answers(self, ids: Sequence[int]) -> dict[int, Answers]:
        """Each licensee's finding for each offering; licensees that do not exist are left out."""
        about = facts.about_licensees(ids, at=self.at)
        statuses = facts.entitlement_statuses(ids, known_at=self.at)
        return {pk: self._of(pk, each, statuses) for pk, each in about.items()}

    def _of(
        self, pk: int, about: facts.Sourced, statuses: Mapping[tuple[int, int], str]
    ) -> Answers:
        held = [statuses.get((pk, offering.id), "none") for offering in self.offerings]
        key = self.pattern(about, held)
        if key not in self._sheets:
            self._sheets[key] = self._judge_all(about, held)
        return self._sheets[key]

    def pattern(self, about: facts.Sourced, held: Sequence[str]) -> str:
        """Everything about a licensee that an answer can depend on, as text.

        Nearly every rule reads something of the licensee, hardly one its id: the id counts only
        where a rule, a list of the release or a paper names it.
        """
        papers = bool(about.licenses or about.dispositions)
        reads = self.reads | PAPERS_READ if papers else self.reads
        for paper in about.dispositions:
            reads |= paper["facts"].keys()
        seen = {name: value for name, value in about.facts.items() if name in reads}
        if not papers and seen.get("licensee.id") not in self.named:
            seen.pop("licensee.id", None)
        status = held if "entitlement.status" in reads else []
        return json.dumps([seen, about.licenses, about.dispositions, status], sort_keys=True)

    def _judge_all(self, about: facts.Sourced, held: Sequence[str]) -> Answers:
        if not self.offerings:
            return ()
        answers: list[Found | None] = [None] * (self.offerings[-1].position + 1)
        for offering, status in zip(self.offerings, held, strict=True):
            verdict = policy.judge(
                self.release,
                facts={**about.facts, **offering.facts, "entitlement.status": status},
                licenses=about.licenses,
                dispositions=about.dispositions,
                at=self.at,
                standing=True,
            )
            answers[offering.position] = self.finding(verdict)
        return tuple(answers)

    def finding(self, verdict: policy.Verdict) -> Found:
        """Few verdicts differ: each is written out and hashed once."""
        key = _key(verdict, self.reads)
        if key not in self._found:
            self._found[key] = finding(verdict, self.reads)
        return self._found[key]


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


def finding(verdict: policy.Verdict, reads: frozenset[str]) -> Found:
    """The part of a standing's verdict that is kept: outcome, rules, missing facts, no values."""
    full: dict[str, Any] = verdict.to_json()
    kept = {
        name: full[name] for name in ("outcome", "reasons", "undetermined", "lifted", "would_have")
    }
    kept["invalid"] = [name for name in full["invalid"] if name in reads]
    return Found.of(verdict.outcome, canonical_json(kept))


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
    _texts([rule["when"] for rule in document["rules"]], named)
    _texts([rule["unless"] for rule in document["rules"]], named)
    for entries in document["lists"].values():
        named.update(entry["value"] for entry in entries)
    return frozenset(named)


def _texts(value: Any, into: set[str]) -> None:
    match value:
        case str():
            into.add(value)
        case dict():
            _each(value.values(), into)
        case list():
            _each(value, into)


def _each(values: Iterable[Any], into: set[str]) -> None:
    for value in values:
        _texts(value, into)
