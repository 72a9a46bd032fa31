"""The rules with their versions, and the releases, over the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accesscontrol import decisions
from accesscontrol.api.listing import Listing
from accesscontrol.models import Release, Rule, RuleVersion


class VersionOutput(serializers.ModelSerializer[RuleVersion]):
    """A version's content, which never changes once it is published."""

    content = serializers.JSONField(read_only=True)

    class Meta:
        model = RuleVersion
        fields = [
            "version", "state", "title", "effect", "content", "digest", "created_at",
            "submitted_at", "approved_at", "published_at",
        ]  # fmt: skip

    def to_representation(self, instance: RuleVersion) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        secret = instance.rule.order.confidential
        if secret and not decisions.may_explain(self.context["request"].auth):
            shown.update(title=None, content=None)
        return shown


class RuleOutput(serializers.ModelSerializer[Rule]):
    order = serializers.SlugRelatedField[Any](slug_field="reference", read_only=True)

    class Meta:
        model = Rule
        fields = ["ref", "order", "created_at"]


class RuleDetail(RuleOutput):
    versions = serializers.SerializerMethodField()

    class Meta(RuleOutput.Meta):
        fields = [*RuleOutput.Meta.fields, "versions"]

    @extend_schema_field(VersionOutput(many=True))
    def get_versions(self, rule: Rule) -> Any:
        rows = rule.versions.select_related("rule__order").order_by("-version")
        return VersionOutput(rows, many=True, context=self.context).data


class Rules(Listing):
    """Rules with their versions."""

    scopes = {"GET": "policy:read"}
    queryset = Rule.objects.select_related("order")
    lookup_field = "ref"
    filterset_fields = ["order__reference"]

    def get_serializer_class(self) -> type[RuleOutput]:
        return RuleDetail if self.action == "retrieve" else RuleOutput


class ReleaseOutput(serializers.ModelSerializer[Release]):
    class Meta:
        model = Release
        fields = ["number", "sha256", "published_at", "because"]


class ReleaseDetail(ReleaseOutput):
    """With the canonical text whose SHA-256 it has; that text holds every rule."""

    class Meta(ReleaseOutput.Meta):
        fields = [*ReleaseOutput.Meta.fields, "canonical"]

    def to_representation(self, instance: Release) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if not decisions.may_explain(self.context["request"].auth):
            shown["canonical"] = None
        return shown


class Releases(Listing):
    """Releases, the newest first; the first one is in force."""

    scopes = {"GET": "policy:read"}
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    def get_queryset(self) -> QuerySet[Release]:
        rows = Release.objects.all()
        return rows if self.action == "retrieve" else rows.defer("canonical")

    def get_serializer_class(self) -> type[ReleaseOutput]:
        return ReleaseDetail if self.action == "retrieve" else ReleaseOutput

    queryset = Release.objects.all()
