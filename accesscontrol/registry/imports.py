"""Imports licensees from a CSV file, all rows or none."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accesscontrol import audit, facts, parties
from accesscontrol.models import Licensee
from accesscontrol.registry.cells import COLUMNS_OF, FACTS, ImportRow, read_rows
from accesscontrol.registry.consequences import after_change
from accesscontrol.registry.licensees import COLUMNS, NAME, check_name, columns, let_wait, new_facts
from accesscontrol.registry.loosening import loosened
from accesscontrol.registry.rights import Actor, may_edit
from accesscontrol.registry.table import RowProblem, read_table
from accesscontrol.registry.vocabulary import attributes

SHOWN = 100
# The columns of a licensee's row that an import may write, with their types in SQL.
STORED = dict.fromkeys(["name", "normalized_name", "registration_number", "domain"], "text") | {
    column: "text" if unknown == "" else "int" for column, unknown in COLUMNS.values()
}


@dataclass
class ImportResult:
    """What a file says, and what its import did or would do."""

    rows: int
    problems: list[RowProblem]
    new: list[ImportRow] = field(default_factory=list)
    changed: dict[int, "LicenseeChanges"] = field(default_factory=dict)
    unchanged: int = 0
    waiting: set[int] = field(default_factory=set)
    dry_run: bool = False

    @property
    def applied(self) -> bool:
        """Whether the register now has what the file says."""
        return not self.dry_run and not self.problems

    def to_json(self) -> dict[str, Any]:
        """For the command, the job and the screen."""
        return {
            "rows": self.rows,
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": self.unchanged,
            "waiting": len(self.waiting),
            "errors": [problem.to_json() for problem in self.problems],
            "applied": self.applied,
            "dry_run": self.dry_run,
        }


@dataclass
class LicenseeChanges:
    """What the file changes about a licensee of the register."""

    licensee: Licensee
    name: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.name or self.columns or self.facts)


def import_licensees(
    *,
    data: bytes,
    file_name: str,
    by: Actor,
    at: datetime,
    because: str = "",
    dry_run: bool = False,
) -> ImportResult:
    """Import a CSV file, all rows or none. An empty cell changes nothing.

    New licensees are added at once. The changes of a licensee wait for a second person where they
    would loosen its standing.

    1. Read the table; raises CannotRead where the file as a whole is wrong.
    2. Check every row.
    3. Compare the rows with the register.
    4. Find the licensees whose standing the changes would loosen.
    5. Unless it is a dry run or there is a problem, store everything and screen.
    """
    may_edit(by, at)
    known = attributes()
    allowed = [*COLUMNS_OF, *FACTS, *(n for n in known if n.startswith("licensee.custom."))]
    table = read_table(data, required=["ref", "name"], known=allowed)
    rows, problems = read_rows(table, known)
    result = ImportResult(
        len(table.rows) + len(table.problems),
        sorted(problems, key=lambda problem: problem.row),
        dry_run=dry_run,
    )
    with transaction.atomic():
        _compare(result, rows, at)
        if not result.problems:
            changes = list(result.changed.values())
            result.waiting = loosened(
                list(result.changed), lambda: _change(changes, file_name, by, at), at=at
            )
        if result.applied:
            _apply(result, data, file_name, by, at, because)
    return result


def template() -> str:
    """The first line of a file that can be imported."""
    return ",".join([*COLUMNS_OF, *FACTS]) + "\r\n"


def _compare(result: ImportResult, rows: list[ImportRow], at: datetime) -> None:
    locked = Licensee.objects.select_for_update().filter(ref__in=[row.ref for row in rows])
    on_record = {licensee.ref: licensee for licensee in locked}
    known = facts.about_licensees([each.pk for each in on_record.values()], at=at)
    for row in rows:
        if row.ref not in on_record:
            result.new.append(row)
            continue
        licensee = on_record[row.ref]
        changes = _changes(licensee, row, known[licensee.pk].facts)
        if changes:
            result.changed[licensee.pk] = changes
        else:
            result.unchanged += 1


def _changes(licensee: Licensee, row: ImportRow, known: Mapping[str, Any]) -> LicenseeChanges:
    return LicenseeChanges(
        licensee,
        name=row.name if row.name != licensee.name else "",
        columns={c: v for c, v in row.columns.items() if v and v != getattr(licensee, c)},
        facts={name: value for name, value in row.facts.items() if known.get(name) != value},
    )


def _apply(
    result: ImportResult, data: bytes, file_name: str, by: Actor, at: datetime, because: str
) -> None:
    added = _add(result.new, file_name, by, at)
    for pk in result.waiting:
        _let_wait(result.changed[pk], file_name, by, at)
    at_once = [each for pk, each in result.changed.items() if pk not in result.waiting]
    _change(at_once, file_name, by, at)
    details = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "rows": result.rows,
        "new": len(result.new),
        "changed": len(result.changed),
        "waiting": len(result.waiting),
        "unchanged": result.unchanged,
        "new_refs": [row.ref for row in result.new[:SHOWN]],
        "changed_refs": [each.licensee.ref for each in result.changed.values()][:SHOWN],
    }
    subject = file_name[:200]
    audit.record("licensees.imported", subject, by=by, at=at, because=because, details=details)
    applied = [*added, *(pk for pk in result.changed if pk not in result.waiting)]
    if applied:
        after_change(applied, cause="import", by=by, at=at, because=because, renamed=True)


def _add(rows: list[ImportRow], file_name: str, by: Actor, at: datetime) -> list[int]:
    licensees = Licensee.objects.bulk_create([_licensee(row, at) for row in rows], batch_size=2_000)
    _put([(each, row.facts) for each, row in zip(licensees, rows, strict=True)], file_name, by, at)
    return [licensee.pk for licensee in licensees]


def _licensee(row: ImportRow, at: datetime) -> Licensee:
    return Licensee(
        ref=row.ref,
        name=row.name,
        normalized_name=check_name(row.name),
        created_at=at,
        changed_at=at,
        **row.columns,
        **columns(row.facts),
    )


def _put(
    known: Iterable[tuple[Licensee, Mapping[str, Any]]], file_name: str, by: Actor, at: datetime
) -> None:
    source = f"import of {file_name}"[:300]
    news = [new for of, values in known for new in new_facts(of, values, source, by, at)]
    parties.put_facts(news, at=at)


def _change(all_changes: list[LicenseeChanges], file_name: str, by: Actor, at: datetime) -> None:
    """Store the changes of many licensees, and match those with a new name."""
    for each in all_changes:
        names = {"name": each.name, "normalized_name": check_name(each.name)} if each.name else {}
        for column, value in (names | each.columns | columns(each.facts)).items():
            setattr(each.licensee, column, value)
    _store([each.licensee for each in all_changes], at)
    _put([(each.licensee, each.facts) for each in all_changes], file_name, by, at)
    renamed = [each.licensee.pk for each in all_changes if each.name]
    if renamed:
        parties.match(at=at, licensees=renamed)


def _store(licensees: list[Licensee], at: datetime) -> None:
    """Write the licensees' own rows in one statement (bulk_update takes minutes for thousands)."""
    arrays = [[getattr(each, column) for each in licensees] for column in STORED]
    new = ", ".join(f"{column} = t.{column}" for column in STORED)
    types = ", ".join(f"%s::{type_}[]" for type_ in STORED.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE accesscontrol_licensee AS l SET {new}, version = l.version + 1,"  # noqa: S608
            " changed_at = %s"
            f" FROM unnest(%s::bigint[], {types}) AS t(id, {', '.join(STORED)}) WHERE l.id = t.id",
            [at, [each.pk for each in licensees], *arrays],
        )


def _let_wait(changes: LicenseeChanges, file_name: str, by: Actor, at: datetime) -> None:
    """Store the columns that no rule reads; the facts and the name wait for a second person."""
    waiting = dict(changes.facts) | ({NAME: changes.name} if changes.name else {})
    if changes.columns:
        Licensee.objects.filter(pk=changes.licensee.pk).update(changed_at=at, **changes.columns)
    for new in new_facts(changes.licensee, waiting, f"import of {file_name}"[:300], by, at):
        let_wait(new, at=at)
