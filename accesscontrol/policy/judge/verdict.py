"""The verdict: the outcome, every rule behind it, and every fact that is missing."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from accesscontrol.policy.language.rules import Effect

Outcome = Literal["deny", "license_required", "review", "undetermined", "per_request", "permit"]
OUTCOMES: Final[tuple[Outcome, ...]] = (  # strictest first; per_request is a standing's only
    "deny",
    "license_required",
    "review",
    "undetermined",
    "per_request",
    "permit",
)
Fact = bool | int | str | list[str]  # a value in canonical form
NO_FACTS: Final[Mapping[str, Fact]] = {}

# Tuples with names, which are made in a fraction of the time that data classes take: a live answer
# makes several, and takes no longer than that many microseconds. Of each the facts stand last.


class Reason(NamedTuple):
    """A rule that is true, with the present facts that it reads."""

    rule: str
    version: int
    effect: Effect
    order: str
    citation: str
    title: str
    facts: Mapping[str, Fact] = NO_FACTS


class Unknown(NamedTuple):
    """A rule that cannot be decided. Without a rule: a question that lacks what it must have."""

    rule: str | None
    missing: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    error: str | None = None
    effect: Effect | None = None
    version: int | None = None
    order: str = ""
    citation: str = ""
    title: str = ""
    facts: Mapping[str, Fact] = NO_FACTS


class Lifted(NamedTuple):
    """A rule that an exemption, an export license or a disposition lifts."""

    rule: str
    by: str
    kind: Literal["exemption", "license", "disposition"]
    version: int
    order: str
    title: str


class WouldHave(NamedTuple):
    """A rule that only reports, with what it would have done."""

    rule: str
    effect: Effect
    truth: Literal["true", "unknown"]
    version: int
    order: str
    citation: str
    title: str
    missing: tuple[str, ...] = ()
    error: str | None = None
    facts: Mapping[str, Fact] = NO_FACTS


class Verdict(NamedTuple):
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    undetermined: tuple[Unknown, ...] = ()
    lifted: tuple[Lifted, ...] = ()
    would_have: tuple[WouldHave, ...] = ()
    conflicts: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that the unknown rules lack."""
        return tuple(sorted({name for unknown in self.undetermined for name in unknown.missing}))

    def to_json(self) -> dict[str, object]:
        """The line that the command prints (docs/language.md §8)."""
        return {
            "outcome": self.outcome,
            "reasons": [
                {"rule": reason.rule, "version": reason.version, "effect": reason.effect}
                for reason in self.reasons
            ],
            "undetermined": [_unknown_json(unknown) for unknown in self.undetermined],
            "lifted": [{"rule": lifted.rule, "by": lifted.by} for lifted in self.lifted],
            "would_have": [
                {"rule": would.rule, "effect": would.effect, "truth": would.truth}
                for would in self.would_have
            ],
            "conflicts": list(self.conflicts),
            "invalid": list(self.invalid),
            "ignored": list(self.ignored),
        }


def _unknown_json(unknown: Unknown) -> dict[str, object]:
    document: dict[str, object] = {
        "rule": unknown.rule,
        "missing": list(unknown.missing),
        "deferred": list(unknown.deferred),
    }
    if unknown.error is not None:
        document["error"] = unknown.error
    return document
