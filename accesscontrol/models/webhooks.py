"""The outbox: messages for licensing systems, written with the change they tell of."""

from django.db import models


class OutboxMessage(models.Model):
    """A message to be delivered; its row is written in the transaction of the change."""

    kind = models.CharField(max_length=60)
    data = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
