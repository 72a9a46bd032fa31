"""Entitlements, which the company grants to licensees, and the holds on them."""

from django.db import models
from django.db.models import F, Q

from accesscontrol.models.access import User
from accesscontrol.models.registry import Licensee, Offering
from accesscontrol.models.screening import ScreeningRun


class Entitlement(models.Model):
    """A licensee may use an offering, as far as the company is concerned."""

    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="entitlements")
    offering = models.ForeignKey(Offering, models.PROTECT, related_name="entitlements")
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("licensee", "offering", name="entitlement_unique")]

    def __str__(self) -> str:
        return f"{self.licensee}: {self.offering}"


class Hold(models.Model):
    """Why an entitlement may not be used for now.

    A screening's hold follows the standing. An officer's hold refuses questions.
    """

    class Cause(models.TextChoices):
        SCREENING = "screening", "Screening"
        OFFICER = "officer", "Officer"

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="holds")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    # No query asks for the holds of a run or a person, and neither is ever deleted: so no index.
    run = models.ForeignKey(
        ScreeningRun, models.PROTECT, null=True, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=20, blank=True)
    because = models.TextField()
    placed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    placed_at = models.DateTimeField()
    release_asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    release_asked_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    released_run = models.ForeignKey(
        ScreeningRun, models.PROTECT, null=True, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "entitlement", "cause", name="hold_one_open_a_cause", condition=Q(released_at=None)
            ),
            models.CheckConstraint(
                name="hold_officer_release_two_persons",
                condition=Q(cause="screening")
                | Q(released_at__isnull=True)
                | (
                    Q(release_asked_by__isnull=False, released_by__isnull=False)
                    & ~Q(released_by=F("release_asked_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} hold on {self.entitlement}"
