"""Sorts licensees into the six groups of an impact preview, for all of them at once.

Arithmetic over arrays and nothing else. For each offering that a licensee was granted, the outcome
before and the outcome after give a group; the licensee falls into the first of its groups. No
change: the outcome of no granted offering differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accesscontrol.models import Group
from accesscontrol.policy import OUTCOMES

Ints = NDArray[np.integer[Any]]
USABLE = ("per_request", "permit")
UNKNOWN = ""  # the country of a licensee whose country nobody knows
DENY = OUTCOMES.index("deny")
UNJUDGED = len(OUTCOMES)  # no finding: the offering did not stand


def group_of(before: str, after: str) -> Group:
    """Where one granted offering puts its licensee.

    Whatever ends denied loses access, also what waited for a review before; what gets freer regains
    it, from a refusal to use as from a question a request to none.
    """
    if before == after:
        return Group.NO_CHANGE
    match after:
        case "deny":
            return Group.LOSE_ACCESS
        case "license_required" | "review":
            return Group.TO_REVIEW
        case "undetermined":
            return Group.CANT_DECIDE
        case "per_request" if before == "permit":
            return Group.PER_REQUEST
        case _:
            return Group.REGAIN_ACCESS


def _table() -> NDArray[np.uint8]:
    """``group_of`` for every pair of outcomes by number; what is not judged changes nothing."""
    table = np.full((UNJUDGED + 1, UNJUDGED + 1), Group.NO_CHANGE, np.uint8)
    for b, before in enumerate(OUTCOMES):
        for a, after in enumerate(OUTCOMES):
            table[b, a] = group_of(before, after)
    return table


GROUPS = _table()


@dataclass(frozen=True)
class Side:
    """What one of the two releases says: sheets by number, each a finding's number an offering.

    ``findings`` are the verdicts of language.md §8 in their JSON shape.
    """

    sheets: Sequence[Sequence[int]]
    findings: Sequence[Mapping[str, Any]]

    def outcomes(self) -> NDArray[np.uint8]:
        """The outcome's number for each sheet and offering."""
        numbers = [OUTCOMES.index(each["outcome"]) for each in self.findings]
        return self._each(np.array([*numbers, UNJUDGED], np.uint8))

    def names(self, rule: str) -> NDArray[np.bool_]:
        """Whether the rule is true or open there, enforced or only reported."""
        named = [
            any(each["rule"] == rule for part in NAMING for each in finding[part])
            for finding in self.findings
        ]
        return self._each(np.array([*named, False]))

    def _each(self, of_finding: NDArray[Any]) -> NDArray[Any]:
        return of_finding[np.array(self.sheets, np.int32)]


NAMING = ("reasons", "undetermined", "would_have")


@dataclass(frozen=True)
class Judged:
    """Licensees with the number of their sheet on either side, what they were granted, and where.

    ``grants`` numbers the rows of ``granted`` (pattern × offering); ``countries`` those of
    ``codes``. All arrays but ``granted`` are as long as ``ids``.
    """

    ids: Ints
    before: Ints
    after: Ints
    grants: Ints
    granted: NDArray[np.bool_]
    countries: Ints
    codes: Sequence[str]


@dataclass
class Impact:
    """What was found over some licensees; the arrays hold one row for each affected one."""

    rows: Ints  # where the affected stand among the ids judged
    groups: Ints
    offerings: Ints  # the first granted offering that puts it there, by its number
    granted: Ints
    counts: Counter[str] = field(default_factory=Counter)
    by_country: dict[str, Counter[str]] = field(default_factory=dict)
    entitlements: Counter[str] = field(default_factory=Counter)
    ask_for: Counter[str] = field(default_factory=Counter)
    matched: int = 0
    matched_not_granted: int = 0
    matched_denied: int = 0


def of(judged: Judged, before: Side, after: Side, *, rule: str) -> Impact:
    """The impact on the licensees judged; licensees that are alike are looked at once."""
    kinds, inverse, counts = np.unique(
        np.stack([judged.before, judged.after, judged.grants]),
        axis=1, return_inverse=True, return_counts=True,
    )  # fmt: skip
    inverse = inverse.reshape(-1)
    was, now = before.outcomes()[kinds[0]], after.outcomes()[kinds[1]]
    has = judged.granted[kinds[2]]
    changes = np.where(has, GROUPS[was, now], Group.NO_CHANGE)
    group = changes.min(axis=1, initial=Group.NO_CHANGE)
    moved = (changes == group[:, None]) & (group != Group.NO_CHANGE)[:, None]
    names = before.names(rule)[kinds[0]] | after.names(rule)[kinds[1]]

    rows = np.flatnonzero(group[inverse] != Group.NO_CHANGE)
    first = moved.argmax(axis=1) if moved.shape[1] else np.zeros(len(group), np.int64)
    found = Impact(
        rows=rows,
        groups=group[inverse][rows],
        offerings=first[inverse][rows],
        granted=has.sum(axis=1)[inverse][rows],
    )
    _count(found, judged, group, inverse)
    for each in range(Group.LOSE_ACCESS, Group.NO_CHANGE):
        ending = int((moved.sum(axis=1) * counts)[group == each].sum())
        if ending:
            found.entitlements[Group(each).key] += ending
    _count_unchanged(found, group, names, has, was, counts)
    _ask(found, after, kinds[1], moved & (group == Group.CANT_DECIDE)[:, None], counts)
    return found


def _kinds(judged: Judged, sheets: int) -> tuple[tuple[Ints, Ints, Ints], Ints, Ints]:
    """The distinct (sheet before, sheet after, grants), each licensee's number, how many are so."""
    patterns = len(judged.granted)
    key = (judged.before.astype(np.int64) * sheets + judged.after) * patterns + judged.grants
    distinct, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    pairs, grants = np.divmod(distinct, max(patterns, 1))
    was, now = np.divmod(pairs, max(sheets, 1))
    return (was, now, grants), inverse, counts


def _count(found: Impact, judged: Judged, group: Ints, inverse: Ints) -> None:
    """Licensees by group and by country."""
    size = Group.NO_CHANGE + 1
    cells = np.bincount(
        judged.countries * size + group[inverse], minlength=len(judged.codes) * size
    ).reshape(-1, size)
    for each in Group:
        found.counts[each.key] = int(cells[:, each].sum())
    for code, row in zip(judged.codes, cells, strict=True):
        seen = Counter({each.key: int(row[each]) for each in Group if row[each]})
        if seen:
            found.by_country[code] = seen


def _count_unchanged(
    found: Impact,
    group: Ints,
    names: NDArray[np.bool_],
    has: NDArray[np.bool_],
    was: Ints,
    counts: Ints,
) -> None:
    """Why nothing changes for those whom the rule matches all the same."""
    matches, of_granted = names.any(axis=1), (names & has).any(axis=1)
    same = group == Group.NO_CHANGE
    denied = of_granted & ~(names & has & (was != DENY)).any(axis=1)
    found.matched = int(counts[matches].sum())
    found.matched_not_granted = int(counts[same & matches & ~of_granted].sum())
    found.matched_denied = int(counts[same & denied].sum())


def _ask(found: Impact, after: Side, sheets: Ints, open_: NDArray[np.bool_], counts: Ints) -> None:
    """How many licensees each missing fact holds up, among those that can't be decided."""
    for kind in np.flatnonzero(open_.any(axis=1)):
        numbers = after.sheets[int(sheets[kind])]
        missing = {
            name
            for offering in np.flatnonzero(open_[kind]).tolist()
            for unknown in after.findings[numbers[offering]]["undetermined"]
            for name in unknown["missing"]
        }
        found.ask_for.update(dict.fromkeys(missing, int(counts[kind])))
