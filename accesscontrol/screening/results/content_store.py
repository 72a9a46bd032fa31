"""Gives findings and sheets their numbers in the database, each stored once, equality checked.

What a process has once found stored it looks up by digest and asks no more: each chunk, and each
release's evaluator, meets mostly what others met before.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from accesscontrol.screening.judge.evaluators import Evaluator
from accesscontrol.screening.judge.one_by_one import Found
from accesscontrol.screening.register import binary_copy, process_cache

Numbers = NDArray[Any]
INT4 = 23  # PostgreSQL's type of an array's elements
AT_ONCE = 4_096  # sheets that are packed at a time


class Kind(NamedTuple):
    """A table of content by digest, and what it has besides."""

    name: str
    types: dict[str, str]

    @property
    def columns(self) -> str:
        return ", ".join(self.types)


FINDING = Kind("finding", {"outcome": "text", "verdict": "jsonb"})
SHEET = Kind("sheet", {"findings": "int[]"})

FORGET = "DROP TABLE IF EXISTS eg_{name}"
TOLD = "CREATE TEMPORARY TABLE eg_{name} (n int, digest text, {typed}) ON COMMIT DROP"
# In order of digest, as everybody does: two workers that store the same ones wait, and no circle.
STORE = """
    INSERT INTO accesscontrol_{name} (digest, {columns})
    SELECT digest, {columns} FROM eg_{name} t
    WHERE NOT EXISTS (SELECT FROM accesscontrol_{name} s WHERE s.digest = t.digest)
    ORDER BY digest ON CONFLICT DO NOTHING
"""
FOUND = """
    SELECT t.n, s.id, ({ours}) = ({theirs})
    FROM eg_{name} t JOIN accesscontrol_{name} s ON s.digest = t.digest
"""


class DigestCollision(Exception):
    """Two different findings or sheets have one digest: nothing may be stored under it."""


def sheet_ids(evaluator: Evaluator, used: Numbers) -> Numbers:
    """The database's numbers of an evaluator's sheets, by index; 0 for those not ``used``.

    A number is remembered once its transaction has committed: nothing stored is ever changed.
    """
    known = process_cache.of_database()
    name = f"sheets of {known.database}"
    numbers = _kept(evaluator, name, len(evaluator.sheets))
    new = used[numbers[used] == 0]
    if len(new):
        sheets = evaluator.sheets[new]
        numbers[new] = _intern_sheets(_finding_ids(evaluator, known, sheets)[sheets], known)
        _keep(evaluator, name, numbers)
    return numbers


def _finding_ids(evaluator: Evaluator, known: process_cache.Remembered, used: Numbers) -> Numbers:
    name = f"findings of {known.database}"
    numbers = _kept(evaluator, name, len(evaluator.findings))
    wanted = np.zeros(len(numbers), bool)
    wanted[used.reshape(-1)] = True
    wanted[0] = False  # index 0: no offering stands there
    new = np.flatnonzero(wanted & (numbers == 0)).tolist()
    if new:
        found = [each for n in new if (each := evaluator.findings[n])]
        numbers[new] = _intern_findings(found, known)
        _keep(evaluator, name, numbers)
    return numbers


def _kept(evaluator: Evaluator, name: str, length: int) -> Numbers:
    kept = evaluator.kept.get(name, np.zeros(0, "i8"))
    return np.append(kept, np.zeros(length - len(kept), "i8"))


def _keep(evaluator: Evaluator, name: str, numbers: Numbers) -> None:
    transaction.on_commit(partial(evaluator.kept.__setitem__, name, numbers))


def _intern_findings(found: Sequence[Found], known: process_cache.Remembered) -> list[int]:
    numbers = [known.findings.get(each.digest, 0) for each in found]
    new = [n for n, number in enumerate(numbers) if not number]
    if new:
        lines = (
            f"{n}\t{found[n].digest}\t{found[n].outcome}\t{binary_copy.escaped(found[n].text)}\n"
            for n in new
        )
        stored = _stored(FINDING, partial(binary_copy.insert_lines, rows=lines))
        for n in new:
            numbers[n] = stored[n]
        added = {found[n].digest: stored[n] for n in new}
        transaction.on_commit(partial(process_cache.add, known.findings, added))
    return numbers


def _intern_sheets(rows: Numbers, known: process_cache.Remembered) -> Numbers:
    """``rows``: (sheets, positions) numbers of findings in the database, 0 for none."""
    wire = rows.astype(">i4")
    digests = [sha256(row.tobytes()).digest() for row in wire]
    numbers = np.array([known.sheets.get(digest, 0) for digest in digests], "i8")
    new = np.flatnonzero(numbers == 0)
    if len(new):
        stored = _stored(
            SHEET, partial(binary_copy.insert_binary, rows=_packed(wire, digests, new))
        )
        numbers[new] = [stored[n] for n in new.tolist()]
        added = {digests[n]: stored[n] for n in new.tolist()}
        transaction.on_commit(partial(process_cache.add, known.sheets, added))
    return numbers


def _stored(kind: Kind, tell: Callable[[str, Sequence[str]], None]) -> dict[int, int]:
    """The numbers by n of what ``tell`` puts into a table; what is not stored yet is.

    Raises DigestCollision where something else is stored under a digest.
    """
    spelled = {
        "name": kind.name,
        "columns": kind.columns,
        "typed": ", ".join(f"{name} {type_}" for name, type_ in kind.types.items()),
        "ours": ", ".join(f"t.{name}" for name in kind.types),
        "theirs": ", ".join(f"s.{name}" for name in kind.types),
    }
    with connection.cursor() as cursor:
        cursor.execute(FORGET.format(**spelled))
        cursor.execute(TOLD.format(**spelled))
        tell(f"eg_{kind.name}", ("n", "digest", *kind.types))
        cursor.execute(STORE.format(**spelled))
        cursor.execute(FOUND.format(**spelled))
        rows = cursor.fetchall()
        cursor.execute(FORGET.format(**spelled))
    for _, pk, equal in rows:
        if not equal:
            raise DigestCollision(f"{kind.name} {pk}")
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
