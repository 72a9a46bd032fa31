"""A verdict without facts, which many questions share, and the facts filled in for one of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from accesscontrol.policy.compiled.rule_outcomes import Weighed
from accesscontrol.policy.judge.entries import verdict
from accesscontrol.policy.judge.verdict import (
    Fact,
    Outcome,
    Reason,
    Unknown,
    Verdict,
    WouldHave,
)
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.values import Type, read, written
from accesscontrol.policy.language.vocabulary import Vocabulary

# Their canonical form is not the JSON value itself.
REWRITTEN: Final[frozenset[Type]] = frozenset(("quantity", "countries", "codes"))
QUANTITIES: Final = 10_000  # that are remembered in full

FILLED: Final = (  # the lists of a verdict whose entries go with facts, by their place in it
    (Verdict._fields.index("reasons"), Reason),
    (Verdict._fields.index("undetermined"), Unknown),
    (Verdict._fields.index("would_have"), WouldHave),
)

Names = tuple[str, ...]
Write = Callable[[Any], Fact]
Blank = tuple[tuple[object, ...], int]  # an entry's members, and which names its facts are about


class Skeleton:
    """All of a verdict that does not depend on what the facts are, beyond their pattern."""

    __slots__ = ("_names", "_parts", "_reads", "empty", "silent")

    def __init__(self, outcome: Outcome, found: Sequence[Weighed], vocabulary: Vocabulary) -> None:
        self.empty = verdict(outcome, [each.entry for each in found])
        reads = {id(each.entry): each.reads for each in found}
        self._names: dict[Names, int] = {}  # rules that read the same have their facts in common
        self._parts = [
            (place, kind, self._blanks(self.empty[place], reads))
            for place, kind in FILLED
            if self.empty[place]
        ]
        self._reads = [
            (names, [(n, _rewriting(vocabulary[n])) for n in names if _rewritten(vocabulary[n])])
            for names in self._names
        ]
        self.silent = not self._names

    def filled(self, values: Mapping[str, Any], *, canonical: bool = False) -> Verdict:
        """The verdict with facts; ``values`` are their JSON values, or ``canonical`` ones."""
        facts = []
        for names, rewritten in self._reads:
            present = {name: values[name] for name in names if name in values}
            if rewritten and not canonical:
                for name, write in rewritten:
                    if name in present:
                        present[name] = write(present[name])
            facts.append((present,))
        new = tuple.__new__
        members: list[Any] = [*self.empty]
        for place, kind, blanks in self._parts:
            members[place] = tuple([new(kind, bare + facts[names]) for bare, names in blanks])
        return new(Verdict, members)

    def _blanks(self, listed: Iterable[Any], reads: Mapping[int, Names]) -> list[Blank]:
        return [
            (entry[:-1], self._names.setdefault(reads[id(entry)], len(self._names)))
            for entry in listed
        ]


def _rewritten(attribute: Attribute) -> bool:
    return attribute.type in REWRITTEN


def _rewriting(attribute: Attribute) -> Write:
    # of sets: an array without duplicates, as it has been read already
    return _in_full if attribute.type == "quantity" else sorted


@lru_cache(maxsize=QUANTITIES)
def _in_full(quantity: str) -> Fact:
    """Threads share the texts: each rests on the quantity alone."""
    return written("quantity", read("quantity", quantity))
