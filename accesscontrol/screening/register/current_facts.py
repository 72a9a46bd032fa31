"""Keeps what is known of each licensee now as one narrow row of numbers.

The rows are made out of the dated facts, in the transaction that changes those, so that screening a
million licensees reads nothing else. The dated facts stay the truth: the nightly proof reads them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from accesscontrol import facts
from accesscontrol.ledger.canonical import NotCanonical, canonical_json
from accesscontrol.models import CurrentFacts, Offering, RestrictedList
from accesscontrol.screening.register import binary_copy, boundaries

BATCH = 5_000

# The attributes that have a column of their own.
COLUMNS = {
    "licensee.country": "country",
    "licensee.hq_country": "hq_country",
    "licensee.ultimate_parent_country": "ultimate_parent_country",
    "licensee.sector": "sector",
    "licensee.end_user_type": "end_user_type",
    "licensee.data_center_countries": "data_center_countries",
    "licensee.foreign_national_access": "foreign_national_access",
    "licensee.red_flags_open": "red_flags_open",
    "licensee.statements_on_file": "statements_on_file",
    "licensee.captured_by_ownership.ofac": "captured_ofac",
    "licensee.captured_by_ownership.bis_affiliates": "captured_bis_affiliates",
    "licensee.restricted_owner_share.ofac": "share_ofac",
    "licensee.restricted_owner_share.bis_affiliates": "share_bis_affiliates",
}
LIST_STATUS = "licensee.list_status."
LIST_CODES = ("clear", "possible", "confirmed")  # 1, 2, 3 in two bits; 0: absent
MOST_LISTS = 31
ID = "licensee.id"  # not in a row: the licensee has it

VALUES = (*COLUMNS.values(), "attested", "more", "statuses", "papers")  # ids of FactValue
STORED = (*VALUES, "lists")
TABLE = "accesscontrol_currentfacts"
SELECT_COUNTS = """
    SELECT (SELECT count(*) FROM accesscontrol_licensee
            WHERE id BETWEEN %(first)s AND %(last)s),
           (SELECT count(*) FROM accesscontrol_currentfacts
            WHERE licensee_id BETWEEN %(first)s AND %(last)s)
"""
SELECT_MISSING = """
    SELECT l.id FROM accesscontrol_licensee l
    WHERE l.id BETWEEN %(first)s AND %(last)s
      AND NOT EXISTS (SELECT FROM accesscontrol_currentfacts c WHERE c.licensee_id = l.id)
"""
Texts = dict[str, str]  # column → canonical JSON of its value


def is_attested(attribute: str) -> bool:
    """Whether the register has the attribute from attestations only."""
    return attribute.startswith(("user.", "request."))


def shift(list_id: int) -> int | None:
    """The place of a list's lower bit in ``lists``; None: its status is in ``more``."""
    return 2 * (list_id - 1) if 1 <= list_id <= MOST_LISTS else None


def refresh(licensees: Iterable[int], *, at: datetime) -> list[int]:
    """Write what is known of these licensees at ``at``, and the instants ahead when it changes.

    In the caller's transaction. Rows that say it already are not written. Returns the licensees
    whose rows said something else; those that had no row are not among them.
    """
    ids = sorted(set(licensees))
    differed: list[int] = []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        differed += _store(_known(batch, at))
        boundaries.of_licensees(batch, at=at)
    return differed


def lock(licensees: Iterable[int]) -> None:
    """Lock the rows until the transaction ends: of two changes at once the second sees the first.

    Without the lock, each could write a row that lacks what the other has learned.
    """
    rows = CurrentFacts.objects.filter(licensee__in=sorted(set(licensees))).order_by("licensee_id")
    list(rows.select_for_update().values_list("licensee_id", flat=True))


@dataclass(frozen=True)
class FilledRange:
    """How many licensees a range has, and those whose rows were missing."""

    licensees: int
    added: list[int]


def fill(first: int, last: int, *, at: datetime) -> FilledRange:
    """Write the rows that are missing in a range, so that no licensee is passed over.

    The database sees to it that each row is of one licensee: where there are as many rows as
    licensees, none is missing.
    """
    inside = {"first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(SELECT_COUNTS, inside)
        licensees, rows = cursor.fetchone()
        missing: list[int] = []
        if rows < licensees:
            cursor.execute(SELECT_MISSING, inside)
            missing = [row[0] for row in cursor.fetchall()]
    refresh(missing, at=at)
    return FilledRange(licensees, missing)


def text_of(value: Any) -> str:
    """A fact as text, also where it is outside its attribute's domain."""
    try:
        return canonical_json(value)
    except NotCanonical:
        return json.dumps(value, sort_keys=True)


# ---------------------------------------------------------------- from the dated facts


def _known(ids: Sequence[int], at: datetime) -> dict[int, tuple[Texts, int]]:
    """By licensee the texts by column, and its statuses on the lists as bits."""
    shifts = {
        LIST_STATUS + code: shift(pk)
        for pk, code in RestrictedList.objects.values_list("id", "code")
    }
    statuses = _statuses(ids, at)
    return {
        pk: _row(about, statuses.get(pk, {}), shifts)
        for pk, about in facts.about_licensees(ids, at=at).items()
    }


def _row(
    about: facts.Sourced, statuses: Mapping[str, str], shifts: Mapping[str, int | None]
) -> tuple[Texts, int]:
    texts: Texts = {}
    attested: dict[str, Any] = {}
    more: dict[str, Any] = {}
    lists = 0
    for attribute, value in about.facts.items():
        lowest_bit = shifts.get(attribute)
        if attribute in COLUMNS:
            texts[COLUMNS[attribute]] = text_of(value)
        elif lowest_bit is not None:
            lists |= (LIST_CODES.index(value) + 1) << lowest_bit
        elif is_attested(attribute):
            attested[attribute] = value
        elif attribute != ID:
            more[attribute] = value
    objects = {"attested": attested, "more": more, "statuses": statuses, "papers": _papers(about)}
    return texts | {name: text_of(each) for name, each in objects.items() if each}, lists


def _papers(about: facts.Sourced) -> dict[str, list[str]]:
    if not about.licenses and not about.dispositions:
        return {}
    return {
        "licenses": [each["number"] for each in about.licenses],
        "dispositions": [each["ref"] for each in about.dispositions],
    }


def _statuses(ids: Sequence[int], at: datetime) -> dict[int, dict[str, str]]:
    """By licensee, and by position of an offering that it was granted: active or held."""
    position = dict(Offering.objects.values_list("id", "position"))
    statuses: dict[int, dict[str, str]] = {}
    for (pk, offering), status in facts.entitlement_statuses(ids, known_at=at).items():
        statuses.setdefault(pk, {})[str(position[offering])] = status
    return statuses


# ---------------------------------------------------------------- into the database


def _store(rows: Mapping[int, tuple[Texts, int]]) -> list[int]:
    """Write the rows that differ; the licensees whose rows said something else, see refresh."""
    if not rows:
        return []
    value_id = _value_ids({text for texts, _ in rows.values() for text in texts.values()})
    ids = np.array(sorted(rows), "i8")
    known = np.zeros((len(ids), len(STORED)), "i8")
    for n, pk in enumerate(ids.tolist()):
        texts, known[n, -1] = rows[pk]
        known[n, :-1] = [value_id[texts[name]] if name in texts else 0 for name in VALUES]
    new, differ = _compared(ids, known)
    written = new | differ
    if written.any():
        _upsert(ids[written], known[written])
    return list(ids[differ].tolist())


def _value_ids(texts: set[str]) -> dict[str, int]:
    """The id of each value. New values are stored in order of their texts, so that two transactions
    that store the same ones wait for each other in one order.
    """
    known = _stored_ids(texts)
    new = sorted(texts - known.keys())
    if new:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accesscontrol_factvalue (text) SELECT unnest(%s::text[])"
                " ON CONFLICT DO NOTHING",
                [new],
            )
        known |= _stored_ids(set(new))
    return known


def _stored_ids(texts: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text, id FROM accesscontrol_factvalue WHERE text = ANY(%s::text[])",
            [list(texts)],
        )
        return dict(cursor.fetchall())


def _compared(ids: NDArray[Any], known: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Which licensees have no row yet, and which have one that says something else."""
    types = {"licensee_id": "i8"} | dict.fromkeys(VALUES, "i4") | {"lists": "i8"}
    stored = binary_copy.columns(
        f"FROM {TABLE} WHERE licensee_id = ANY(%(ids)s::bigint[])", types, {"ids": ids.tolist()}
    )
    new, differ = np.ones(len(ids), bool), np.zeros(len(ids), bool)
    places = np.searchsorted(ids, stored["licensee_id"])
    same = [stored[name] == known[places, n] for n, name in enumerate(STORED)]
    new[places] = False
    differ[places] = ~np.logical_and.reduce(same)
    return new, differ


def _upsert(ids: NDArray[Any], known: NDArray[Any]) -> None:
    arrays = ", ".join(["%s::bigint[]", *["%s::int[]"] * len(VALUES), "%s::bigint[]"])
    new = ", ".join(f"{name} = excluded.{name}" for name in STORED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (licensee_id, {', '.join(STORED)})"  # noqa: S608
            f" SELECT * FROM unnest({arrays}) ON CONFLICT (licensee_id) DO UPDATE SET {new}",
            [ids.tolist(), *known.T.tolist()],
        )
