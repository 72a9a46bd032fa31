"""Whole columns out of the database and whole tables into it, in binary, without a row in Python.

PostgreSQL sends each row of a COPY as a message of its own; a million of them cost more than
everything else that a screening does. A column gathered into one array is one message.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # and neither flags nor a header of our own
END = b"\xff\xff"
ARRAY_HEAD = 20  # dimensions, flags, type, length, lower bound
AT_ONCE = 16_384  # rows that are packed at a time
DATABASE_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def columns(
    select: str, types: Mapping[str, str], params: Mapping[str, Any] | None = None
) -> dict[str, NDArray[Any]]:
    """Each expression's values as one array; ``types``: expression → "i4" or "i8", never null.

    ``select`` is what follows the list of expressions: FROM …, WHERE ….
    """
    gathered = ", ".join(f"array_agg({expression})" for expression in types)
    with connection.cursor() as cursor:
        statement = f"COPY (SELECT {gathered} {select}) TO STDOUT (FORMAT binary)"
        with cursor.copy(statement, params) as copy:
            data = b"".join(copy)
    return dict(zip(types, _arrays(data, list(types.values())), strict=True))


def _arrays(data: bytes, types: Sequence[str]) -> list[NDArray[Any]]:
    at = len(SIGNATURE) + 2
    found = []
    for type_ in types:
        length = int.from_bytes(data[at : at + 4], "big", signed=True)
        at += 4
        if length < 0:  # no row at all
            found.append(np.empty(0, type_))
            continue
        element = np.dtype([("length", ">i4"), ("value", f">{type_}")])
        part = np.frombuffer(data, element, offset=at + ARRAY_HEAD, count=_count(length, element))
        found.append(part["value"].astype(type_))
        at += length
    return found


def _count(length: int, element: np.dtype[Any]) -> int:
    count, rest = divmod(length - ARRAY_HEAD, element.itemsize)
    assert not rest, "a column has nulls or another type than was told"
    return count


def microseconds(at: datetime) -> np.int64:
    """An instant as the database stores it: microseconds since 2000-01-01 UTC."""
    since = at - DATABASE_EPOCH
    return np.int64((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def insert(table: str, rows: Mapping[str, Any], length: int) -> None:
    """Append ``length`` rows in one binary COPY; a column is an array, or one value for all."""
    if not length:
        return
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    arrays = {name: np.asarray(values) for name, values in rows.items()}
    for name, values in arrays.items():
        parts += [(f"{name} length", ">i4"), (name, _wire(values.dtype))]
    insert_binary(table, list(arrays), _packed(np.dtype(parts), arrays, length))


def _packed(row: np.dtype[Any], arrays: Mapping[str, NDArray[Any]], length: int) -> Iterable[bytes]:
    packed = np.zeros(min(length, AT_ONCE), row)
    packed["fields"] = len(arrays)
    for name in arrays:
        packed[f"{name} length"] = row[name].itemsize
    for first in range(0, length, AT_ONCE):
        part = packed[: length - first]
        for name, values in arrays.items():
            part[name] = values[first : first + AT_ONCE] if values.ndim else values
        yield part.tobytes()


def insert_binary(table: str, names: Sequence[str], rows: Iterable[bytes]) -> None:
    """Append rows that are in COPY's binary form already, some at a time."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(SIGNATURE)
        for part in rows:
            copy.write(part)
        copy.write(END)


def insert_lines(table: str, names: Sequence[str], rows: Iterable[str]) -> None:
    """Append rows that are in COPY's form of text, a line each; see ``escaped``."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for line in rows:
            copy.write(line)


def escaped(json: str) -> str:
    """JSON on one line, which has no tab and no end of line of its own, as COPY reads it."""
    return json.replace("\\", "\\\\")


def _wire(type_: np.dtype[Any]) -> str:
    return "u1" if type_.kind == "b" else f">i{type_.itemsize}"
