"""The recorded decisions over the API, each with its answer in words."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accesscontrol import decisions
from accesscontrol.api.listing import Listing
from accesscontrol.models import Decision


class DecisionOutput(serializers.ModelSerializer[Decision]):
    release = serializers.SlugRelatedField[Any](slug_field="number", read_only=True)

    class Meta:
        model = Decision
        fields = [
            "decision_id", "decided_at", "asked_by", "request_id", "licensee_ref", "model_ref",
            "activity", "outcome", "release", "entitlement", "request_sha256",
        ]  # fmt: skip


class DecisionDetail(DecisionOutput):
    """With the answer, put into words again from the recorded question and release."""

    answer = serializers.SerializerMethodField()

    class Meta(DecisionOutput.Meta):
        fields = [*DecisionOutput.Meta.fields, "answer", "list_versions"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_answer(self, decision: Decision) -> dict[str, Any]:
        explained = decisions.may_explain(self.context["request"].auth)
        return decisions.answer(decisions.again(decision), explained=explained)


class Decisions(Listing):
    """Recorded decisions, the newest first; none is ever changed."""

    scopes = {"GET": "decisions:read"}
    queryset = Decision.objects.select_related("release", "reasons")
    lookup_field = "decision_id"
    filterset_fields = ["licensee_ref", "model_ref", "activity", "outcome", "request_id"]

    def get_serializer_class(self) -> type[DecisionOutput]:
        return DecisionDetail if self.action == "retrieve" else DecisionOutput
