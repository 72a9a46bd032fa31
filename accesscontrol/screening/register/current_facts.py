"""Keeps what is known of each licensee now as one narrow row of numbers, out of the dated facts.

The rows are written in the transaction that changes what they say, so that screening a million
licensees reads nothing else. The dated facts stay the truth, and the nightly proof reads those.
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
ID = "licensee.id"  # stands in the register itself

VALUES = (*COLUMNS.values(), "attested", "more", "statuses", "papers")  # ids of FactValue
STORED = (*VALUES, "lists")
TABLE = "accesscontrol_currentfacts"
COUNTED = """
    SELECT (SELECT count(*) FROM accesscontrol_licensee
            WHERE id BETWEEN %(first)s AND %(last)s),
           (SELECT count(*) FROM accesscontrol_currentfacts
            WHERE licensee_id BETWEEN %(first)s AND %(last)s)
"""
MISSING = """
    SELECT l.id FROM accesscontrol_licensee l
    WHERE l.id BETWEEN %(first)s AND %(last)s
      AND NOT EXISTS (SELECT FROM accesscontrol_currentfacts c WHERE c.licensee_id = l.id)
"""
Texts = dict[str, str]  # column → canonical JSON of its value


def is_attested(attribute: str) -> bool:
    """Whether only an attestation can say it in the register."""
    return attribute.startswith(("user.", "request."))


def shift(list_id: int) -> int | None:
    """How far to the left a list's two bits stand in ``lists``; None: its status is in ``more``."""
    return 2 * (list_id - 1) if 1 <= list_id <= MOST_LISTS else None


def refresh(licensees: Iterable[int], *, at: datetime) -> list[int]:
    """Write what is known of these licensees at ``at``, and the instants ahead when it changes.

    In the caller's transaction; rows that say it already are not touched. Returns whose rows said
    something else.
    """
    ids = sorted(set(licensees))
    differed: list[int] = []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        differed += _store(_rows(batch, at))
        boundaries.of_licensees(batch, at=at)
    return differed


def hold(licensees: Iterable[int]) -> None:
    """Lock the rows until the transaction ends: of two changes at once the second sees the first.

    Without it, each could write a row that lacks what the other has learned.
    """
    rows = CurrentFacts.objects.filter(licensee__in=sorted(set(licensees))).order_by("licensee_id")
    list(rows.select_for_update().values_list("licensee_id", flat=True))


@dataclass(frozen=True)
class Filled:
    """How many licensees a range has, and whose rows were missing in it."""

    licensees: int
    added: list[int]


def fill(first: int, last: int, *, at: datetime) -> Filled:
    """Write the rows that are missing of a range, so that nobody is passed over.

    Each row is of one licensee, which the database sees to: where there are as many rows as
    licensees, none is missing.
    """
    inside = {"first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, inside)
        licensees, rows = cursor.fetchone()
        missing: list[int] = []
        if rows < licensees:
            cursor.execute(MISSING, inside)
            missing = [row[0] for row in cursor.fetchall()]
    refresh(missing, at=at)
    return Filled(licensees, missing)


def text_of(value: Any) -> str:
    """A fact as the text that stands for it, also where it is outside every domain."""
    try:
        return canonical_json(value)
    except NotCanonical:
        return json.dumps(value, sort_keys=True)


# ---------------------------------------------------------------- from the truth


def _rows(ids: Sequence[int], at: datetime) -> dict[int, tuple[Texts, int]]:
    """Per licensee the texts by column, and its statuses on the lists as bits."""
    shifts = {
        LIST_STATUS + code: shift(pk)
        for pk, code in RestrictedList.objects.values_list("id", "code")
    }
    held = _statuses(ids, at)
    return {
        pk: _row(about, held.get(pk, {}), shifts)
        for pk, about in facts.about_licensees(ids, at=at).items()
    }


def _row(
    about: facts.Sourced, held: Mapping[str, str], shifts: Mapping[str, int | None]
) -> tuple[Texts, int]:
    texts: Texts = {}
    attested: dict[str, Any] = {}
    more: dict[str, Any] = {}
    lists = 0
    for attribute, value in about.facts.items():
        place = shifts.get(attribute)
        if attribute in COLUMNS:
            texts[COLUMNS[attribute]] = text_of(value)
        elif place is not None:
            lists |= (LIST_CODES.index(value) + 1) << place
        elif is_attested(attribute):
            attested[attribute] = value
        elif attribute != ID:
            more[attribute] = value
    objects = {"attested": attested, "more": more, "statuses": held, "papers": _papers(about)}
    return texts | {name: text_of(each) for name, each in objects.items() if each}, lists


def _papers(about: facts.Sourced) -> dict[str, list[str]]:
    if not about.licenses and not about.dispositions:
        return {}
    return {
        "licenses": [each["number"] for each in about.licenses],
        "dispositions": [each["ref"] for each in about.dispositions],
    }


def _statuses(ids: Sequence[int], at: datetime) -> dict[int, dict[str, str]]:
    """licensee id → position of a granted offering → active or held."""
    position = dict(Offering.objects.values_list("id", "position"))
    statuses: dict[int, dict[str, str]] = {}
    for (pk, offering), status in facts.entitlement_statuses(ids, known_at=at).items():
        statuses.setdefault(pk, {})[str(position[offering])] = status
    return statuses


# ---------------------------------------------------------------- into the rows


def _store(rows: Mapping[int, tuple[Texts, int]]) -> list[int]:
    """Returns whose rows said something else; who had none is not among them."""
    if not rows:
        return []
    value = _interned({text for texts, _ in rows.values() for text in texts.values()})
    ids = np.array(sorted(rows), "i8")
    told = np.zeros((len(ids), len(STORED)), "i8")
    for n, pk in enumerate(ids.tolist()):
        texts, told[n, -1] = rows[pk]
        told[n, :-1] = [value[texts[name]] if name in texts else 0 for name in VALUES]
    new, differ = _compared(ids, told)
    fresh = new | differ
    if fresh.any():
        _upsert(ids[fresh], told[fresh])
    return list(ids[differ].tolist())


def _interned(texts: set[str]) -> dict[str, int]:
    """The numbers of these values; those never seen before are given one, in one order for all."""
    known = _numbers(texts)
    new = sorted(texts - known.keys())
    if new:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accesscontrol_factvalue (text) SELECT unnest(%s::text[])"
                " ON CONFLICT DO NOTHING",
                [new],
            )
        known |= _numbers(set(new))
    return known


def _numbers(texts: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text, id FROM accesscontrol_factvalue WHERE text = ANY(%s::text[])",
            [list(texts)],
        )
        return dict(cursor.fetchall())


def _compared(ids: NDArray[Any], told: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Which licensees have no row yet, and which one that says something else."""
    types = {"licensee_id": "i8"} | dict.fromkeys(VALUES, "i4") | {"lists": "i8"}
    stored = binary_copy.columns(
        f"FROM {TABLE} WHERE licensee_id = ANY(%(ids)s::bigint[])", types, {"ids": ids.tolist()}
    )
    new, differ = np.ones(len(ids), bool), np.zeros(len(ids), bool)
    at = np.searchsorted(ids, stored["licensee_id"])
    same = [stored[name] == told[at, n] for n, name in enumerate(STORED)]
    new[at] = False
    differ[at] = ~np.logical_and.reduce(same)
    return new, differ


def _upsert(ids: NDArray[Any], told: NDArray[Any]) -> None:
    arrays = ", ".join(["%s::bigint[]", *["%s::int[]"] * len(VALUES), "%s::bigint[]"])
    new = ", ".join(f"{name} = excluded.{name}" for name in STORED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (licensee_id, {', '.join(STORED)})"  # noqa: S608
            f" SELECT * FROM unnest({arrays}) ON CONFLICT (licensee_id) DO UPDATE SET {new}",
            [ids.tolist(), *told.T.tolist()],
        )
