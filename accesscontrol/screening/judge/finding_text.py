"""Writes findings as canonical text out of fragments: each part of the many is written once."""

from typing import Final

from accesscontrol.ledger.canonical import canonical_json
from accesscontrol.policy import EFFECTS, Entry, Reason, strictness, verdict_of
from accesscontrol.policy.columns import VerdictRow, VerdictTable
from accesscontrol.screening.judge.one_by_one import Found

LISTS: Final = ("lifted", "undetermined", "would_have")  # after them reasons, by strictness


class Fragments:
    """The parts of some verdicts as canonical JSON, equal to what one_by_one.finding writes."""

    def __init__(self, verdicts: VerdictTable, reads: frozenset[str]) -> None:
        self._verdicts = verdicts
        self._reads = reads
        self._written: list[tuple[int, str]] = [
            (0, "")
        ]  # by number of the entry: where it stands, and its text

    def found(self, row: VerdictRow) -> Found:
        return Found.of(row.outcome, self.text(row))

    def text(self, row: VerdictRow) -> str:
        """The outcome with its rules and missing facts, members in their canonical order."""
        for entry in self._verdicts.entries[len(self._written) :]:
            assert entry is not None
            self._written.append(_fragment(entry))
        stands: list[list[str]] = [[] for _ in range(len(LISTS) + len(EFFECTS))]
        for number in row.entries:
            place, text = self._written[number]
            stands[place].append(text)
        lifted, undetermined, would_have, *reasons = map(",".join, stands)
        return (
            f'{{"invalid":{self._invalid(row)},"lifted":[{lifted}],"outcome":"{row.outcome}"'
            f',"reasons":[{",".join(filter(None, reasons))}],"undetermined":[{undetermined}]'
            f',"would_have":[{would_have}]}}'
        )

    def _invalid(self, row: VerdictRow) -> str:
        if not row.invalid:
            return "[]"
        return canonical_json([name for name in row.invalid if name in self._reads])


def _fragment(entry: Entry) -> tuple[int, str]:
    full = verdict_of("permit", [entry]).to_json()
    name = next(name for name in (*LISTS, "reasons") if full[name])
    listed = full[name]
    assert isinstance(listed, list)
    text = canonical_json(listed[0])
    if isinstance(entry, Reason):
        return len(LISTS) + strictness(entry), text
    return LISTS.index(name), text
