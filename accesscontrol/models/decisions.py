"""Recorded decisions. Each is written once, with its audit event, and never changed."""

from django.db import models
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Cast, Concat


class ReasonBlob(models.Model):
    """A list of reasons that is too long for a decision's row, stored once under its digest."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    canonical = models.TextField()

    def __str__(self) -> str:
        return self.sha256


class Decision(models.Model):
    """One answer: who asked what, the facts it read and their sources, the verdict, the release."""

    evaluation = models.UUIDField(help_text="UUIDv7; a batch shares it")
    item = models.PositiveSmallIntegerField(default=0, help_text="0 = single, batch from 1")
    decision_id = models.GeneratedField(
        expression=Case(
            When(item=0, then=Cast("evaluation", TextField())),
            default=Concat(
                Cast("evaluation", TextField()),
                Value(".", output_field=TextField()),
                Cast("item", TextField()),
                output_field=TextField(),
            ),
            output_field=TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
        unique=True,
    )
    decided_at = models.DateTimeField(db_index=True)
    asked_by = models.CharField(max_length=200, help_text="The token's name, or the person's")
    token = models.ForeignKey("ApiToken", models.PROTECT, null=True, related_name="decisions")
    request_id = models.CharField(max_length=200, blank=True)
    request_sha256 = models.CharField(max_length=64)
    user_digest = models.CharField(
        max_length=64, blank=True, help_text="Salted digest of a user's id"
    )
    licensee_ref = models.CharField(max_length=200)
    model_ref = models.CharField(max_length=200)
    activity = models.CharField(max_length=200)
    outcome = models.CharField(max_length=20)
    release = models.ForeignKey("Release", models.PROTECT, related_name="+")
    entitlement = models.CharField(max_length=10)
    question = models.JSONField(
        help_text="facts, sources, stated, licenses, dispositions: enough to replay it"
    )
    verdict = models.JSONField(
        help_text="language.md §8, without the reasons where a blob holds them"
    )
    reasons = models.ForeignKey(ReasonBlob, models.PROTECT, null=True, related_name="+")
    list_versions = models.JSONField(default=dict)

    class Meta:
        ordering = ["-decided_at", "-id"]
        indexes = [
            models.Index(F("licensee_ref"), F("id").desc(), name="decision_by_licensee"),
            models.Index(F("outcome"), F("id").desc(), name="decision_by_outcome"),
        ]
        constraints = [models.UniqueConstraint("evaluation", "item", name="decision_item_unique")]

    def __str__(self) -> str:
        return str(self.decision_id)
