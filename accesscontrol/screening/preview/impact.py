"""Sorts licensees into the six groups of an impact preview, all of them at once.

For each offering that a licensee was granted, the outcome before and the outcome after give a
group. The licensee falls into the first of its groups; "no change" if no granted offering's outcome
differs. It is arithmetic over arrays and nothing else.
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
from accesscontrol.screening.judge.finding_text import FindingText

Ints = NDArray[np.integer[Any]]
USABLE = ("per_request", "permit")
UNKNOWN = ""  # the country of a licensee whose country is not known
DENY = OUTCOMES.index("deny")
UNJUDGED = len(OUTCOMES)  # no finding: the offering was not there
NAMING = ("reasons", "undetermined", "would_have")  # lists of a finding whose entries name a rule


def group_of(before: str, after: str) -> Group:
    """Where one granted offering puts its licensee.

    An offering that is denied after loses access, also if it waited for a review before. One that
    gets freer regains access: from a refusal to use, or from a question for each request to none.
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
    """``group_of`` for each pair of outcomes by number; without a finding there is no change."""
    table = np.full((UNJUDGED + 1, UNJUDGED + 1), Group.NO_CHANGE, "u1")
    for b, before in enumerate(OUTCOMES):
        for a, after in enumerate(OUTCOMES):
            table[b, a] = group_of(before, after)
    return table


GROUPS = _table()


@dataclass(frozen=True)
class ReleaseSheets:
    """The sheets of some licensees under one of the two releases.

    ``rows``: by licensee the row of ``sheets``, (sheets, positions), whose cells are indices into
    ``findings``. A finding is None for positions without an offering.
    """

    rows: Ints
    sheets: Ints
    findings: Sequence[FindingText | None]

    def outcomes(self) -> NDArray[np.uint8]:
        """The outcome's number for each sheet and position."""
        numbers = [OUTCOMES.index(each.outcome) if each else UNJUDGED for each in self.findings]
        return np.array(numbers, "u1")[self.sheets]

    def names(self, rule: str) -> NDArray[np.bool_]:
        """For each sheet and position: whether the rule is true or open, enforced or reported."""
        spelled = f'"rule":{canonical_json(rule)}'  # in no finding's text that names only others
        named = [
            each is not None and spelled in each.text and _names(each.verdict, rule)
            for each in self.findings
        ]
        return np.array(named, bool)[self.sheets]


def _names(finding: Mapping[str, Any], rule: str) -> bool:
    return any(each["rule"] == rule for part in NAMING for each in finding[part])


@dataclass(frozen=True)
class ComparedLicensees:
    """Licensees with their sheets under both releases, what they were granted, and their country.

    ``before`` and ``after``: indices of sheets of the two evaluators. ``grants``: ids of values of
    ``CurrentFacts.statuses``. ``countries``: indices into ``codes``. All arrays are as long as
    ``ids``.
    """

    ids: Ints
    before: Ints
    after: Ints
    grants: Ints
    countries: Ints
    codes: Sequence[str]

    def only(self, places: Ints) -> "ComparedLicensees":
        """Those at these places."""
        return replace(
            self, ids=self.ids[places], before=self.before[places], after=self.after[places],
            grants=self.grants[places], countries=self.countries[places],
        )  # fmt: skip


@dataclass
class PartImpact:
    """The impact on some licensees. The arrays have one row for each affected licensee."""

    places: Ints  # of the affected among the licensees compared
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
    """Licensees that are alike, as one row of matrices by position; ``of`` gives each its row."""

    of: Ints
    counts: Ints
    was: NDArray[np.uint8]
    has: NDArray[np.bool_]
    names: NDArray[np.bool_]
    changes: NDArray[np.uint8]
    after: Ints  # the row of the sheet after

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
    licensees: ComparedLicensees,
    before: ReleaseSheets,
    after: ReleaseSheets,
    *,
    rule: str,
    granted: Callable[[Ints], NDArray[np.bool_]],
) -> PartImpact:
    """The impact on some licensees; licensees that are alike are sorted together.

    ``granted`` gives for ids of grants a row each, by position: which offerings were granted.
    """
    touched, kinds = _alike(licensees, before, after, rule, granted)
    group = kinds.group[kinds.of]
    affected = group != Group.NO_CHANGE
    moved = kinds.moved
    first = moved.argmax(axis=1) if moved.shape[1] else np.zeros(len(moved), "i8")
    part = PartImpact(
        places=touched[affected],
        groups=group[affected],
        positions=first[kinds.of][affected],
        granted=kinds.has.sum(axis=1)[kinds.of][affected],
    )
    _count(part, licensees)
    _count_entitlements(part, kinds)
    _count_unchanged(part, kinds)
    _ask(part, after, kinds)
    return part


def _alike(
    licensees: ComparedLicensees,
    before: ReleaseSheets,
    after: ReleaseSheets,
    rule: str,
    granted: Callable[[Ints], NDArray[np.bool_]],
) -> tuple[Ints, _Kinds]:
    """The licensees that the rule names or a change touches, by their places, and their kinds.

    1. For each pair of a sheet before and a sheet after: which outcomes differ, and whether the
       rule is named.
    2. Only for licensees of pairs where one or the other is so, read what they were granted.
    3. A kind is a pair together with what was granted.
    """
    key = before.rows.astype("i8") * max(len(after.sheets), 1) + after.rows
    distinct, pair = np.unique(key, return_inverse=True)
    row_before, row_after = np.divmod(distinct, max(len(after.sheets), 1))
    was, now = before.outcomes()[row_before], after.outcomes()[row_after]
    names = before.names(rule)[row_before] | after.names(rule)[row_after]
    changes = GROUPS[was, now]
    matters = ((changes != Group.NO_CHANGE) | names).any(axis=1)
    touched = np.flatnonzero(matters[pair])

    numbers, grant = np.unique(licensees.grants[touched], return_inverse=True)
    both = pair[touched].astype("i8") * max(len(numbers), 1) + grant
    kinds, of_, counts = np.unique(both, return_inverse=True, return_counts=True)
    pairs, grants = np.divmod(kinds, max(len(numbers), 1))
    has = granted(numbers)[grants]
    return touched, _Kinds(
        of=of_, counts=counts, was=was[pairs], has=has, names=names[pairs],
        changes=np.where(has, changes[pairs], np.array(Group.NO_CHANGE, "u1")),
        after=row_after[pairs],
    )  # fmt: skip


def _count(part: PartImpact, licensees: ComparedLicensees) -> None:
    """Licensees by group, and the affected by country."""
    size = Group.NO_CHANGE + 1
    cells = np.bincount(
        licensees.countries[part.places] * size + part.groups,
        minlength=len(licensees.codes) * size,
    ).reshape(-1, size)
    for group in Group:
        part.counts[group.key] = int(cells[:, group].sum())
    part.counts[Group.NO_CHANGE.key] = len(licensees.ids) - len(part.places)
    for code, row in zip(licensees.codes, cells, strict=True):
        counts = Counter({group.key: int(row[group]) for group in Group if row[group]})
        if counts:
            part.by_country[code] = counts


def _count_entitlements(part: PartImpact, kinds: _Kinds) -> None:
    moving = kinds.moved.sum(axis=1) * kinds.counts
    for group in Group:
        changing = int(moving[kinds.group == group].sum())
        if changing:
            part.entitlements[group.key] = changing


def _count_unchanged(part: PartImpact, kinds: _Kinds) -> None:
    """Licensees that the rule matches, and why nothing changes for some of them."""
    matches, of_granted = kinds.names.any(axis=1), (kinds.names & kinds.has).any(axis=1)
    same = kinds.group == Group.NO_CHANGE
    denied = of_granted & ~(kinds.names & kinds.has & (kinds.was != DENY)).any(axis=1)
    part.matched = int(kinds.counts[matches].sum())
    part.matched_not_granted = int(kinds.counts[same & matches & ~of_granted].sum())
    part.matched_denied = int(kinds.counts[same & denied].sum())


def _ask(part: PartImpact, after: ReleaseSheets, kinds: _Kinds) -> None:
    """For each missing fact: how many licensees can't be decided for lack of it."""
    open_ = kinds.moved & (kinds.group == Group.CANT_DECIDE)[:, None]
    for kind in np.flatnonzero(open_.any(axis=1)).tolist():
        numbers = set(after.sheets[kinds.after[kind]][open_[kind]].tolist())
        missing = {
            name
            for finding in filter(None, (after.findings[number] for number in numbers))
            for unknown in finding.verdict["undetermined"]
            for name in unknown["missing"]
        }
        part.ask_for.update(dict.fromkeys(missing, int(kinds.counts[kind])))
