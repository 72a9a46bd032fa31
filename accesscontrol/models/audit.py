"""The rows of the audit log, read-only here, since only `accesscontrol.audit` writes them."""

from django.db import models


class AuditEvent(models.Model):
    """One event. ``payload`` is canonical JSON as text; the other columns are generated from it."""

    id = models.BigAutoField(primary_key=True)
    payload = models.TextField()
    leaf_hash = models.BinaryField()
    kind = models.TextField()
    actor_id = models.TextField()
    subject_id = models.TextField()
    rule_id = models.TextField(null=True)  # noqa: DJ001 (generated; absent is absent)
    decision_id = models.TextField(null=True)  # noqa: DJ001
    at_us = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = 'audit"."event'
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
