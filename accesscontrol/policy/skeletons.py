"""A verdict without facts, which many questions share, and the facts filled in for one of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from accesscontrol.policy.attributes import Attribute
from accesscontrol.policy.findings import Finding
from accesscontrol.policy.patterns import Weighed
from accesscontrol.policy.rules import EFFECTS
from accesscontrol.policy.values import Type
from accesscontrol.policy.verdict import (
    NO_FACTS,
    Fact,
    Lifted,
    Outcome,
    Reason,
    Unknown,
    Verdict,
    WouldHave,
)
from accesscontrol.policy.vocabulary import Vocabulary

# Their canonical form is not the JSON value itself.
REWRITTEN: Final[frozenset[Type]] = frozenset(("quantity", "countries", "codes"))


class Blank(NamedTuple):
    """A finding whose last member, its facts, is to be filled in."""

    kind: type[tuple[Any, ...]]
    members: tuple[object, ...]
    reads: tuple[str, ...]
    rewritten: tuple[tuple[str, Callable[[Any], Fact]], ...]

    def filled(self, values: Mapping[str, Any], *, canonical: bool) -> tuple[Any, ...]:
        facts = {name: values[name] for name in self.reads if name in values}
        if not canonical:
            for name, write in self.rewritten:
                if name in facts:
                    facts[name] = write(facts[name])
        return tuple.__new__(self.kind, (*self.members, facts))


class Skeleton:
    """All of a verdict that does not depend on what the facts are, beyond their pattern."""

    def __init__(self, outcome: Outcome, found: Iterable[Weighed], vocabulary: Vocabulary) -> None:
        listed = list(found)
        blanks = {
            kind: [_blank(each, vocabulary) for each in listed if isinstance(each.finding, kind)]
            for kind in (Reason, Unknown, WouldHave)
        }
        blanks[Reason].sort(key=lambda blank: EFFECTS.index(cast(Any, blank.members[2])))
        self.blanks = tuple(map(tuple, blanks.values()))
        self.empty = Verdict(
            outcome,
            tuple(_bare(Reason, blanks[Reason])),
            tuple(_bare(Unknown, blanks[Unknown])),
            tuple(each.finding for each in listed if isinstance(each.finding, Lifted)),
            tuple(_bare(WouldHave, blanks[WouldHave])),
        )
        self.silent = not any(self.blanks)

    def filled(
        self,
        values: Mapping[str, object],
        *,
        canonical: bool = False,
        conflicts: tuple[str, ...] = (),
        invalid: tuple[str, ...] = (),
        ignored: tuple[str, ...] = (),
    ) -> Verdict:
        """The verdict with facts; ``values`` are their JSON values, or ``canonical`` ones."""
        if self.silent and not (conflicts or invalid or ignored):
            return self.empty
        reasons, undetermined, would_have = self.blanks
        return tuple.__new__(
            Verdict,
            (
                self.empty[0],
                tuple([each.filled(values, canonical=canonical) for each in reasons]),
                tuple([each.filled(values, canonical=canonical) for each in undetermined]),
                self.empty[3],
                tuple([each.filled(values, canonical=canonical) for each in would_have]),
                conflicts,
                invalid,
                ignored,
            ),
        )


def _blank(weighed: Weighed, vocabulary: Vocabulary) -> Blank:
    finding: Finding = weighed.finding
    rewritten = tuple(
        (name, _rewriting(vocabulary[name]))
        for name in weighed.reads
        if vocabulary[name].type in REWRITTEN
    )
    return Blank(type(finding), finding[:-1], weighed.reads, rewritten)


def _bare(kind: Any, blanks: list[Blank]) -> Iterable[Any]:
    return (kind(*blank.members) for blank in blanks)


def _rewriting(attribute: Attribute) -> Callable[[Any], Fact]:
    if attribute.type == "quantity":
        return lambda raw: attribute.write(attribute.read(raw))
    return sorted  # an array without duplicates, as it has been read already


def without_facts(verdict: Verdict) -> Verdict:
    """What a verdict has in common with those on other facts."""
    return verdict._replace(
        reasons=tuple(each._replace(facts=NO_FACTS) for each in verdict.reasons),
        undetermined=tuple(each._replace(facts=NO_FACTS) for each in verdict.undetermined),
        would_have=tuple(each._replace(facts=NO_FACTS) for each in verdict.would_have),
    )
