"""The review queue over the API: the cases that a person must decide."""

from typing import Any

from rest_framework import serializers

from accesscontrol.api.listing import Listing
from accesscontrol.models import Case


class CaseOutput(serializers.ModelSerializer[Case]):
    licensee = serializers.SlugRelatedField[Any](slug_field="ref", read_only=True)

    class Meta:
        model = Case
        fields = [
            "id", "kind", "state", "licensee", "subject", "opened_at", "due_at", "escalated_at",
            "decision", "decided_at",
        ]  # fmt: skip


class Cases(Listing):
    """Cases, the newest first."""

    scopes = {"GET": "cases:read"}
    queryset = Case.objects.select_related("licensee")
    serializer_class = CaseOutput
    filterset_fields = ["state", "kind", "licensee__ref"]
    lookup_value_regex = "[0-9]{1,18}"
