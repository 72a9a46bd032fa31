"""What several tables share: the second person, the two times of a fact, periods as written."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q


class SecondPerson(models.Model):
    """Entered by one person; counts only when a second one has confirmed it.

    The check stands in the database: nobody confirms what he entered himself.
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
    """When it holds, when we learned it, when it was withdrawn."""

    valid = DateTimeRangeField(help_text="Half-open period in which it holds")
    recorded_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class DatedQuerySet(models.QuerySet[Any]):
    """Rows as they stood at an instant, as known at an instant."""

    def at(self, at: Any, known_at: Any = None) -> Any:
        known = known_at or at
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=known)).filter(
            valid__contains=at, recorded_at__lte=known
        )

    def confirmed(self, known_at: Any = None) -> Any:
        rows = self.filter(confirmed_at__isnull=False)
        return rows.filter(confirmed_at__lte=known_at) if known_at else rows


def two_persons(name: str) -> models.CheckConstraint:
    """The check that ``confirmed_by`` is somebody else than ``entered_by``."""
    return models.CheckConstraint(
        name=f"{name}_two_persons",
        condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
        | (
            Q(confirmed_at__isnull=False, confirmed_by__isnull=False)
            & (Q(entered_by__isnull=True) | ~Q(confirmed_by=F("entered_by")))
        ),
    )


def instant(at: datetime) -> str:
    """The instant as the rule language writes it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def period(valid: Any) -> dict[str, str | None]:
    """A stored period as ``from`` and ``until`` of the rule language."""
    return {
        "from": instant(valid.lower) if valid.lower else None,
        "until": instant(valid.upper) if valid.upper else None,
    }
