"""Stores whom a preview affects, in one binary COPY, and sums up who that is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from accesscontrol.models import AffectedLicensee, Group, Preview
from accesscontrol.screening.preview import impact
from accesscontrol.screening.preview.impact import Impact, Ints, Judged
from accesscontrol.screening.register import binary_copy

TABLE = "accesscontrol_affectedlicensee"
TYPES = {
    "preview_id": ">i8", "licensee_id": ">i8", '"group"': ">i2", "before_id": ">i4",
    "after_id": ">i4", "position": ">i4", "granted": ">i4",
}  # fmt: skip
COUNTRY = "country"

DIGEST = """
    SELECT encode(sha256(coalesce(string_agg(
        int8send(licensee_id) || substr(int2send("group"), 2), ''::bytea ORDER BY licensee_id
    ), ''::bytea)), 'hex')
    FROM accesscontrol_affectedlicensee WHERE preview_id = %s
"""


def store(preview: Preview, judged: Judged, found: Impact, *, before: Ints, after: Ints) -> None:
    """Append the affected licensees; ``before`` and ``after`` are their sheets' numbers."""
    whom = judged.only(found.rows)
    columns = {
        "preview_id": np.full(len(whom.ids), preview.pk),
        "licensee_id": whom.ids,
        '"group"': found.groups,
        "before_id": before,
        "after_id": after,
        "position": found.positions,
        "granted": found.granted,
    }
    countries = np.array([code.encode() for code in whom.codes] or [b""], "S2")[whom.countries]
    for known in (True, False):
        rows = (countries != impact.UNKNOWN.encode()) == known
        if rows.any():
            _copy({n: each[rows] for n, each in columns.items()}, countries[rows], known=known)


def _copy(columns: dict[str, Ints], countries: Any, *, known: bool) -> None:
    """A text is as long as it is: rows with a country and rows without differ in their layout."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, type_ in TYPES.items():
        parts += [(f"{name} length", ">i4"), (name, type_)]
    parts += [("country length", ">i4"), *([(COUNTRY, "S2")] if known else [])]
    packed = np.zeros(len(countries), np.dtype(parts))
    packed["fields"] = len(TYPES) + 1
    for name in TYPES:
        packed[f"{name} length"] = packed.dtype[name].itemsize
        packed[name] = columns[name]
    if known:
        packed["country length"], packed[COUNTRY] = 2, countries
    binary_copy.insert_binary(TABLE, [*TYPES, COUNTRY], [packed.tobytes()])


def leave_open(preview: Preview, failed: Sequence[int]) -> None:
    """Whoever could not be judged can't be decided, and is named."""
    if not failed:
        return
    AffectedLicensee.objects.bulk_create(
        AffectedLicensee(
            preview=preview, licensee_id=pk, group=Group.CANT_DECIDE, position=0, granted=0
        )
        for pk in failed
    )
    key = Group.CANT_DECIDE.key
    preview.not_evaluated = [*preview.not_evaluated, *failed]
    preview.cant_decide += len(failed)
    here = preview.by_country.setdefault(impact.UNKNOWN, {})
    here[key] = here.get(key, 0) + len(failed)


def digest(preview: Preview) -> str:
    """SHA-256 over who is affected and how, as AffectedLicensee says."""
    with connection.cursor() as cursor:
        cursor.execute(DIGEST, [preview.pk])
        found: str = cursor.fetchone()[0]
    return found
