"""Sorts licensees into the six groups of an impact preview, for all of them at once.

Arithmetic over arrays and nothing else. For each offering that a licensee was granted, the outcome
before and the outcome after give a group; the licensee falls into the first of its groups. No
change: the outcome of no granted offering differs.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accesscontrol.ledger.canonical import canonical_json
from accesscontrol.models import Group
from accesscontrol.policy import OUTCOMES
from accesscontrol.screening.judge.one_by_one import Found

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
    """What one of the two releases says: a sheet for each licensee, a finding for each position.

    ``places``: per licensee the row of ``sheets``, whose cells are places in ``findings``; None
    where no offering stands.
    """

    places: Ints
    sheets: Ints
    findings: Sequence[Found | None]

    def outcomes(self) -> NDArray[np.uint8]:
        """The outcome's number for each sheet and position."""
        numbers = [OUTCOMES.index(each.outcome) if each else UNJUDGED for each in self.findings]
        return np.array(numbers, np.uint8)[self.sheets]

    def names(self, rule: str) -> NDArray[np.bool_]:
        """Whether the rule is true or open there, enforced or only reported."""
        spelled = f'"rule":{canonical_json(rule)}'  # as in no text of a finding that names others
        named = [
            each is not None and spelled in each.text and _names(each.verdict, rule)
            for each in self.findings
        ]
        return np.array(named, bool)[self.sheets]


def _names(finding: Mapping[str, Any], rule: str) -> bool:
    return any(each["rule"] == rule for part in NAMING for each in finding[part])


NAMING = ("reasons", "undetermined", "would_have")


@dataclass(frozen=True)
class Judged:
    """Licensees with their sheet on either side, what they were granted, and where they are.

    ``grants`` are numbers of values of ``CurrentFacts.statuses``; ``countries`` places in
    ``codes``. All arrays are as long as ``ids``.
    """

    ids: Ints
    before: Ints
    after: Ints
    grants: Ints
    countries: Ints
    codes: Sequence[str]

    def only(self, rows: Ints) -> "Judged":
        """Those at these places."""
        return replace(
            self, ids=self.ids[rows], before=self.before[rows], after=self.after[rows],
            grants=self.grants[rows], countries=self.countries[rows],
        )  # fmt: skip


@dataclass
class Impact:
    """What was found over some licensees; the arrays hold one row for each affected one."""

    rows: Ints  # where the affected stand among the ids judged
    groups: Ints
    positions: Ints  # of the first granted offering that puts it there
    granted: Ints
    counts: Counter[str] = field(default_factory=Counter)
    by_country: dict[str, Counter[str]] = field(default_factory=dict)
    entitlements: Counter[str] = field(default_factory=Counter)
    ask_for: Counter[str] = field(default_factory=Counter)
    matched: int = 0
    matched_not_granted: int = 0
    matched_denied: int = 0


@dataclass(frozen=True)
class _Kinds:
    """Licensees that are alike, as rows of matrices by position; ``of`` gives each its row."""

    of: Ints
    counts: Ints
    was: NDArray[np.uint8]
    has: NDArray[np.bool_]
    names: NDArray[np.bool_]
    changes: NDArray[np.uint8]
    after: Ints  # the sheet after, by its row in the side's sheets

    @property
    def group(self) -> NDArray[np.uint8]:
        smallest: NDArray[np.uint8] = self.changes.min(axis=1, initial=Group.NO_CHANGE)
        return smallest

    @property
    def moved(self) -> NDArray[np.bool_]:
        """Where the granted offerings are that put it in its group."""
        group = self.group[:, None]
        moved: NDArray[np.bool_] = (self.changes == group) & (group != Group.NO_CHANGE)
        return moved


def of(
    judged: Judged,
    before: Side,
    after: Side,
    *,
    rule: str,
    granted: Callable[[Ints], NDArray[np.bool_]],
) -> Impact:
    """The impact on the licensees judged; licensees that are alike are looked at once.

    ``granted`` gives for numbers of grants a row each, by position.
    """
    touched, kinds = _alike(judged, before, after, rule, granted)
    group = kinds.group[kinds.of]
    affected = group != Group.NO_CHANGE
    moved = kinds.moved
    first = moved.argmax(axis=1) if moved.shape[1] else np.zeros(len(moved), np.int64)
    found = Impact(
        rows=touched[affected],
        groups=group[affected],
        positions=first[kinds.of][affected],
        granted=kinds.has.sum(axis=1)[kinds.of][affected],
    )
    _count(found, judged)
    _count_entitlements(found, kinds)
    _count_unchanged(found, kinds)
    _ask(found, after, kinds)
    return found


def _alike(
    judged: Judged,
    before: Side,
    after: Side,
    rule: str,
    granted: Callable[[Ints], NDArray[np.bool_]],
) -> tuple[Ints, _Kinds]:
    """The licensees that the rule or a change touches, by their places, and what kinds they are.

    Most are judged alike on both sides whatever they were granted: nobody asks what that is.
    """
    key = before.places.astype(np.int64) * max(len(after.sheets), 1) + after.places
    distinct, pair = np.unique(key, return_inverse=True)
    at = np.divmod(distinct, max(len(after.sheets), 1))
    was, now = before.outcomes()[at[0]], after.outcomes()[at[1]]
    names = before.names(rule)[at[0]] | after.names(rule)[at[1]]
    changes = GROUPS[was, now]
    matters = ((changes != Group.NO_CHANGE) | names).any(axis=1)
    touched = np.flatnonzero(matters[pair])

    numbers, grant = np.unique(judged.grants[touched], return_inverse=True)
    both = pair[touched].astype(np.int64) * max(len(numbers), 1) + grant
    kinds, of_, counts = np.unique(both, return_inverse=True, return_counts=True)
    pairs, grants = np.divmod(kinds, max(len(numbers), 1))
    has = granted(numbers)[grants]
    return touched, _Kinds(
        of=of_, counts=counts, was=was[pairs], has=has, names=names[pairs],
        changes=np.where(has, changes[pairs], np.uint8(Group.NO_CHANGE)), after=at[1][pairs],
    )  # fmt: skip


def _count(found: Impact, judged: Judged) -> None:
    """Licensees by group, and the affected by country."""
    size = Group.NO_CHANGE + 1
    cells = np.bincount(
        judged.countries[found.rows] * size + found.groups, minlength=len(judged.codes) * size
    ).reshape(-1, size)
    for group in Group:
        found.counts[group.key] = int(cells[:, group].sum())
    found.counts[Group.NO_CHANGE.key] = len(judged.ids) - len(found.rows)
    for code, row in zip(judged.codes, cells, strict=True):
        seen = Counter({group.key: int(row[group]) for group in Group if row[group]})
        if seen:
            found.by_country[code] = seen


def _count_entitlements(found: Impact, kinds: _Kinds) -> None:
    moving = kinds.moved.sum(axis=1) * kinds.counts
    for group in Group:
        changing = int(moving[kinds.group == group].sum())
        if changing:
            found.entitlements[group.key] = changing


def _count_unchanged(found: Impact, kinds: _Kinds) -> None:
    """Why nothing changes for those whom the rule matches all the same."""
    matches, of_granted = kinds.names.any(axis=1), (kinds.names & kinds.has).any(axis=1)
    same = kinds.group == Group.NO_CHANGE
    denied = of_granted & ~(kinds.names & kinds.has & (kinds.was != DENY)).any(axis=1)
    found.matched = int(kinds.counts[matches].sum())
    found.matched_not_granted = int(kinds.counts[same & matches & ~of_granted].sum())
    found.matched_denied = int(kinds.counts[same & denied].sum())


def _ask(found: Impact, after: Side, kinds: _Kinds) -> None:
    """How many licensees each missing fact holds up, among those that can't be decided."""
    open_ = kinds.moved & (kinds.group == Group.CANT_DECIDE)[:, None]
    for kind in np.flatnonzero(open_.any(axis=1)).tolist():
        numbers = set(after.sheets[kinds.after[kind]][open_[kind]].tolist())
        missing = {
            name
            for finding in filter(None, (after.findings[number] for number in numbers))
            for unknown in finding.verdict["undetermined"]
            for name in unknown["missing"]
        }
        found.ask_for.update(dict.fromkeys(missing, int(kinds.counts[kind])))
