"""Findings as canonical text: written whole from a verdict, or put together out of fragments.

A screening meets thousands of verdicts that are made of few entries. Each entry is written once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from accesscontrol.ledger.canonical import canonical_json, digest
from accesscontrol.policy import EFFECTS, Entry, Reason, Verdict, strictness, verdict_of
from accesscontrol.policy.columns import VerdictRow, VerdictTable

LISTS: Final = ("lifted", "undetermined", "would_have")  # after them reasons, by strictness
KEPT: Final = ("outcome", "reasons", "undetermined", "lifted", "would_have")


@dataclass(frozen=True)
class FindingText:
    """A finding: the outcome with its rules and missing facts, without the facts of any licensee.

    ``text`` is canonical JSON. ``verdict`` is read from it when it is asked for, which is seldom.
    """

    digest: str
    outcome: str
    text: str = field(compare=False)

    @classmethod
    def of(cls, outcome: str, text: str) -> "FindingText":
        return cls(digest(text), outcome, text)

    @cached_property
    def verdict(self) -> Mapping[str, Any]:
        """What the text says."""
        verdict: Mapping[str, Any] = json.loads(self.text)
        return verdict


def whole(verdict: Verdict, reads: frozenset[str]) -> FindingText:
    """The part of a standing's verdict that is kept: outcome, rules, missing facts, no values.

    Of invalid facts it names those that ``reads`` has: the attributes that a rule names.
    """
    full: dict[str, Any] = verdict.to_json()
    kept = {name: full[name] for name in KEPT}
    kept["invalid"] = [name for name in full["invalid"] if name in reads]
    return FindingText.of(verdict.outcome, canonical_json(kept))


class Fragments:
    """Writes the verdicts of the columns as findings, equal to what ``whole`` writes."""

    def __init__(self, verdicts: VerdictTable, reads: frozenset[str]) -> None:
        self._verdicts = verdicts
        self._reads = reads
        self._written: list[tuple[int, str]] = [(0, "")]  # by entry: its list's place, its text

    def finding(self, row: VerdictRow) -> FindingText:
        return FindingText.of(row.outcome, self._text(row))

    def _text(self, row: VerdictRow) -> str:
        """The outcome with its rules and missing facts, members in their canonical order."""
        for entry in self._verdicts.entries[len(self._written) :]:
            assert entry is not None
            self._written.append(_fragment(entry))
        listed: list[list[str]] = [[] for _ in range(len(LISTS) + len(EFFECTS))]
        for number in row.entries:
            place, text = self._written[number]
            listed[place].append(text)
        lifted, undetermined, would_have, *reasons = map(",".join, listed)
        return (
            f'{{"invalid":{self._invalid(row)},"lifted":[{lifted}]'
            f',"outcome":"{row.outcome}","reasons":[{",".join(filter(None, reasons))}]'
            f',"undetermined":[{undetermined}],"would_have":[{would_have}]}}'
        )

    def _invalid(self, row: VerdictRow) -> str:
        if not row.invalid:
            return "[]"
        return canonical_json([name for name in row.invalid if name in self._reads])


def _fragment(entry: Entry) -> tuple[int, str]:
    """The place of the list that the entry belongs to, and the entry as text."""
    full = verdict_of("permit", [entry]).to_json()
    name = next(name for name in (*LISTS, "reasons") if full[name])
    listed = full[name]
    assert isinstance(listed, list)
    text = canonical_json(listed[0])
    if isinstance(entry, Reason):
        return len(LISTS) + strictness(entry), text
    return LISTS.index(name), text
