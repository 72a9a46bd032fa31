"""A verdict without facts, which many questions share, and the facts filled in for one of them.

Example: LETTER reads model.id and user.us_person. Of every question in which it is true the verdict
is the same, but for the facts of its reason: {"model.id": "frontier", "user.us_person": False}.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from accesscontrol.policy.compiled.rule_outcomes import RuleOutcome
from accesscontrol.policy.judge.entries import verdict
from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.verdict import (
    Fact,
    Outcome,
    Reason,
    Unknown,
    Verdict,
    WouldHave,
)
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.values import read, written
from accesscontrol.policy.language.vocabulary import Vocabulary

MOST_QUANTITIES: Final = 10_000  # whose digits in full are remembered

FILLED: Final = (  # the lists of a verdict whose entries have facts, by their place in it
    (Verdict._fields.index("reasons"), Reason),
    (Verdict._fields.index("undetermined"), Unknown),
    (Verdict._fields.index("would_have"), WouldHave),
)

Names = tuple[str, ...]
Write = Callable[[Any], Fact]  # from the JSON value to the canonical form
Blank = tuple[tuple[object, ...], int]  # an entry without its facts, and the place of their names


class VerdictTemplate:
    """All of a verdict that does not depend on what the facts are within their value classes.

    ``verdict``: it without facts, which is all of it where no entry ``has_facts``. Rules that read
    the same attributes have one object of facts in common.
    """

    __slots__ = ("_blanks", "_reads", "has_facts", "verdict")

    def __init__(
        self, outcome: Outcome, outcomes: Sequence[RuleOutcome], vocabulary: Vocabulary
    ) -> None:
        self.verdict = verdict(outcome, [each.entry for each in outcomes])
        reads = {id(each.entry): each.reads for each in outcomes}
        places = {names: place for place, names in enumerate(dict.fromkeys(reads.values()))}
        members: tuple[Any, ...] = self.verdict
        self._blanks: list[tuple[int, type, list[Blank]]] = [
            (place, kind, [(entry[:-1], places[reads[id(entry)]]) for entry in members[place]])
            for place, kind in FILLED
            if members[place]
        ]
        self.has_facts = bool(self._blanks)
        self._reads = [(names, _rewritten(names, vocabulary)) for names in places]

    def filled(self, facts: Mapping[str, Any]) -> Verdict:
        """The verdict with the facts of a question, which have their JSON shapes."""
        read = []
        for names, rewritten in self._reads:
            present = {name: facts[name] for name in names if name in facts}
            for name, write in rewritten:
                if name in present:
                    present[name] = write(present[name])
            read.append((present,))
        return self._with(read)

    def filled_in(self, world: World) -> Verdict:
        """The verdict on a question that needed a closer look; of two values, the register's."""
        attributes = world.release.attributes
        facts = {name: attributes[name].write(seen[0].value) for name, seen in world.seen.items()}
        read = [({n: facts[n] for n in names if n in facts},) for names, _ in self._reads]
        return self._with(read)._replace(
            conflicts=world.conflicts, invalid=world.invalid, ignored=world.ignored
        )

    def _with(self, read: Sequence[tuple[Mapping[str, Fact]]]) -> Verdict:
        """``read``: by the place of their names, the facts, each as the last member of an entry."""
        new = tuple.__new__  # in half the time of Reason(*…): nothing is looked at by name
        members: list[Any] = [*self.verdict]
        for place, kind, blanks in self._blanks:
            members[place] = tuple([new(kind, entry + read[names]) for entry, names in blanks])
        return new(Verdict, members)


def _rewritten(names: Names, vocabulary: Vocabulary) -> list[tuple[str, Write]]:
    """Of the attributes whose canonical form is not the JSON value itself, how it is written."""
    writing = ((name, _writing(vocabulary[name])) for name in names)
    return [(name, write) for name, write in writing if write is not None]


def _writing(attribute: Attribute) -> Write | None:
    match attribute.type:
        case "quantity":
            return _in_full
        case "countries" | "codes":  # an array without duplicates, as it has been read already
            return sorted
        case _:
            return None


@lru_cache(maxsize=MOST_QUANTITIES)
def _in_full(quantity: str) -> Fact:
    """Threads share it: the same text always gives the same digits."""
    return written("quantity", read("quantity", quantity))
