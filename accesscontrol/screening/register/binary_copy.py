"""Reads whole columns from the database and appends whole tables to it, in binary.

PostgreSQL sends each row of a COPY as a message of its own; a million of them cost more than
everything else that a screening does. Rows gathered into one value are one message.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # and neither flags nor a header extension
END_OF_COPY = b"\xff\xff"
# Where the one row of an answer has the count of the gathered rows and the length of their bytes,
# which follow. Before the count: the signature, the count of fields, and a length.
COUNT = slice(25, 33)
LENGTH = slice(33, 37)
SEND = {"i4": "int4send", "i8": "int8send"}
AT_ONCE = 16_384  # rows that are packed at a time
DATABASE_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def columns(
    select: str, types: Mapping[str, str], params: Mapping[str, Any] | None = None
) -> dict[str, NDArray[Any]]:
    """Each expression's values as one array; ``types``: expression → "i4" or "i8", never null.

    ``select`` is what follows the list of expressions: FROM …, WHERE ….
    """
    row = " || ".join(f"{SEND[type_]}({expression})" for expression, type_ in types.items())
    with connection.cursor() as cursor:
        gathered = f"count(*), string_agg({row}, NULL)"
        statement = f"COPY (SELECT {gathered} {select}) TO STDOUT (FORMAT binary)"
        with cursor.copy(statement, params) as copy:
            data = b"".join(copy)
    rows = _rows(data, np.dtype([(name, f">{type_}") for name, type_ in types.items()]))
    return {name: rows[name].astype(type_) for name, type_ in types.items()}


def _rows(data: bytes, row: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(data[COUNT], "big")
    if not count:
        return np.empty(0, row)
    length = int.from_bytes(data[LENGTH], "big")
    assert length == count * row.itemsize, "a value is null, or of another type than was asked for"
    return np.frombuffer(data, row, offset=LENGTH.stop, count=count)


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
    """Append rows that are already in COPY's binary form, some at a time."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(SIGNATURE)
        for part in rows:
            copy.write(part)
        copy.write(END_OF_COPY)


def insert_lines(table: str, names: Sequence[str], rows: Iterable[str]) -> None:
    """Append rows in COPY's text form, one line each; see ``escaped``."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for line in rows:
            copy.write(line)


def escaped(json: str) -> str:
    """JSON as COPY's text form reads it. On one line, it has no tab and no end of line itself."""
    return json.replace("\\", "\\\\")


def _wire(type_: np.dtype[Any]) -> str:
    return "u1" if type_.kind == "b" else f">i{type_.itemsize}"
