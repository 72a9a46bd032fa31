"""Stores the licensees that a preview affects, in one binary COPY, and their digest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from accesscontrol.models import AffectedLicensee, Group, Preview
from accesscontrol.screening.preview import impact
from accesscontrol.screening.preview.impact import ComparedLicensees, Ints, PartImpact
from accesscontrol.screening.register import binary_copy

TABLE = "accesscontrol_affectedlicensee"
TYPES = {
    "preview_id": ">i8", "licensee_id": ">i8", '"group"': ">i2", "before_id": ">i4",
    "after_id": ">i4", "position": ">i4", "granted": ">i4",
}  # fmt: skip
COUNTRY = "country"

SELECT_DIGEST = """
    SELECT encode(sha256(coalesce(string_agg(
        int8send(licensee_id) || substr(int2send("group"), 2), ''::bytea ORDER BY licensee_id
    ), ''::bytea)), 'hex')
    FROM accesscontrol_affectedlicensee WHERE preview_id = %s
"""


def store(
    preview: Preview,
    licensees: ComparedLicensees,
    part: PartImpact,
    *,
    before: Ints,
    after: Ints,
) -> None:
    """Append the affected licensees; ``before`` and ``after`` are the ids of their sheets."""
    affected = licensees.only(part.places)
    columns = {
        "preview_id": np.full(len(affected.ids), preview.pk),
        "licensee_id": affected.ids,
        '"group"': part.groups,
        "before_id": before,
        "after_id": after,
        "position": part.positions,
        "granted": part.granted,
    }
    codes = np.array([code.encode() for code in affected.codes] or [b""], "S2")
    countries = codes[affected.countries]
    for known in (True, False):
        rows = (countries != impact.UNKNOWN.encode()) == known
        if rows.any():
            _copy({n: each[rows] for n, each in columns.items()}, countries[rows], known=known)


def _copy(columns: dict[str, Ints], countries: Any, *, known: bool) -> None:
    """Rows with a country and rows without one differ in length, and so in their layout."""
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
    """Store the licensees that could not be judged: they can't be decided, and are named."""
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
    """SHA-256 over the affected licensees and their groups, as AffectedLicensee defines it."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_DIGEST, [preview.pk])
        digest_: str = cursor.fetchone()[0]
    return digest_
