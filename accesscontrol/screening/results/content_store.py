"""Stores each distinct finding and sheet once and returns its id.

Rows of equal digest are compared. A process remembers by digest what it has found stored: each
chunk, and each release's evaluator, meets mostly findings and sheets that others met before.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from accesscontrol.screening.judge.evaluators import Evaluator
from accesscontrol.screening.judge.finding_text import FindingText
from accesscontrol.screening.register import binary_copy, process_cache
from accesscontrol.screening.register.process_cache import ContentCache

Numbers = NDArray[Any]
INT4 = 23  # PostgreSQL's type of an array's elements
AT_ONCE = 4_096  # sheets that are packed at a time


class ContentTable(NamedTuple):
    """A table of content by digest, and its other columns."""

    name: str
    types: dict[str, str]

    @property
    def columns(self) -> str:
        return ", ".join(self.types)


FINDING = ContentTable("finding", {"outcome": "text", "verdict": "jsonb"})
SHEET = ContentTable("sheet", {"findings": "int[]"})

DROP_GIVEN = "DROP TABLE IF EXISTS eg_{name}"
CREATE_GIVEN = "CREATE TEMPORARY TABLE eg_{name} (n int, digest text, {typed}) ON COMMIT DROP"
# In order of digest: two workers that store the same rows then wait in one order, and never for
# each other.
INSERT_NEW = """
    INSERT INTO accesscontrol_{name} (digest, {columns})
    SELECT digest, {columns} FROM eg_{name} t
    WHERE NOT EXISTS (SELECT FROM accesscontrol_{name} s WHERE s.digest = t.digest)
    ORDER BY digest ON CONFLICT DO NOTHING
"""
SELECT_STORED = """
    SELECT t.n, s.id, ({given}) = ({stored})
    FROM eg_{name} t JOIN accesscontrol_{name} s ON s.digest = t.digest
"""


class DigestCollision(Exception):
    """Two different findings or sheets have one digest, so that the second cannot be stored."""


def sheet_ids(evaluator: Evaluator, used: Numbers) -> Numbers:
    """The ids of an evaluator's sheets, by index; 0 for those that are not ``used``.

    1. Take the ids that the evaluator has already.
    2. Of the others store the findings, then the sheets, those that the process does not know.
    3. Once the transaction has committed, evaluator and process remember the ids: no stored row is
       ever changed.
    """
    cache = process_cache.of_database()
    name = f"sheets of {cache.database}"
    ids = _known_ids(evaluator, name, len(evaluator.sheets))
    new = used[ids[used] == 0]
    if len(new):
        sheets = evaluator.sheets[new]
        ids[new] = _store_sheets(_finding_ids(evaluator, cache, sheets)[sheets], cache)
        _remember(evaluator, name, ids)
    return ids


def _finding_ids(evaluator: Evaluator, cache: ContentCache, used: Numbers) -> Numbers:
    """The ids of an evaluator's findings, by index; 0 for those that are not ``used``."""
    name = f"findings of {cache.database}"
    ids = _known_ids(evaluator, name, len(evaluator.findings))
    wanted = np.zeros(len(ids), bool)
    wanted[used.reshape(-1)] = True
    wanted[0] = False  # index 0: there is no offering at the position
    new = np.flatnonzero(wanted & (ids == 0)).tolist()
    if new:
        findings = [each for n in new if (each := evaluator.findings[n])]
        ids[new] = _store_findings(findings, cache)
        _remember(evaluator, name, ids)
    return ids


def _known_ids(evaluator: Evaluator, name: str, length: int) -> Numbers:
    known = evaluator.stored_ids.get(name, np.zeros(0, "i8"))
    return np.append(known, np.zeros(length - len(known), "i8"))


def _remember(evaluator: Evaluator, name: str, ids: Numbers) -> None:
    transaction.on_commit(partial(evaluator.stored_ids.__setitem__, name, ids))


def _store_findings(findings: Sequence[FindingText], cache: ContentCache) -> list[int]:
    ids = [cache.findings.get(each.digest, 0) for each in findings]
    new = {n: each for n, each in enumerate(findings) if not ids[n]}
    if new:
        lines = (
            f"{n}\t{each.digest}\t{each.outcome}\t{binary_copy.escaped(each.text)}\n"
            for n, each in new.items()
        )
        stored = _stored_ids(FINDING, partial(binary_copy.insert_lines, rows=lines))
        for n in new:
            ids[n] = stored[n]
        added = {each.digest: stored[n] for n, each in new.items()}
        transaction.on_commit(partial(process_cache.add, cache.findings, added))
    return ids


def _store_sheets(rows: Numbers, cache: ContentCache) -> Numbers:
    """``rows``: (sheets, positions) ids of findings, 0 for none."""
    wire = rows.astype(">i4")
    digests = [sha256(row.tobytes()).digest() for row in wire]
    ids = np.array([cache.sheets.get(digest, 0) for digest in digests], "i8")
    new = np.flatnonzero(ids == 0)
    if len(new):
        rows_of_copy = _packed(wire, digests, new)
        stored = _stored_ids(SHEET, partial(binary_copy.insert_binary, rows=rows_of_copy))
        ids[new] = [stored[n] for n in new.tolist()]
        added = {digests[n]: stored[n] for n in new.tolist()}
        transaction.on_commit(partial(process_cache.add, cache.sheets, added))
    return ids


def _stored_ids(table: ContentTable, give: Callable[[str, Sequence[str]], None]) -> dict[int, int]:
    """The ids, by n, of the rows that ``give`` puts into a temporary table; stores the new ones.

    Raises DigestCollision where a row with the same digest and other content is stored.
    """
    spelled = {
        "name": table.name,
        "columns": table.columns,
        "typed": ", ".join(f"{name} {type_}" for name, type_ in table.types.items()),
        "given": ", ".join(f"t.{name}" for name in table.types),
        "stored": ", ".join(f"s.{name}" for name in table.types),
    }
    with connection.cursor() as cursor:
        cursor.execute(DROP_GIVEN.format(**spelled))
        cursor.execute(CREATE_GIVEN.format(**spelled))
        give(f"eg_{table.name}", ("n", "digest", *table.types))
        cursor.execute(INSERT_NEW.format(**spelled))
        cursor.execute(SELECT_STORED.format(**spelled))
        rows = cursor.fetchall()
        cursor.execute(DROP_GIVEN.format(**spelled))
    for _, pk, equal in rows:
        if not equal:
            raise DigestCollision(f"{table.name} {pk}")
    return {n: pk for n, pk, _ in rows}


def _packed(wire: Numbers, digests: Sequence[bytes], which: Numbers) -> Iterator[bytes]:
    """Rows of (n, digest, findings) as COPY reads them."""
    width = wire.shape[1]
    row = np.dtype([
        ("fields", ">i2"), ("n length", ">i4"), ("n", ">i4"), ("digest length", ">i4"),
        ("digest", "S64"), ("length", ">i4"), ("head", ">i4", (5 if width else 3,)),
        ("findings", [("length", ">i4"), ("value", ">i4")], (width,)),
    ])  # fmt: skip
    for first in range(0, len(which), AT_ONCE):
        part = which[first : first + AT_ONCE]
        packed = np.zeros(len(part), row)
        packed["fields"], packed["n length"], packed["digest length"] = 3, 4, 64
        packed["n"] = part
        packed["digest"] = [digests[n].hex().encode() for n in part.tolist()]
        packed["head"] = [1, 0, INT4, width, 1] if width else [0, 0, INT4]
        packed["length"] = row["head"].itemsize + row["findings"].itemsize
        packed["findings"]["length"] = 4
        packed["findings"]["value"] = wire[part]
        yield packed.tobytes()
