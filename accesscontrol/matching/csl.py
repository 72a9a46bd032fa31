"""Reads the US Consolidated Screening List (CSV, 29 columns, several lists in one file).

Every row becomes an entry, or a bad row with its line and the reason. No row is skipped silently.
The whole file is refused only if none of its rows can be trusted.
"""

import csv
import difflib
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from accesscontrol.matching.listed_names import Name, names_of
from accesscontrol.matching.normalize import normalize

COLUMNS = (
    "_id", "source", "entity_number", "type", "programs", "name", "title", "addresses",
    "federal_register_notice", "start_date", "end_date", "standard_order",
    "license_requirement", "license_policy", "call_sign", "vessel_type", "gross_tonnage",
    "gross_registered_tonnage", "vessel_flag", "vessel_owner", "remarks", "source_list_url",
    "alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth",
    "source_information_url", "ids",
)  # fmt: skip
OPTIONAL = frozenset({"_id"})  # the 28-column files of 2019 to 2022 had none

_LIST_CODE = re.compile(r"\(([A-Z][A-Z0-9]{1,11})\)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_ID = 80
_LONGEST_FIELD = 1_000_000


class NotAList(ValueError):
    """The file is not a Consolidated Screening List. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. It has a ``list_code`` if that could be read."""

    line: int
    reason: str
    list_code: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A party as it is in one row of the file. ``content`` has the columns that are not empty."""

    list_code: str
    list_name: str
    source_id: str
    line: int
    name: str
    kind: str
    content: dict[str, str]
    digest: str
    names: tuple[Name, ...]


@dataclass(slots=True)
class ListFile:
    """The content of a file. Each row is counted once: as an entry, as repeated, or as an error."""

    rows: int = 0
    entries: list[Entry] = field(default_factory=list)
    errors: list[BadRow] = field(default_factory=list)
    repeated: int = 0


def read(data: bytes) -> ListFile:
    """Read the bytes of a file. Raises NotAList if it does not have this format at all.

    1. Decode it and check its header.
    2. Read each row as an entry or as an error.
    3. Drop rows that repeat another one, and give each entry an id of its own.
    """
    rows = _rows(_text(data))
    header = _header(next(rows, (1, [])))
    result = ListFile()
    parsed: list[Entry] = []
    for line, row in rows:
        result.rows += 1
        entry = _entry(line, row, header)
        if isinstance(entry, BadRow):
            result.errors.append(entry)
        else:
            parsed.append(entry)
    result.entries = _with_unique_ids(parsed)
    result.repeated = len(parsed) - len(result.entries)
    return result


def _text(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark. Its row reports a byte that is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotAList("The file is UTF-16; save it as UTF-8 and import it again.")
    text = data.decode("utf-8-sig", errors="surrogateescape").rstrip("\x1a\r\n ")
    if not text:
        raise NotAList("The file is empty.")
    return text + "\n"


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the line on which each begins. Blank lines are no rows."""
    csv.field_size_limit(_LONGEST_FIELD)
    # Versions of Python read a NUL byte differently. With U+FFFE in its place, its row reports it.
    reader = csv.reader(io.StringIO(text.replace("\0", "\ufffe"), newline=""))
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [f"\ufffe{error}"]
            line = reader.line_num + 1
            continue
        if row and row != ["\x1a"]:
            yield line, row
        line = reader.line_num + 1


def _header(first: tuple[int, list[str]]) -> list[str]:
    header = [column.strip() for column in first[1]]
    _check_delimiter(header)
    missing = [c for c in COLUMNS if c not in header and c not in OPTIONAL]
    unknown = [c for c in header if c not in COLUMNS]
    twice = [c for c, count in Counter(header).items() if count > 1]
    if missing or unknown or twice:
        raise NotAList(_column_problem(missing, unknown, twice))
    return header


def _check_delimiter(header: list[str]) -> None:
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) < 3 and header and header[0].count(mark) > 2:
            raise NotAList(
                f"The columns are separated by {word}; the list has commas. "
                "Save it with commas and import it again."
            )


def _column_problem(missing: list[str], unknown: list[str], twice: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    for column in unknown:
        near = difflib.get_close_matches(column.lower(), COLUMNS, 1)
        hint = f" (did you mean “{near[0]}”?)" if near else ""
        parts.append(f"unknown: “{column}”{hint}")
    if twice:
        parts.append(f"twice: {', '.join(twice)}")
    return "The header is not that of a Consolidated Screening List; " + "; ".join(parts) + "."


def _entry(line: int, row: list[str], header: list[str]) -> Entry | BadRow:
    code = _code(row, header.index("source"))
    problem = _row_problem(row, header)
    if problem:
        return BadRow(line, problem, code)
    content = {c: v.strip() for c, v in zip(header, row, strict=True) if v.strip()}
    problem = _content_problem(content, code)
    return BadRow(line, problem, code) if problem or not code else _party(line, code, content)


def _code(row: list[str], column: int) -> str | None:
    found = _LIST_CODE.search(row[column]) if len(row) > column else None
    return found[1] if found else None


def _row_problem(row: list[str], header: list[str]) -> str:
    if row[0].startswith("\ufffe") and len(row) == 1:
        return f"This row could not be split into columns: {row[0][1:]}."
    if len(row) != len(header):
        return (
            f"{len(row)} columns instead of {len(header)}; a comma or a quotation mark in the "
            "text is not quoted, or a quotation mark is never closed."
        )
    for column, value in zip(header, row, strict=True):
        if "\ufffe" in value:
            return f"A NUL byte in “{column}”."
        if any("\udc80" <= letter <= "\udcff" for letter in value):
            return f"“{column}” is not UTF-8."
    return ""


def _content_problem(content: dict[str, str], code: str | None) -> str:
    if not content.get("source"):
        return "“source” is empty, so it is not known which list the party is on."
    if not code:
        return f"“source” names no list by its code in brackets: “{content['source'][:80]}”."
    if not content.get("name"):
        return "“name” is empty."
    if not normalize(content["name"]):
        return f"“name” has no letter or digit: “{content['name'][:80]}”."
    for column in ("start_date", "end_date"):
        if content.get(column) and not _is_date(content[column]):
            return f"“{column}” is no date like 2026-06-12: “{content[column][:40]}”."
    return ""


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def _party(line: int, code: str, content: dict[str, str]) -> Entry:
    source = content["source"]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Entry(
        list_code=code,
        list_name=source.replace(f"({code})", " ").replace("  ", " ").strip(),
        source_id=_source_id(code, content),
        line=line,
        name=content["name"],
        kind=content.get("type", ""),
        content=content,
        digest=_sha256(text),
        names=names_of(content["name"], content.get("alt_names", "")),
    )


def _source_id(code: str, content: dict[str, str]) -> str:
    """The file's id of the party. Where older files have none, the name is the id."""
    given = content.get("_id") or content.get("entity_number")
    return (
        given
        if given and len(given) <= _LONGEST_ID
        else _sha256(f"{code}\n{given or content['name']}")[:40]
    )


def _with_unique_ids(parsed: list[Entry]) -> list[Entry]:
    """Drop rows with the same content, and add the digest to the id of rows that share an id.

    The lists repeat a party once per address. Each such row stays an entry of its own. Its id does
    not depend on the order of the rows.
    """
    distinct = {(entry.list_code, entry.source_id, entry.digest): entry for entry in parsed}
    rows_of = Counter((entry.list_code, entry.source_id) for entry in distinct.values())
    return [
        entry if rows_of[entry.list_code, entry.source_id] == 1 else _with_digest_in_id(entry)
        for entry in distinct.values()
    ]


def _with_digest_in_id(entry: Entry) -> Entry:
    return Entry(
        entry.list_code, entry.list_name, f"{entry.source_id}#{entry.digest[:12]}",
        entry.line, entry.name, entry.kind, entry.content, entry.digest, entry.names,
    )  # fmt: skip


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
