"""Checks the cells of a licensee file; each problem comes with a suggestion."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from accesscontrol.errors import Refused
from accesscontrol.policy import COUNTRIES
from accesscontrol.registry.licensees import check_name, check_ref
from accesscontrol.registry.table import RowProblem, Table
from accesscontrol.registry.vocabulary import check_value

# Columns of the licensee itself, with the longest text that each takes.
COLUMNS_OF = {"ref": 200, "name": 400, "registration_number": 100, "domain": 253}
# Columns that are facts; the file may leave out the prefix.
FACTS = {
    name: f"licensee.{name}"
    for name in (
        "country",
        "hq_country",
        "ultimate_parent_country",
        "sector",
        "end_user_type",
        "data_center_countries",
        "foreign_national_access",
    )
}
_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%")
_COMMON_SLIPS = {"UK": "GB", "EL": "GR", "USA": "US", "EN": "GB", "UAE": "AE", "KOR": "KR"}


@dataclass
class ImportRow:
    """One licensee as it stands in the file."""

    line: int
    ref: str
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class _Bad(Exception):
    def __init__(self, problem: str, suggestion: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion


def read_rows(
    table: Table, known: Mapping[str, Mapping[str, Any]]
) -> tuple[list[ImportRow], list[RowProblem]]:
    """Return the rows without a problem, and the problems, those of the table first."""
    rows: list[ImportRow] = []
    problems = list(table.problems)
    lines: dict[str, int] = {}
    for line, cells in table.rows:
        problems += _row(line, cells, known, rows)
        ref = cells["ref"]
        if ref and ref in lines:
            problems.append(
                RowProblem(
                    line, "ref", ref, f"already in row {lines[ref]}", "Keep one of the rows."
                )
            )
        lines.setdefault(ref, line)
    return rows, problems


def _row(
    line: int,
    cells: Mapping[str, str],
    known: Mapping[str, Mapping[str, Any]],
    rows: list[ImportRow],
) -> list[RowProblem]:
    row = ImportRow(line, cells["ref"], cells["name"])
    problems = []
    for column, text in cells.items():
        try:
            _cell(row, column, text, known)
        except _Bad as bad:
            problems.append(RowProblem(line, column, text, bad.problem, bad.suggestion))
        except Refused as refused:
            problems.append(RowProblem(line, column, text, refused.message))
    if not problems:
        rows.append(row)
    return problems


def _cell(row: ImportRow, column: str, text: str, known: Mapping[str, Mapping[str, Any]]) -> None:
    if column == "ref":
        check_ref(text)
    elif column == "name":
        check_name(text)
    elif column in COLUMNS_OF:
        if len(text) > COLUMNS_OF[column]:
            raise _Bad(f"longer than {COLUMNS_OF[column]} characters")
        row.columns[column] = text
    elif text:
        attribute = known[FACTS.get(column, column)]
        row.facts[attribute["name"]] = check_value(attribute, _value(attribute["type"], text))


def _value(type_: str, text: str) -> Any:
    match type_:
        case "country":
            return _country(text)
        case "countries":
            return list(dict.fromkeys(_country(each) for each in _several(text)))
        case "codes":
            return list(dict.fromkeys(_several(text)))
        case "share":
            return _share(text)
        case "boolean":
            return _yes_or_no(text)
        case "integer":
            return _integer(text)
        case _:
            return text


def _country(text: str) -> str:
    if text in COUNTRIES:
        return text
    upper = text.upper()
    meant = _COMMON_SLIPS.get(upper) or (upper if upper in COUNTRIES else None)
    near = [meant] if meant else difflib.get_close_matches(upper, COUNTRIES, 1, cutoff=0.5)
    hint = f"{near[0]}?" if near else ""
    raise _Bad("no country code of two capital letters (ISO 3166-1)", hint)


def _several(text: str) -> Iterator[str]:
    return (each.strip() for each in re.split(r"[;\s]+", text) if each.strip())


def _share(text: str) -> int:
    match = _PERCENT.fullmatch(text)
    share = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else -1
    if not 0 <= share <= 10_000:
        raise _Bad("no percentage", "12.5%")
    return share


def _yes_or_no(text: str) -> bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    if text.lower() not in words:
        raise _Bad("neither yes nor no", "yes")
    return words[text.lower()]


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise _Bad("no whole number", "3")
    return int(text)
