"""Stores facts from an instant on, and keeps what was known of the time before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol.models import AIModel, Fact, Licensee, User

BATCH = 5_000
Key = tuple[int | None, int | None, str]


@dataclass(frozen=True)
class NewFact:
    """A fact to store: from ``held_from`` on the attribute has this value. None: not known."""

    of: Licensee | AIModel
    attribute: str
    value: Any
    source: str
    held_from: datetime
    held_until: datetime | None = None
    entered_by: User | None = None
    confirmed_by: User | None = None

    @property
    def key(self) -> Key:
        """The id of its licensee or of its model, and the attribute."""
        if isinstance(self.of, Licensee):
            return (self.of.pk, None, self.attribute)
        return (None, self.of.pk, self.attribute)

    def row(self, at: datetime) -> Fact:
        """Its row, learned at ``at`` and not yet saved."""
        of = self.of
        return Fact(
            licensee=of if isinstance(of, Licensee) else None,
            model=of if isinstance(of, AIModel) else None,
            attribute=self.attribute,
            value=self.value,
            source=self.source,
            held=DateTimeTZRange(self.held_from, self.held_until),
            learned_at=at,
            entered_by=self.entered_by,
            confirmed_by=self.confirmed_by,
            confirmed_at=at if self.confirmed_by else None,
        )


def put_facts(news: Sequence[NewFact], *, at: datetime) -> list[Fact]:
    """Store facts, at most one for each attribute of a licensee or model, in a few statements.

    A row is never overwritten. A row that overlaps is superseded, and its part before the new fact
    is stored as a row of its own: "as known then" and "as known now" both have an answer.
    """
    starts = {new.key: new.held_from for new in news}
    old = [row for row in _current(news) if _reaches(row, starts.get(_key(row)))]
    Fact.objects.filter(pk__in=[row.pk for row in old]).update(superseded_at=at)
    kept = [_before(row, starts[_key(row)], at) for row in old if _begins(row, starts[_key(row)])]
    Fact.objects.bulk_create(kept, batch_size=BATCH)
    return Fact.objects.bulk_create([new.row(at) for new in news], batch_size=BATCH)


def _current(news: Iterable[NewFact]) -> Iterable[Fact]:
    licensees = {new.of.pk for new in news if isinstance(new.of, Licensee)}
    models = {new.of.pk for new in news if isinstance(new.of, AIModel)}
    attributes = {new.attribute for new in news}
    current = Fact.objects.select_for_update().filter(
        attribute__in=attributes, superseded_at=None, waits=False
    )
    for column, ids in (("licensee__in", licensees), ("model__in", models)):
        if ids:
            yield from current.filter(**{column: ids})


def _key(row: Fact) -> Key:
    return (row.licensee_id, row.model_id, row.attribute)


def _reaches(row: Fact, start: datetime | None) -> bool:
    """Whether the row's range reaches past ``start``."""
    return start is not None and (row.held.upper is None or row.held.upper > start)


def _begins(row: Fact, start: datetime) -> bool:
    return row.held.lower is None or row.held.lower < start


def _before(row: Fact, until: datetime, at: datetime) -> Fact:
    """A superseded row's part before ``until``, as a new row."""
    return Fact(
        licensee_id=row.licensee_id,
        model_id=row.model_id,
        attribute=row.attribute,
        value=row.value,
        source=row.source,
        held=DateTimeTZRange(row.held.lower, until),
        learned_at=at,
        entered_by_id=row.entered_by_id,
        confirmed_by_id=row.confirmed_by_id,
        confirmed_at=row.confirmed_at,
    )
