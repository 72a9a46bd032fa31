"""The review queue: what a person must decide."""

from django.db import models
from django.db.models import Q

from accesscontrol.models.access import User
from accesscontrol.models.registry import Licensee
from accesscontrol.models.screening import ScreeningRun


class Case(models.Model):
    """One question for a person about one licensee."""

    class Kind(models.TextChoices):
        REVIEW = "review", "Review"
        MATCH = "match", "Possible match"
        UNDETERMINED = "undetermined", "Can't decide"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SNOOZED = "snoozed", "Snoozed"
        PROPOSED = "proposed", "Waiting for a second person"
        DECIDED = "decided", "Decided"
        CLOSED = "closed", "Closed: no longer needed"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="cases")
    subject = models.CharField(
        max_length=200, help_text="What it is about: a rule version, a match, the missing facts"
    )
    evidence = models.JSONField(default=dict, help_text="Offerings, rules, facts, missing facts")
    run = models.ForeignKey(ScreeningRun, models.PROTECT, null=True, related_name="cases")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="cases")
    viewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    viewed_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=20, blank=True)
    because = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, help_text="For stale edits")

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "licensee",
                "kind",
                "subject",
                name="case_one_open",
                condition=~Q(state__in=["decided", "closed"]),
            )
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class CaseNote(models.Model):
    """A remark or a step in a case's timeline."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=20, default="comment")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.case}"
