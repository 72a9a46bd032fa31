"""A table of verdicts on standings: each is kept as the numbers of its entries, and made when read.

Example: entry 1 is "EMBARGO lacks licensee.hq_country", entry 2 "LETTER lacks user.us_person". The
row ("undetermined", (1, 2), ()) is the verdict on every licensee with unknown headquarters, for the
model that LETTER is about. Thousands of rows, of hundreds of entries, serve a million licensees.
"""

from collections.abc import Hashable
from typing import Final, NamedTuple

from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.entries import Entry
from accesscontrol.policy.judge.verdict import OUTCOMES, Outcome, Verdict

PERMIT: Final = OUTCOMES.index("permit")


class VerdictRow(NamedTuple):
    """A verdict without facts."""

    outcome: Outcome
    entries: tuple[int, ...]  # their numbers, in the order of their rules' refs
    invalid: tuple[str, ...]


class VerdictTable:
    """The verdicts met so far, each under the number of its row.

    ``entries``: by number; 0 is none. ``rows``: by the number of the verdict. Both only grow, and
    no number changes its meaning.
    """

    def __init__(self) -> None:
        self.entries: list[Entry | None] = [None]
        self.rows: list[VerdictRow] = []
        self._alone = [
            PERMIT
        ]  # of each entry the outcome, by its place in OUTCOMES, if it is alone
        self._entry_numbers: dict[Hashable, int] = {}
        self._numbers: dict[
            tuple[int, ...], int
        ] = {}  # by entries, of those without invalid values
        self._with_invalid: dict[VerdictRow, int] = {}
        self._made: dict[int, Verdict] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Verdict:
        """The same object each time."""
        number = int(number)
        if number not in self._made:
            row = self.rows[number]
            listed = [entry for n in row.entries if (entry := self.entries[n]) is not None]
            verdict = entries.verdict(row.outcome, listed)
            self._made[number] = verdict._replace(invalid=row.invalid)
        return self._made[number]

    def entry_number(self, key: Hashable, entry: Entry, outcome: Outcome) -> int:
        """The number of an entry; ``outcome``: what it would come to if it were the only one."""
        number = self._entry_numbers.setdefault(key, len(self.entries))
        if number == len(self.entries):
            self.entries.append(entry)
            self._alone.append(OUTCOMES.index(outcome))
        return number

    def number(self, numbers: tuple[int, ...]) -> int:
        """The number of the verdict of these entries: the strictest outcome of any is its own."""
        number = self._numbers.get(numbers)
        if number is None:
            strictest = min(map(self._alone.__getitem__, numbers), default=PERMIT)
            number = self._numbers[numbers] = len(self.rows)
            self.rows.append(VerdictRow(OUTCOMES[strictest], numbers, ()))
        return number

    def naming(self, number: int, invalid: tuple[str, ...]) -> int:
        """The number of the same verdict that also names these attributes as invalid."""
        row = self.rows[number]._replace(invalid=invalid)
        named = self._with_invalid.setdefault(row, len(self.rows))
        if named == len(self.rows):
            self.rows.append(row)
        return named
