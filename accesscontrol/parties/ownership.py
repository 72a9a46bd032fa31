"""Computes each licensee's capture by ownership, for each regime, and stores it as facts.

Confirmed owners always count. An owner that waits for its second person counts only where it makes
the capture stricter.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from accesscontrol.matching import ownership
from accesscontrol.models import Clearance, Fact, Licensee, Owner, OwnershipDeclaration
from accesscontrol.models.common import EVERYTHING
from accesscontrol.models.parties import answered_sql
from accesscontrol.parties.timeline import NewFact, put_facts

# For each regime, the lists whose parties capture (OFAC's 50 % rule; the BIS Affiliates Rule).
REGIME_LISTS: dict[str, tuple[str, ...]] = {
    "ofac": ("SDN",),
    "bis_affiliates": ("EL", "MEU", "SDN"),
}
_RANK = {True: 2, None: 1, False: 0}
SOURCE = "computed from the owners on record"

WITH_A_RECORD = """
    SELECT owned_id FROM accesscontrol_owner WHERE owned_id IS NOT NULL
    UNION SELECT licensee_id FROM accesscontrol_ownershipdeclaration
"""
# Outside parties with the exact name of a listed party, and licensees with an open match.
LISTED = f"""
    SELECT 'p' || o.id, 'confirmed' FROM accesscontrol_party o
    WHERE EXISTS (
        SELECT FROM accesscontrol_listedname n
        JOIN accesscontrol_listedparty p ON p.id = n.party_id AND p.last_version IS NULL
        JOIN accesscontrol_restrictedlist r ON r.id = p.restricted_list_id
        WHERE n.normalized = o.normalized_name AND r.code = ANY(%(lists)s))
    UNION
    SELECT 'l' || m.licensee_id, m.status FROM accesscontrol_match m
    JOIN accesscontrol_restrictedlist r ON r.id = m.restricted_list_id
    WHERE m.superseded_at IS NULL AND m.status <> 'clear' AND r.code = ANY(%(lists)s)
      AND NOT {answered_sql("m", at_sql="%(at)s::timestamptz", known_sql=EVERYTHING)}
"""  # noqa: S608


@dataclass(frozen=True)
class Holdings:
    """All owners on record at an instant. Keys are "l<id>" (licensee) and "p<id>" (party)."""

    confirmed: dict[str, list[ownership.Edge]]
    with_waiting: dict[str, list[ownership.Edge]]
    complete: frozenset[str]
    above: dict[str, list[str]]
    turns: dict[str, datetime]  # when an edge or declaration of the entity next begins or ends


def refresh_ownership(*, at: datetime, below: Iterable[int] | None = None) -> set[int]:
    """Recompute the ownership facts of licensees and return the ids of those that changed.

    Without ``below``, of all that have owners on record; with it, of these licensees and those that
    they own a part of, at any tier. Runs in the caller's transaction, whose verb records the event.
    """
    holdings = _holdings(at)
    wanted = set(_with_a_record()) if below is None else _all_below(below, holdings)
    computed = {regime: _captures(holdings, regime, at) for regime in REGIME_LISTS}
    stored = _stored(wanted, at)
    news = []
    for licensee in Licensee.objects.filter(pk__in=wanted):
        turn = _next_turn(f"l{licensee.pk}", holdings)
        for attribute, value in _attributes(licensee.pk, computed):
            until = None if value is None else turn
            before = stored.get((licensee.pk, attribute), (None, None))
            if before != (value, until):
                news.append(NewFact(licensee, attribute, value, SOURCE, at, until))
    put_facts(news, at=at)
    return {new.of.pk for new in news}


def _attributes(
    pk: int, computed: dict[str, dict[str, ownership.Capture]]
) -> Iterable[tuple[str, Any]]:
    for regime, captures in computed.items():
        capture = captures.get(f"l{pk}")
        yield f"licensee.captured_by_ownership.{regime}", capture and capture.captured
        yield f"licensee.restricted_owner_share.{regime}", capture and capture.restricted_share


def _captures(holdings: Holdings, regime: str, at: datetime) -> dict[str, ownership.Capture]:
    """The stricter answer with and without waiting owners. None where a possible match decides."""
    sure, perhaps = _listed(regime, at)
    answers = [
        ownership.captured(listed, edges, holdings.complete)
        for listed in (sure, sure | perhaps)
        for edges in (holdings.confirmed, holdings.with_waiting)
    ]
    return {key: _strictest([answer.get(key) for answer in answers]) for key in answers[1]}


def _strictest(readings: list[ownership.Capture | None]) -> ownership.Capture:
    """Readings: confirmed and waiting edges with sure hits, then the same with possible hits."""
    confirmed, waiting, confirmed_perhaps, waiting_perhaps = readings
    best = _stricter(confirmed, waiting)
    widest = _stricter(confirmed_perhaps, waiting_perhaps)
    if (best.captured, best.restricted_share) == (widest.captured, widest.restricted_share):
        return best
    return ownership.Capture(
        captured=best.captured if best.captured == widest.captured else None,
        restricted_share=None,
        red_flag=best.red_flag or widest.red_flag,
        at_least=best.at_least,
        at_most=max(best.at_most, widest.at_most),
        parts=widest.parts,
    )


def _stricter(
    confirmed: ownership.Capture | None, waiting: ownership.Capture | None
) -> ownership.Capture:
    if confirmed is None or waiting is None:
        only = confirmed or waiting
        assert only is not None
        return only
    return max(confirmed, waiting, key=lambda reading: (_RANK[reading.captured], reading.at_least))


def _holdings(at: datetime) -> Holdings:
    """Read all edges at once. Any licensee can have owners that are not on record."""
    known = Owner.objects.on_record(at)
    valid = list(known.filter(valid__contains=at).order_by("id"))
    everyone = [f"l{pk}" for pk in _with_a_record()]
    complete = OwnershipDeclaration.objects.at(at).confirmed()
    declared = {f"l{pk}" for pk in complete.values_list("licensee_id", flat=True)}
    confirmed = _edges([edge for edge in valid if edge.confirmed_at is not None], everyone)
    parties = {key for key in confirmed if key.startswith("p")}
    # A licensee's declaration covers the tree above it up to the next licensee.
    covered = {key for top in declared for key in _tree(top, confirmed) if key in parties}
    with_waiting = _edges(valid, everyone)
    above = {owned: [owner for owner, _ in edges] for owned, edges in with_waiting.items()}
    return Holdings(
        confirmed, with_waiting, frozenset(declared | covered), above, _turns(known, at)
    )


def _turns(known: QuerySet[Owner], at: datetime) -> dict[str, datetime]:
    """When each entity's edges, declarations and clearances next begin or end.

    An ownership fact ends then: it is absent until it is recomputed.
    """
    dated = [
        (f"l{row.owned_id}" if row.owned_id else f"p{row.owned_party_id}", row.valid)
        for row in known.exclude(valid__endswith=None, valid__startswith__lte=at)
    ]
    declarations = OwnershipDeclaration.objects.on_record()
    dated += [(f"l{row.licensee_id}", row.valid) for row in declarations]
    clearances = Clearance.objects.counting().filter(match__superseded_at=None)
    periods = clearances.values_list("match__licensee_id", "valid")
    dated += [(f"l{pk}", valid) for pk, valid in periods]
    turns: dict[str, datetime] = {}
    for key, valid in dated:
        for turn in (valid.lower, valid.upper):
            if turn is not None and turn > at:
                turns[key] = min(turn, turns.get(key, turn))
    return turns


def _next_turn(top: str, holdings: Holdings) -> datetime | None:
    reached = _reach([top], holdings.above)
    return min((holdings.turns[key] for key in reached if key in holdings.turns), default=None)


def _edges(edges: Iterable[Owner], everyone: Iterable[str]) -> dict[str, list[ownership.Edge]]:
    owners: dict[str, list[ownership.Edge]] = {key: [] for key in everyone}
    for edge in edges:
        owned = f"l{edge.owned_id}" if edge.owned_id else f"p{edge.owned_party_id}"
        owner = (
            f"l{edge.owner_licensee_id}" if edge.owner_licensee_id else f"p{edge.owner_party_id}"
        )
        owners.setdefault(owned, []).append((owner, edge.share_bp))
        if edge.owner_licensee_id:
            owners.setdefault(owner, [])
    return owners


def _with_a_record() -> list[int]:
    """Ids of licensees of which an owner or a declaration was ever recorded."""
    with connection.cursor() as cursor:
        cursor.execute(WITH_A_RECORD)
        return [row[0] for row in cursor.fetchall()]


def _listed(regime: str, at: datetime) -> tuple[set[str], set[str]]:
    """Keys of listed entities: the sure ones, and licensees that are only possible matches."""
    with connection.cursor() as cursor:
        cursor.execute(LISTED, {"lists": list(REGIME_LISTS[regime]), "at": at})
        rows = cursor.fetchall()
    sure = {key for key, status in rows if status == "confirmed"}
    return sure, {key for key, _ in rows} - sure


def _all_below(licensees: Iterable[int], holdings: Holdings) -> set[int]:
    owned_by: dict[str, list[str]] = {}
    for owned, edges in holdings.with_waiting.items():
        for owner, _ in edges:
            owned_by.setdefault(owner, []).append(owned)
    reached = _reach((f"l{pk}" for pk in licensees), owned_by)
    return {int(key[1:]) for key in reached if key.startswith("l")}


def _tree(top: str, owners: dict[str, list[ownership.Edge]]) -> list[str]:
    """The entity with the outside parties and licensees above it; a licensee ends its branch."""
    above = {
        owned: [owner for owner, _ in edges]
        for owned, edges in owners.items()
        if owned == top or owned.startswith("p")
    }
    return _reach([top], above)


def _reach(start: Iterable[str], steps: dict[str, list[str]]) -> list[str]:
    reached: dict[str, None] = {}
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached[key] = None
            waiting.extend(steps.get(key, ()))
    return list(reached)


def _stored(licensees: Collection[int], at: datetime) -> dict[tuple[int, str], tuple[Any, Any]]:
    """(licensee, attribute) → the value at ``at`` and the instant at which it ends."""
    rows = Fact.objects.filter(
        Q(attribute__startswith="licensee.captured_by_ownership.")
        | Q(attribute__startswith="licensee.restricted_owner_share."),
        licensee__in=licensees,
        superseded_at=None,
        held__contains=at,
    )
    return {
        (row.licensee_id, row.attribute): (row.value, row.held.upper)
        for row in rows
        if row.licensee_id is not None
    }
