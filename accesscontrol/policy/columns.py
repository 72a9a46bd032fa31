"""Judges many licensees for every offering at once: columns of small numbers in, sheets out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.judging import judge
from accesscontrol.policy.release import Release
from accesscontrol.policy.values import NotAValue, Value, instant_of
from accesscontrol.policy.verdict import Reason, Unknown, Verdict, WouldHave

ABSENT: Final = object()  # no value at all, in place of a raw one
STATUS: Final = "entitlement.status"
STATUSES: Final = ("none", "active", "held")
ACTIVITY: Final = "request.activity"

Numbers = NDArray[np.integer[Any]]


class Columns:
    """Standings by one release at one instant, of licensees without papers for these offerings.

    Values become small numbers by ``code``; ``answers`` takes one row of them a licensee. It
    remembers every distinct row that it was asked, in this call and earlier ones.
    """

    def __init__(
        self, release: Release, *, at: datetime, offerings: Sequence[Mapping[str, object]]
    ) -> None:
        """``offerings``: of each the JSON facts of its model, and its request.activity."""
        self.release = release
        self.at = at
        self.offerings = tuple(offerings)
        self.reads = tuple(sorted(filter(of_a_licensee, _named(release))))
        in_force = (rule for rule in release.rules if rule.period.holds(instant_of(at)))
        self.reads_status = any(STATUS in rule.attributes for rule in in_force)
        self.sheets: list[tuple[int, ...]] = []
        self.findings: list[Verdict] = []
        self._codes: dict[str, dict[tuple[type, Value], int]] = {name: {} for name in self.reads}
        self._raw: dict[str, list[object]] = {name: [ABSENT] for name in self.reads}
        self._sheet_of: dict[tuple[int, ...], int] = {}
        self._finding_of: dict[str, int] = {}
        self._pattern_of: dict[bytes, int] = {}

    def code(self, attribute: str, value: object = ABSENT) -> int:
        """The class of a register's JSON value: 0 absent; equal classes get equal answers."""
        if value is ABSENT:
            return 0
        try:
            read = self.release.attributes[attribute].read(value)
            key: tuple[type, Value] = (type(read), read)
        except NotAValue:
            key = (NotAValue, 0)
        codes = self._codes[attribute]
        if key not in codes:
            self._raw[attribute].append(value)
            codes[key] = len(codes) + 1
        return codes[key]

    def answers(self, codes: Numbers, statuses: Numbers | None = None) -> NDArray[np.int32]:
        """The index of each row's sheet.

        ``codes``: (rows, len(reads)); ``statuses``: (rows, len(offerings)), 0 none, 1 active,
        2 held, needed where ``reads_status``.
        """
        found = np.empty(len(codes), np.int32)
        for row, pattern in enumerate(codes):
            held = None if statuses is None or not self.reads_status else statuses[row]
            key = pattern.tobytes() + (b"" if held is None else held.tobytes())
            if key not in self._pattern_of:
                self._pattern_of[key] = self._sheet(pattern, held)
            found[row] = self._pattern_of[key]
        return found

    def _sheet(self, pattern: Numbers, held: Numbers | None) -> int:
        raw = (self._raw[name][code] for name, code in zip(self.reads, pattern, strict=True))
        facts = {
            name: value for name, value in zip(self.reads, raw, strict=True) if value is not ABSENT
        }
        if "licensee.id" not in self.reads:
            facts["licensee.id"] = "-"  # it has one, and no rule reads which
        status = ["none"] * len(self.offerings) if held is None else [STATUSES[i] for i in held]
        sheet = tuple(
            self._finding({**facts, **offering, STATUS: each})
            for offering, each in zip(self.offerings, status, strict=True)
        )
        return _place(sheet, self._sheet_of, self.sheets)

    def _finding(self, facts: Mapping[str, object]) -> int:
        verdict = without_facts(judge(self.release, facts=facts, at=self.at, standing=True))
        invalid = tuple(name for name in verdict.invalid if name in _named(self.release))
        kept = verdict._replace(invalid=invalid, ignored=())
        return _place_by(repr(kept), kept, self._finding_of, self.findings)


Each = TypeVar("Each")


def _place(found: tuple[int, ...], places: dict[tuple[int, ...], int], into: list[Any]) -> int:
    if found not in places:
        places[found] = len(into)
        into.append(found)
    return places[found]


def _place_by(key: str, found: Each, places: dict[str, int], into: list[Each]) -> int:
    if key not in places:
        places[key] = len(into)
        into.append(found)
    return places[key]


def of_a_licensee(name: str) -> bool:
    """Whether a licensee's row says it: the register about it, or an attestation."""
    return name != ACTIVITY and name.startswith(("licensee.", "user.", "request."))


def _named(release: Release) -> frozenset[str]:
    return frozenset().union(*(rule.attributes for rule in release.rules))


def without_facts(verdict: Verdict) -> Verdict:
    """The part of a verdict that every licensee with it has in common."""
    return verdict._replace(
        reasons=_bare(verdict.reasons),
        undetermined=_bare(verdict.undetermined),
        would_have=_bare(verdict.would_have),
    )


Bare = TypeVar("Bare", Reason, Unknown, WouldHave)


def _bare(entries: Iterable[Bare]) -> tuple[Bare, ...]:
    return tuple(entry._replace(facts={}) for entry in entries)
