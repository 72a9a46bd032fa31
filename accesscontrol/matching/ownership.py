"""Whether listed parties capture an entity by owning it (OFAC 50 % rule, BIS Affiliates Rule).

An entity is captured if listed or captured owners together own at least half of it. A captured
owner counts with its whole stake at the next tier; shares are never multiplied along a chain.
Circular ownership ends at the least fixed point: entities do not capture each other without a
listed party behind them.

An unknown answer stays unknown. The same edges are solved twice: once with only the restricted
owners on record, once with every unknown share and every owner not on record as restricted as the
numbers allow. If both agree, the answer is known.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

HALF = 5_000
WHOLE = 10_000

Edge = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One owner's part in the arithmetic. ``restricted`` is None if it is not known."""

    owner: str
    share_bp: int | None
    listed: bool
    restricted: bool | None


@dataclass(frozen=True, slots=True)
class Capture:
    """The result for one entity, from its owners on record. Shares are in basis points.

    ``captured`` and ``restricted_share`` are None if the record leaves them open. The share is
    between ``at_least`` and ``at_most``. ``red_flag``: a restricted owner is on record and the
    entity is not certainly captured (red flag 29 of 15 CFR 732 Supp. 3).
    """

    captured: bool | None
    restricted_share: int | None
    red_flag: bool
    at_least: int
    at_most: int
    parts: tuple[Part, ...]


def captured(
    listed: Collection[str],
    owners: Mapping[str, Sequence[Edge]],
    complete: Collection[str],
) -> dict[str, Capture]:
    """The capture of every entity named, for the parties listed under one regime.

    ``owners``: the owners on record of each entity that could have any. An owner that is no key of
    it ends its chain, and is restricted only if listed. ``complete``: the entities whose owners on
    record are declared to be all of them.
    """
    sure = _fixed_point(owners, lambda entity, bad: _least(owners[entity], bad), listed)
    possible = _fixed_point(
        owners, lambda entity, bad: _most(owners[entity], bad, entity in complete), listed
    )
    named = _named(listed, owners, complete)
    ended = {entity for entity in named if entity not in owners}.union(complete)
    return {
        entity: _capture(owners.get(entity, ()), entity in ended, frozenset(listed), sure, possible)
        for entity in named
    }


def arithmetic(capture: Capture, names: Mapping[str, str] | None = None) -> str:
    """The sum in words: "X 30 % (listed) + Y 25 % (captured) = 55 %: captured"."""
    counted = [part for part in capture.parts if part.restricted is not False]
    if not counted:
        return "No restricted owner on record: " + _conclusion(capture)
    terms = " + ".join(_term(part, names or {}) for part in counted)
    return f"{terms} = {_total(capture)}: {_conclusion(capture)}"


def percent(share_bp: int) -> str:
    """Basis points as a percentage without needless zeros: 4990 is "49.9 %"."""
    whole, rest = divmod(share_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + " %" if rest else f"{whole} %"


def _named(
    listed: Iterable[str], owners: Mapping[str, Sequence[Edge]], complete: Iterable[str]
) -> list[str]:
    owning = (owner for edges in owners.values() for owner, _ in edges)
    return list(dict.fromkeys([*owners, *owning, *listed, *complete]))


def _fixed_point(
    owners: Mapping[str, Sequence[Edge]],
    share: Callable[[str, Collection[str]], int],
    listed: Collection[str],
) -> set[str]:
    """The listed parties and the least set of entities that ``share(entity, restricted)`` captures.

    An entity that becomes restricted puts the entities that it owns back into the queue.
    """
    restricted = set(listed)
    owned_by = _owned_by(owners)
    waiting = deque(owners)
    while waiting:
        entity = waiting.popleft()
        if entity not in restricted and share(entity, restricted) >= HALF:
            restricted.add(entity)
            waiting.extend(owned_by.get(entity, ()))
    return restricted


def _owned_by(owners: Mapping[str, Sequence[Edge]]) -> dict[str, list[str]]:
    owned_by: dict[str, list[str]] = {}
    for owned, edges in owners.items():
        for owner, _ in edges:
            owned_by.setdefault(owner, []).append(owned)
    return owned_by


def _least(edges: Sequence[Edge], restricted: Collection[str]) -> int:
    """The share that restricted owners certainly own."""
    return sum(share or 0 for owner, share in edges if owner in restricted)


def _most(edges: Sequence[Edge], restricted: Collection[str], complete: bool) -> int:
    """The most that restricted owners can own: a share without a known owner may be theirs."""
    known = sum(share or 0 for _, share in edges)
    rest_is_open = not complete or any(s is None and o in restricted for o, s in edges)
    return _least(edges, restricted) + (max(0, WHOLE - known) if rest_is_open else 0)


def _capture(
    edges: Sequence[Edge],
    complete: bool,
    listed: frozenset[str],
    sure: Collection[str],
    possible: Collection[str],
) -> Capture:
    low, high = _least(edges, sure), _most(edges, possible, complete)
    answer = True if low >= HALF else False if high < HALF else None
    flagged = any(owner in sure and share != 0 for owner, share in edges)
    return Capture(
        captured=answer,
        restricted_share=low if low == high else None,
        red_flag=answer is not True and flagged,
        at_least=low,
        at_most=high,
        parts=tuple(_part(edge, listed, sure, possible) for edge in edges),
    )


def _part(
    edge: Edge, listed: frozenset[str], sure: Collection[str], possible: Collection[str]
) -> Part:
    owner, share = edge
    restricted = True if owner in sure else None if owner in possible else False
    return Part(owner, share, owner in listed, restricted)


def _term(part: Part, names: Mapping[str, str]) -> str:
    share = "unknown share" if part.share_bp is None else percent(part.share_bp)
    why = "listed" if part.listed else "captured" if part.restricted else "its owners are not known"
    return f"{names.get(part.owner, part.owner)} {share} ({why})"


def _total(capture: Capture) -> str:
    if capture.at_least == capture.at_most:
        return percent(capture.at_least)
    return f"between {percent(capture.at_least)} and {percent(min(capture.at_most, WHOLE))}"


def _conclusion(capture: Capture) -> str:
    if capture.captured:
        return "captured, at least 50 %"
    return "not known" if capture.captured is None else "not captured, below 50 %"
