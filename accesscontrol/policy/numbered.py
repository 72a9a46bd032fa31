"""Verdicts by number: each kept as the numbers of its parts, and put together when asked for."""

from typing import NamedTuple

from accesscontrol.policy import findings
from accesscontrol.policy.findings import Finding
from accesscontrol.policy.verdict import Outcome, Verdict


class Said(NamedTuple):
    """A verdict without anybody's facts."""

    outcome: Outcome
    parts: tuple[int, ...]  # numbers of findings, by the refs of their rules
    invalid: tuple[str, ...]


class NumberedVerdicts:
    """Thousands of verdicts on standings, made of few findings, which many of them share.

    ``parts``: the findings by number; 0 is none. ``said``: the verdicts. Both only grow.
    """

    def __init__(self) -> None:
        self.parts: list[Finding | None] = [None]
        self.said: list[Said] = []
        self._made: dict[int, Verdict] = {}
        self._part_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.said)

    def __getitem__(self, number: int) -> Verdict:
        """The same object each time."""
        number = int(number)
        if number not in self._made:
            outcome, parts, invalid = self.said[number]
            listed = [found for part in parts if (found := self.parts[part]) is not None]
            self._made[number] = findings.verdict(outcome, listed)._replace(invalid=invalid)
        return self._made[number]

    def add_part(self, finding: Finding) -> int:
        self.parts.append(finding)
        return len(self.parts) - 1

    def add(self, outcome: Outcome, parts: tuple[int, ...], invalid: tuple[str, ...] = ()) -> int:
        self.said.append(Said(outcome, parts, invalid))
        return len(self.said) - 1

    def add_verdict(self, verdict: Verdict) -> int:
        """One that was made elsewhere, without facts."""
        lists = (verdict.reasons, verdict.undetermined, verdict.lifted, verdict.would_have)
        parts = tuple(self._part(finding) for listed in lists for finding in listed)
        return self.add(verdict.outcome, parts, verdict.invalid)

    def _part(self, finding: Finding) -> int:
        key = repr(finding)
        if key not in self._part_of:
            self._part_of[key] = self.add_part(finding)
        return self._part_of[key]
