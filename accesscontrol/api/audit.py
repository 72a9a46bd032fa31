"""The audit log over the API. Each event is the exact text that was hashed."""

from typing import Any

from rest_framework import serializers

from accesscontrol.api.listing import Listing
from accesscontrol.models import AuditEvent


class AuditEventOutput(serializers.ModelSerializer[AuditEvent]):
    """`payload` is canonical JSON as text; `leaf_hash` is SHA-256 of a zero byte and that text."""

    leaf_hash = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = ["id", "kind", "actor_id", "subject_id", "decision_id", "payload", "leaf_hash"]

    def get_leaf_hash(self, event: Any) -> str:
        return bytes(event.leaf_hash).hex()


class AuditEvents(Listing):
    """Everything that happened, the newest first."""

    scopes = {"GET": "audit:read"}
    queryset = AuditEvent.objects.all()
    serializer_class = AuditEventOutput
    filterset_fields = ["kind", "actor_id", "subject_id", "decision_id"]
    lookup_value_regex = "[0-9]{1,18}"
