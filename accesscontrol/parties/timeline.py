"""Replaces what is known of one attribute from an instant on, and keeps what was known before."""

from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from accesscontrol.models import AIModel, Fact, Licensee, User


def put_fact(
    of: Licensee | AIModel,
    attribute: str,
    value: Any,
    *,
    source: str,
    at: datetime,
    held_from: datetime | None = None,
    held_until: datetime | None = None,
    entered_by: User | None = None,
    confirmed_by: User | None = None,
) -> Fact:
    """From ``held_from`` (``at`` unless told) on, the attribute is ``value``; None: not known.

    Rows are never overwritten: one that overlaps is superseded, and what it said of the time
    before is recorded anew, so that "as known then" and "as known now" both have an answer.
    Raises nothing of its own; the table's exclusion constraint holds the rest.
    """
    start = held_from or at
    for row in overlapping(of, attribute, start):
        supersede(row, at=at, keep_until=start)
    return Fact.objects.create(
        **owner_of(of),
        attribute=attribute,
        value=value,
        source=source,
        held=DateTimeTZRange(start, held_until),
        learned_at=at,
        entered_by=entered_by,
        confirmed_by=confirmed_by,
        confirmed_at=at if confirmed_by else None,
    )


def overlapping(of: Licensee | AIModel, attribute: str, start: datetime) -> list[Fact]:
    """The rows in force that say something of the time from ``start`` on."""
    rows = Fact.objects.select_for_update().filter(
        Q(held__endswith__isnull=True) | Q(held__endswith__gt=start),
        **owner_of(of),
        attribute=attribute,
        superseded_at=None,
        waits=False,
    )
    return list(rows)


def supersede(row: Fact, *, at: datetime, keep_until: datetime) -> None:
    """Close a row's knowledge at ``at``; what it said before ``keep_until`` is said again."""
    Fact.objects.filter(pk=row.pk).update(superseded_at=at)
    begins = row.held.lower
    if begins is not None and begins >= keep_until:
        return
    row.pk = None
    row._state.adding = True
    row.held = DateTimeTZRange(begins, keep_until)
    row.learned_at = at
    row.superseded_at = None
    row.save(force_insert=True)


def owner_of(of: Licensee | AIModel) -> dict[str, Any]:
    """The column that names whose fact it is."""
    return {"licensee": of} if isinstance(of, Licensee) else {"model": of}
