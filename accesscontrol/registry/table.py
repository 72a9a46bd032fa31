"""Reads a CSV file of licensees into rows, or says what is wrong with the file."""

import csv
import difflib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accesscontrol.errors import Refused

LARGEST_FILE = 50_000_000
MOST_ROWS = 200_000
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class CannotRead(Refused):
    """The file as a whole cannot be read; the message names encoding, delimiter or column."""

    code = "cannot_read"


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one cell, and a suggestion. ``column`` "" means the whole row."""

    row: int
    column: str
    value: str
    problem: str
    suggestion: str = ""

    def to_json(self) -> dict[str, object]:
        """For the command and the download beside the original columns."""
        return {
            "row": self.row,
            "column": self.column,
            "value": self.value[:200],
            "problem": self.problem,
            "suggestion": self.suggestion,
        }


@dataclass
class Table:
    """The rows with their lines, and the rows that could not be split into columns."""

    rows: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


def read_table(data: bytes, *, required: Sequence[str], known: Sequence[str]) -> Table:
    """Read rows as column → text without outer blanks. Raises CannotRead."""
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    table = Table()
    header: list[str] | None = None
    line = 1
    try:
        for row in reader:
            if header is None:
                header = _header(row, required, known)
            elif any(cell.strip() for cell in row):
                _take(table, line, header, row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise CannotRead(
            f"From line {line} on the file cannot be split into columns: {error}. "
            "Look for a quotation mark that is never closed."
        ) from error
    if header is None:
        raise CannotRead("The file is empty. Its first line has to name the columns.")
    return table


def _text(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise CannotRead(f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Split it.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CannotRead("The file is UTF-16. Save it as “CSV UTF-8” and import it again.")
    if data.startswith(b"PK\x03\x04"):
        raise CannotRead("This is a workbook, not CSV. Save it as “CSV UTF-8” and import it again.")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise CannotRead(f"Line {line} holds a NUL byte, so this is no text file. Export it again.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CannotRead(
            f"Line {line} is not UTF-8 (byte 0x{data[error.start]:02X}). "
            "Save the file as “CSV UTF-8” and import it again."
        ) from error


def _header(row: list[str], required: Sequence[str], known: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in row]
    for mark, word in _DELIMITERS.items():
        if len(header) == 1 and mark in header[0]:
            raise CannotRead(f"The columns are separated by {word}. Save the file with commas.")
    for column in header:
        if column not in known:
            raise CannotRead(_unknown(column, known), pointer=column)
    twice = [column for column, count in Counter(header).items() if count > 1]
    missing = [column for column in required if column not in header]
    if twice:
        raise CannotRead(f"The column “{twice[0]}” stands twice.", pointer=twice[0])
    if missing:
        raise CannotRead(f"The column “{missing[0]}” is missing.", pointer=missing[0])
    return header


def _unknown(column: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(column.lower(), known, 1, cutoff=0.5)
    hint = f" Did you mean “{near[0]}”?" if near else f" Known are: {', '.join(known)}."
    return f"There is no column “{column}”.{hint}"


def _take(table: Table, line: int, header: list[str], row: list[str]) -> None:
    if len(table.rows) >= MOST_ROWS:
        raise CannotRead(f"The file has more than {MOST_ROWS} rows. Split it.")
    if len(row) != len(header):
        problem = f"{len(row)} columns instead of {len(header)}"
        hint = "Put a text with a comma between quotation marks."
        table.problems.append(RowProblem(line, "", ",".join(row), problem, hint))
        return
    table.rows.append((line, {c: v.strip() for c, v in zip(header, row, strict=True)}))
