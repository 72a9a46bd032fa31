"""Fields and conditions that several tables share: the second person, validity, record, periods."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q


class SecondPerson(models.Model):
    """Entered by one person; counts only when a second one has confirmed it.

    A check in the database refuses a person who confirms their own entry.
    """

    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Dated(models.Model):
    """When it is valid, when it was recorded, when it was revoked."""

    valid = DateTimeRangeField(help_text="Half-open period in which it holds")
    recorded_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


# SQL: the instant at which everything on record is known, even what is dated later than now.
EVERYTHING = "'infinity'::timestamptz"


class DatedQuerySet(models.QuerySet[Any]):
    """Selects rows by their validity at one instant, as known at another.

    Without ``known_at`` everything on record is known. ``counting_sql`` and ``in_force_sql`` are
    the same conditions in SQL; a test compares them.
    """

    def on_record(self, known_at: Any = None) -> Any:
        """Rows that were recorded by then and not revoked by then."""
        if known_at is None:
            return self.filter(revoked_at=None)
        not_revoked = Q(revoked_at=None) | Q(revoked_at__gt=known_at)
        return self.filter(not_revoked, recorded_at__lte=known_at)

    def at(self, at: Any, known_at: Any = None) -> Any:
        """Rows on record that are valid at ``at``. Without ``known_at``, as known at ``at``."""
        return self.on_record(known_at or at).filter(valid__contains=at)

    def confirmed(self, known_at: Any = None) -> Any:
        """Rows that a second person had confirmed by then."""
        rows = self.filter(confirmed_at__isnull=False)
        return rows.filter(confirmed_at__lte=known_at) if known_at else rows

    def counting(self, known_at: Any = None) -> Any:
        """Rows on record and confirmed, whether or not they are valid."""
        return self.on_record(known_at).confirmed(known_at)

    def in_force(self, at: Any, known_at: Any) -> Any:
        """Rows that count and are valid at ``at``."""
        return self.counting(known_at).filter(valid__contains=at)

    def waiting(self) -> Any:
        """Rows on record that no second person has confirmed."""
        return self.on_record().filter(confirmed_at=None)


def counting_sql(row: str, *, known_sql: str) -> str:
    """The condition that a row counts: ``DatedQuerySet.counting`` in SQL.

    ``row`` is the alias of its table. ``known_sql`` is an instant in SQL, such as EVERYTHING.
    """
    return (
        f"{row}.recorded_at <= {known_sql} AND {row}.confirmed_at <= {known_sql}"
        f" AND ({row}.revoked_at IS NULL OR {row}.revoked_at > {known_sql})"
    )


def in_force_sql(row: str, *, at_sql: str, known_sql: str) -> str:
    """The condition that a row counts and is valid: ``DatedQuerySet.in_force`` in SQL."""
    return f"{counting_sql(row, known_sql=known_sql)} AND {row}.valid @> {at_sql}"


def two_persons(name: str) -> models.CheckConstraint:
    """The check that ``confirmed_by`` is another person than ``entered_by``."""
    return models.CheckConstraint(
        name=f"{name}_two_persons",
        condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
        | (
            Q(confirmed_at__isnull=False, confirmed_by__isnull=False)
            & (Q(entered_by__isnull=True) | ~Q(confirmed_by=F("entered_by")))
        ),
    )


def instant(at: datetime) -> str:
    """An instant as the rule language writes it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def period(valid: Any) -> dict[str, str | None]:
    """A stored period as ``from`` and ``until`` of the rule language."""
    return {
        "from": instant(valid.lower) if valid.lower else None,
        "until": instant(valid.upper) if valid.upper else None,
    }
