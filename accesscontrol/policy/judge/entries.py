"""The entries of a verdict, each about one rule, and the outcome that they come to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.verdict import (
    NO_FACTS,
    Fact,
    Lifted,
    Outcome,
    Reason,
    Unknown,
    Verdict,
    WouldHave,
)
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.rules import EFFECTS, Effect, Rule

Entry = Reason | Unknown | Lifted | WouldHave


def reason(rule: Rule, facts: Mapping[str, Fact] = NO_FACTS) -> Reason:
    return Reason(rule.ref, rule.version, rule.effect, rule.order, rule.citation, rule.title, facts)


def unknown(
    rule: Rule,
    facts: Mapping[str, Fact] = NO_FACTS,
    *,
    missing: tuple[str, ...] = (),
    deferred: tuple[str, ...] = (),
    error: str | None = None,
) -> Unknown:
    return Unknown(
        rule.ref,
        missing,
        deferred,
        error,
        rule.effect,
        rule.version,
        rule.order,
        rule.citation,
        rule.title,
        facts,
    )


def would_have(
    rule: Rule,
    truth: Literal["true", "unknown"],
    facts: Mapping[str, Fact] = NO_FACTS,
    *,
    missing: tuple[str, ...] = (),
    error: str | None = None,
) -> WouldHave:
    return WouldHave(
        rule.ref,
        rule.effect,
        truth,
        rule.version,
        rule.order,
        rule.citation,
        rule.title,
        missing,
        error,
        facts,
    )


def lifted(rule: Rule, by: str, kind: Literal["exemption", "license", "disposition"]) -> Lifted:
    return Lifted(rule.ref, by, kind, rule.version, rule.order, rule.title)


def names(attributes: Iterable[Attribute]) -> tuple[str, ...]:
    return tuple(sorted(attribute.name for attribute in attributes))


def incomplete(lacking: Iterable[str]) -> Verdict:
    """The verdict on a question that lacks what it must have. No rule is judged."""
    return Verdict("undetermined", undetermined=(Unknown(None, tuple(sorted(lacking))),))


def incomplete_in(world: World) -> Verdict:
    return incomplete(world.lacking)._replace(
        conflicts=world.conflicts, invalid=world.invalid, ignored=world.ignored
    )


def verdict(outcome: Outcome, found: Sequence[Entry]) -> Verdict:
    """Puts each entry in the list where it belongs. The entries come in the order of their refs."""
    reasons = [entry for entry in found if isinstance(entry, Reason)]
    if len(reasons) > 1:
        reasons.sort(key=strictness)  # stable: by ref within an effect
    return Verdict(
        outcome,
        tuple(reasons),
        tuple([entry for entry in found if isinstance(entry, Unknown)]),
        tuple([entry for entry in found if isinstance(entry, Lifted)]),
        tuple([entry for entry in found if isinstance(entry, WouldHave)]),
    )


def strictness(reason: Reason) -> int:
    return EFFECTS.index(reason.effect)


def outcome(found: Iterable[Entry], *, standing: bool, settled: Callable[[], bool]) -> Outcome:
    """The strictest effect of a true rule; else undetermined or per_request by unknown rules.

    ``settled`` says, of a standing, whether what a request can state may settle all of them.
    """
    true: set[Effect] = set()
    is_open = False
    for entry in found:
        if isinstance(entry, Reason):
            true.add(entry.effect)
        is_open = is_open or isinstance(entry, Unknown)
    for effect in EFFECTS:
        if effect in true:
            return effect
    if not is_open:
        return "permit"
    return "per_request" if standing and settled() else "undetermined"
