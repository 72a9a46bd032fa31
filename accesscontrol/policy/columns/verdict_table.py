"""Verdicts by number: each kept as the numbers of its parts, and put together when asked for."""

from collections.abc import Hashable
from typing import Final, NamedTuple

from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.entries import Entry
from accesscontrol.policy.judge.verdict import OUTCOMES, Outcome, Verdict

PERMIT: Final = OUTCOMES.index("permit")


class Said(NamedTuple):
    """A verdict without anybody's facts."""

    outcome: Outcome
    parts: tuple[int, ...]  # numbers of entries, by the refs of their rules
    invalid: tuple[str, ...]


class NumberedVerdicts:
    """Thousands of verdicts on standings, made of few entries, which many of them share.

    ``parts``: the entries by number; 0 is none. ``said``: the verdicts. Both only grow.
    """

    def __init__(self) -> None:
        self.parts: list[Entry | None] = [None]
        self.said: list[Said] = []
        self._ranks = [PERMIT]  # of each part the outcome that it comes to by itself
        self._part_of: dict[Hashable, int] = {}
        self._number_of: dict[tuple[int, ...] | Said, int] = {}  # the parts alone say most
        self._made: dict[int, Verdict] = {}

    def __len__(self) -> int:
        return len(self.said)

    def __getitem__(self, number: int) -> Verdict:
        """The same object each time."""
        number = int(number)
        if number not in self._made:
            outcome, parts, invalid = self.said[number]
            listed = [found for part in parts if (found := self.parts[part]) is not None]
            self._made[number] = entries.verdict(outcome, listed)._replace(invalid=invalid)
        return self._made[number]

    def part(self, key: Hashable, entry: Entry, outcome: Outcome) -> int:
        """The number of an entry; ``outcome``: what it would come to if it were the only one."""
        number = self._part_of.setdefault(key, len(self.parts))
        if number == len(self.parts):
            self.parts.append(entry)
            self._ranks.append(OUTCOMES.index(outcome))
        return number

    def number(self, parts: tuple[int, ...]) -> int:
        """The number of the verdict of these parts: the strictest outcome of any is that of all."""
        number = self._number_of.get(parts)
        if number is None:
            rank = min(map(self._ranks.__getitem__, parts), default=PERMIT)
            number = self._number_of[parts] = len(self.said)
            self.said.append(Said(OUTCOMES[rank], parts, ()))
        return number

    def naming(self, number: int, invalid: tuple[str, ...]) -> int:
        """The number of the same verdict that also names values that are none."""
        said = self.said[number]._replace(invalid=invalid)
        named = self._number_of.setdefault(said, len(self.said))
        if named == len(self.said):
            self.said.append(said)
        return named
