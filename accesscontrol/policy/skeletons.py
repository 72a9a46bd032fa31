"""A verdict without facts, which many questions share, and the facts filled in for one of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from accesscontrol.policy.attributes import Attribute
from accesscontrol.policy.findings import Finding, verdict
from accesscontrol.policy.patterns import Weighed
from accesscontrol.policy.rules import EFFECTS
from accesscontrol.policy.values import Type
from accesscontrol.policy.verdict import (
    NO_FACTS,
    Fact,
    Outcome,
    Reason,
    Unknown,
    Verdict,
    WouldHave,
)
from accesscontrol.policy.vocabulary import Vocabulary

# Their canonical form is not the JSON value itself.
REWRITTEN: Final[frozenset[Type]] = frozenset(("quantity", "countries", "codes"))

Names = tuple[str, ...]
Write = Callable[[Any], Fact]
Blank = tuple[tuple[object, ...], int]  # a finding's members, and which names its facts are about


class Skeleton:
    """All of a verdict that does not depend on what the facts are, beyond their pattern."""

    def __init__(self, outcome: Outcome, found: Iterable[Weighed], vocabulary: Vocabulary) -> None:
        listed = list(found)
        self.empty = verdict(outcome, [each.finding for each in listed])
        self._names: dict[Names, int] = {}  # rules that read the same have their facts in common
        self._reasons = sorted(
            self._blanks(Reason, listed), key=lambda blank: EFFECTS.index(cast(Any, blank[0][2]))
        )
        self._undetermined = self._blanks(Unknown, listed)
        self._would_have = self._blanks(WouldHave, listed)
        self._reads = [
            (names, [(n, _rewriting(vocabulary[n])) for n in names if _rewritten(vocabulary[n])])
            for names in self._names
        ]
        self.silent = not self._names

    def filled(
        self,
        values: Mapping[str, Any],
        *,
        canonical: bool = False,
        conflicts: tuple[str, ...] = (),
        invalid: tuple[str, ...] = (),
        ignored: tuple[str, ...] = (),
    ) -> Verdict:
        """The verdict with facts; ``values`` are their JSON values, or ``canonical`` ones."""
        facts = []
        for names, rewritten in self._reads:
            read = {name: values[name] for name in names if name in values}
            if rewritten and not canonical:
                for name, write in rewritten:
                    if name in read:
                        read[name] = write(read[name])
            facts.append(read)
        empty = self.empty
        return tuple.__new__(
            Verdict,
            (
                empty[0],
                _filled(Reason, self._reasons, facts) if self._reasons else (),
                _filled(Unknown, self._undetermined, facts) if self._undetermined else (),
                empty[3],
                _filled(WouldHave, self._would_have, facts) if self._would_have else (),
                conflicts,
                invalid,
                ignored,
            ),
        )

    def _blanks(self, kind: type[Finding], listed: list[Weighed]) -> list[Blank]:
        return [
            (each.finding[:-1], self._names.setdefault(each.reads, len(self._names)))
            for each in listed
            if isinstance(each.finding, kind)
        ]


def _filled(kind: Any, blanks: list[Blank], facts: list[Any]) -> tuple[Any, ...]:
    new = tuple.__new__
    return tuple([new(kind, (*members, facts[names])) for members, names in blanks])


def _rewritten(attribute: Attribute) -> bool:
    return attribute.type in REWRITTEN


def _rewriting(attribute: Attribute) -> Write:
    if attribute.type == "quantity":
        return lambda raw: attribute.write(attribute.read(raw))
    return sorted  # an array without duplicates, as it has been read already


def without_facts(full: Verdict) -> Verdict:
    """What a verdict has in common with those on other facts."""
    return full._replace(
        reasons=tuple(each._replace(facts=NO_FACTS) for each in full.reasons),
        undetermined=tuple(each._replace(facts=NO_FACTS) for each in full.undetermined),
        would_have=tuple(each._replace(facts=NO_FACTS) for each in full.would_have),
    )
