"""The outbox: messages to licensing systems, written in the transaction of the change."""

from django.db import models


class OutboxMessage(models.Model):
    """A message that is to be delivered."""

    kind = models.CharField(max_length=60)
    data = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
