"""Gives findings and sheets their numbers in the database, each stored once, equality checked."""

import json
from collections.abc import Collection, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from accesscontrol.ledger.canonical import canonical_json
from accesscontrol.models import Finding
from accesscontrol.screening import copying
from accesscontrol.screening.evaluating import Evaluator
from accesscontrol.screening.judging import Answers, Found

Numbers = NDArray[Any]
INT4 = 23  # PostgreSQL's type of an array's elements

TOLD = "CREATE TEMPORARY TABLE eg_sheet (n int, digest text, findings int[]) ON COMMIT DROP"
FORGET = "DROP TABLE IF EXISTS eg_sheet"
# In order of digest, as everybody does: two workers that store the same ones wait, and no circle.
STORE = """
    INSERT INTO accesscontrol_sheet (digest, findings)
    SELECT digest, findings FROM eg_sheet t
    WHERE NOT EXISTS (SELECT FROM accesscontrol_sheet s WHERE s.digest = t.digest)
    ORDER BY digest ON CONFLICT DO NOTHING
"""
FOUND = """
    SELECT t.n, s.id, s.findings = t.findings
    FROM eg_sheet t JOIN accesscontrol_sheet s ON s.digest = t.digest
"""


class DigestCollision(Exception):
    """Two different findings or sheets have one digest: nothing may be stored under it."""


def sheet_ids(evaluator: Evaluator, used: Numbers) -> Numbers:
    """The database's numbers of an evaluator's sheets, by index; 0 for those not ``used``.

    A number is remembered once its transaction has committed: nothing stored is ever changed.
    """
    known = _kept(evaluator, "sheets", len(evaluator.sheets))
    new = used[known[used] == 0]
    if len(new):
        sheets = np.array([evaluator.sheets[n] for n in new], "i4")
        known[new] = _intern_sheets(_finding_ids(evaluator, sheets)[sheets])
        _keep(evaluator, "sheets", known)
    return known


def of_answers(answers: Collection[Answers]) -> dict[Answers, int]:
    """The database's numbers of sheets that were judged one by one."""
    sheets = list(answers)
    if not sheets:
        return {}
    found = list({each.digest: each for sheet in sheets for each in sheet if each}.values())
    number = dict(zip([each.digest for each in found], _intern_findings(found), strict=True))
    rows = np.array([[number[f.digest] if f else 0 for f in sheet] for sheet in sheets], "i8")
    return dict(zip(sheets, _intern_sheets(rows).tolist(), strict=True))


def _finding_ids(evaluator: Evaluator, used: Numbers) -> Numbers:
    known = _kept(evaluator, "findings", len(evaluator.findings))
    wanted = np.zeros(len(known), bool)
    wanted[used.reshape(-1)] = True
    wanted[0] = False  # index 0: no offering stands there
    new = np.flatnonzero(wanted & (known == 0)).tolist()
    if new:
        known[new] = _intern_findings([found for n in new if (found := evaluator.findings[n])])
        _keep(evaluator, "findings", known)
    return known


def _kept(evaluator: Evaluator, name: str, length: int) -> Numbers:
    kept = evaluator.kept.get(name, np.zeros(0, "i8"))
    return np.append(kept, np.zeros(length - len(kept), "i8"))


def _keep(evaluator: Evaluator, name: str, numbers: Numbers) -> None:
    transaction.on_commit(partial(evaluator.kept.__setitem__, name, numbers))


def _intern_findings(found: Sequence[Found]) -> list[int]:
    """Those not stored yet are inserted in one ordered statement."""
    Finding.objects.bulk_create(
        (
            Finding(digest=each.digest, outcome=each.outcome, verdict=json.loads(each.text))
            for each in sorted(found, key=lambda each: each.digest)
        ),
        ignore_conflicts=True,
    )
    stored = {
        row.digest: row for row in Finding.objects.filter(digest__in=[f.digest for f in found])
    }
    for each in found:
        if canonical_json(stored[each.digest].verdict) != each.text:
            raise DigestCollision(f"finding {stored[each.digest].pk}")
    return [stored[each.digest].pk for each in found]


def _intern_sheets(rows: Numbers) -> Numbers:
    """``rows``: (sheets, positions) numbers of findings in the database, 0 for none."""
    wire = rows.astype(">i4")
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(TOLD)
        copying.insert_binary("eg_sheet", ("n", "digest", "findings"), _binary(wire))
        cursor.execute("ANALYZE eg_sheet")
        cursor.execute(STORE)
        cursor.execute(FOUND)
        ids = np.zeros(len(rows), "i8")
        for n, pk, equal in cursor.fetchall():
            if not equal:
                raise DigestCollision(f"sheet {pk}")
            ids[n] = pk
        cursor.execute(FORGET)
    return ids


def _binary(wire: Numbers) -> bytes:
    """Rows of (index, digest, findings) as COPY reads them."""
    count, width = wire.shape
    packed = np.zeros(
        count,
        np.dtype([
            ("fields", ">i2"), ("n length", ">i4"), ("n", ">i4"), ("digest length", ">i4"),
            ("digest", "S64"), ("length", ">i4"), ("head", ">i4", (5 if width else 3,)),
            ("findings", [("length", ">i4"), ("value", ">i4")], (width,)),
        ]),
    )  # fmt: skip
    packed["fields"], packed["n length"], packed["digest length"] = 3, 4, 64
    packed["n"] = np.arange(count)
    packed["digest"] = [sha256(row.tobytes()).hexdigest().encode() for row in wire]
    packed["head"] = [1, 0, INT4, width, 1] if width else [0, 0, INT4]
    packed["length"] = packed.dtype["head"].itemsize + packed.dtype["findings"].itemsize
    packed["findings"]["length"] = 4
    packed["findings"]["value"] = wire
    return packed.tobytes()
