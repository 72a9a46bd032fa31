"""Imports a file of restricted parties: a new version of each list in it that changed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from accesscontrol import access, audit, screening
from accesscontrol.errors import Refused
from accesscontrol.matching import csl
from accesscontrol.models import ListedParty, ListVersion, RestrictedList, User
from accesscontrol.parties.matches import lock_lists, match
from accesscontrol.parties.ownership import refresh_ownership

# A list that shrinks by more than both waits for a person to accept it.
SHRINK_PERCENT = 5
SHRINK_FEW = 5
READERS = {"csl": csl.read}


class CannotImport(Refused):
    """The file cannot be read in the format given; nothing was changed."""

    code = "cannot_import"


@dataclass
class ListChange:
    """The difference between the file and one list: parties new, changed and (ids) removed.

    ``kept_because`` says why parties that the file lacks stay on the list.
    """

    code: str
    name: str
    entries: int = 0
    added: list[csl.Entry] = field(default_factory=list)
    changed: list[csl.Entry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    sha256: str = ""
    complete: bool = True
    kept_because: str = ""
    version: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The numbers, for the command, the screen and the log."""
        return {
            "list": self.code,
            "entries": self.entries,
            "added": len(self.added),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "version": self.version,
            "held": self.kept_because,
        }


@dataclass
class Import:
    """What a file says, and what its import did or would do."""

    rows: int
    read: int
    errors: list[csl.BadRow]
    lists: list[ListChange]
    dry_run: bool
    statuses_changed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The result as the command prints it last."""
        return {
            "rows": self.rows,
            "read": self.read,
            "errors": [{"line": bad.line, "reason": bad.reason} for bad in self.errors],
            "added": sum(len(each.added) for each in self.lists),
            "changed": sum(len(each.changed) for each in self.lists),
            "removed": sum(len(each.removed) for each in self.lists),
            "lists": [each.to_json() for each in self.lists],
            "licensees_changed": self.statuses_changed,
            "dry_run": self.dry_run,
        }


def import_list(
    *,
    data: bytes,
    file_name: str,
    by: User | None,
    at: datetime,
    source: str = "csl",
    because: str = "",
    dry_run: bool = False,
    accept_shrink: bool = False,
) -> Import:
    """Import a file: a new version of each list in it that changed; match all licensees.

    A list with an unreadable row only grows, since the row may name any party: no party is
    removed, and no licensee becomes clear. Raises CannotImport; then nothing was changed.
    """
    access.require(by, "list.import", at=at)
    file = _read(data, source)
    with transaction.atomic():
        lock_lists()
        changes = _changes(file, accept_shrink=accept_shrink)
        result = Import(
            file.rows, file.rows - len(file.errors), file.errors, changes, dry_run=dry_run
        )
        if not dry_run:
            _activate(result, file_name, hashlib.sha256(data).hexdigest(), by, at, because)
    return result


def _read(data: bytes, source: str) -> csl.ListFile:
    if source not in READERS:
        raise CannotImport(f"“{source}” is no known format; choose among {', '.join(READERS)}.")
    try:
        return READERS[source](data)
    except csl.NotAList as problem:
        raise CannotImport(str(problem)) from problem


def _changes(file: csl.ListFile, *, accept_shrink: bool) -> list[ListChange]:
    by_list: dict[str, list[csl.Entry]] = {}
    for entry in file.entries:
        by_list.setdefault(entry.list_code, []).append(entry)
    unread = {bad.list_code for bad in file.errors}
    changes = []
    for code, entries in sorted(by_list.items()):
        change = _change(code, entries)
        change.complete = None not in unread and code not in unread
        _guard(change, accept_shrink=accept_shrink)
        changes.append(change)
    return changes


def _change(code: str, entries: Sequence[csl.Entry]) -> ListChange:
    listed = dict(
        ListedParty.objects.filter(
            restricted_list__code=code, last_version__isnull=True
        ).values_list("source_id", "digest")
    )
    change = ListChange(code, entries[0].list_name[:300], len(entries))
    for entry in entries:
        if entry.source_id not in listed:
            change.added.append(entry)
        elif listed[entry.source_id] != entry.digest:
            change.changed.append(entry)
    change.removed = sorted(listed.keys() - {entry.source_id for entry in entries})
    lines = sorted(f"{entry.source_id} {entry.digest}\n" for entry in entries)
    change.sha256 = hashlib.sha256("".join(lines).encode()).hexdigest()
    return change


def _guard(change: ListChange, *, accept_shrink: bool) -> None:
    """Keep the parties that the file lacks if a row was unreadable or the list shrinks a lot."""
    before = change.entries - len(change.added) + len(change.removed)
    lost = len(change.removed) - len(change.added)
    if change.removed and not change.complete:
        change.kept_because = (
            "Parties missing from the file stay: a row of this list could not be read."
        )
        change.removed = []
    elif lost > SHRINK_FEW and lost * 100 > before * SHRINK_PERCENT and not accept_shrink:
        change.kept_because = (
            f"The list would shrink from {before} to {change.entries} parties. The parties missing "
            "from the file stay until a person accepts the shorter list."
        )
        change.removed = []


def _activate(
    result: Import, file_name: str, file_sha256: str, by: User | None, at: datetime, because: str
) -> None:
    lists = []
    for change in result.lists:
        restricted, _ = RestrictedList.objects.get_or_create(
            code=change.code, defaults={"name": change.name}
        )
        if change.added or change.changed or change.removed:
            change.version = _new_version(restricted, change, file_name, file_sha256, at)
        if change.complete and not change.kept_because:
            RestrictedList.objects.filter(pk=restricted.pk).update(checked_at=at)
        lists.append(restricted.pk)
    affected = match(at=at, lists=lists) | refresh_ownership(at=at)
    result.statuses_changed = len(affected)
    subject = file_name[:200]
    details = {
        "file_sha256": file_sha256,
        "rows": result.rows,
        "read": result.read,
        "errors": [f"line {bad.line}: {bad.reason}"[:200] for bad in result.errors[:100]],
        "lists": [change.to_json() for change in result.lists],
        "licensees_changed": len(affected),
    }
    audit.record("list.imported", subject, by=by, at=at, because=because, details=details)
    if affected:
        screening.start(cause="list", subject=subject, by=by, at=at, licensees=affected)


def _new_version(
    restricted: RestrictedList, change: ListChange, file_name: str, file_sha256: str, at: datetime
) -> int:
    newest = restricted.versions.aggregate(newest=Max("number"))["newest"] or 0
    gone = change.removed + [entry.source_id for entry in change.changed]
    ListedParty.objects.filter(
        restricted_list=restricted, last_version__isnull=True, source_id__in=gone
    ).update(last_version=newest)
    _store(restricted, change.added + change.changed, newest + 1)
    ListVersion.objects.create(
        restricted_list=restricted,
        number=newest + 1,
        sha256=change.sha256,
        file_name=file_name[:300],
        file_sha256=file_sha256,
        entries=restricted.parties.filter(last_version__isnull=True).count(),
        added=len(change.added),
        changed=len(change.changed),
        removed=len(change.removed),
        imported_at=at,
    )
    return newest + 1


def _store(restricted: RestrictedList, entries: Iterable[csl.Entry], version: int) -> None:
    entries = list(entries)
    rows = [
        ListedParty(
            restricted_list=restricted,
            source_id=entry.source_id,
            name=entry.name,
            kind=entry.kind[:40],
            content=entry.content,
            digest=entry.digest,
            first_version=version,
        )
        for entry in entries
    ]
    parties = ListedParty.objects.bulk_create(rows, batch_size=2_000)
    columns = "party_id, name, normalized, alias"
    statement = f"COPY accesscontrol_listedname ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for party, entry in zip(parties, entries, strict=True):
            for name in entry.names:
                copy.write_row((party.pk, name.name, name.normalized, name.alias))
