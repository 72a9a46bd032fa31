"""The register over the API: AI models and licensees with their facts as they stand now."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accesscontrol import facts
from accesscontrol.api.listing import Listing
from accesscontrol.models import AIModel, Licensee


class FactOutput(serializers.Serializer[Any]):
    attribute = serializers.CharField()
    value = serializers.JSONField()
    source = serializers.CharField()


def _facts(about: facts.Sourced | None) -> list[dict[str, Any]]:
    """Sorted by attribute; what the register does not hold is not in it."""
    if about is None:
        return []
    return [
        {"attribute": name, "value": value, "source": about.sources[name]}
        for name, value in sorted(about.facts.items())
    ]


class ModelOutput(serializers.ModelSerializer[AIModel]):
    activities = serializers.SerializerMethodField()

    class Meta:
        model = AIModel
        fields = ["ref", "name", "created_at", "retired_at", "activities"]

    def get_activities(self, model: AIModel) -> list[str]:
        return [offering.activity for offering in model.offerings.all()]


class ModelDetail(ModelOutput):
    facts = serializers.SerializerMethodField()

    class Meta(ModelOutput.Meta):
        fields = [*ModelOutput.Meta.fields, "facts"]

    @extend_schema_field(FactOutput(many=True))
    def get_facts(self, model: AIModel) -> list[dict[str, Any]]:
        return _facts(facts.about_models([model.pk], at=datetime.now(UTC)).get(model.pk))


class Models(Listing):
    """AI models and the activities they are offered for."""

    scopes = {"GET": "models:read"}
    queryset = AIModel.objects.prefetch_related("offerings")
    lookup_field = "ref"

    def get_serializer_class(self) -> type[ModelOutput]:
        return ModelDetail if self.action == "retrieve" else ModelOutput


class LicenseeOutput(serializers.ModelSerializer[Licensee]):
    class Meta:
        model = Licensee
        fields = ["ref", "name", "country", "hq_country", "created_at", "changed_at", "version"]


class LicenseeDetail(LicenseeOutput):
    facts = serializers.SerializerMethodField()

    class Meta(LicenseeOutput.Meta):
        fields = [*LicenseeOutput.Meta.fields, "facts"]

    @extend_schema_field(FactOutput(many=True))
    def get_facts(self, licensee: Licensee) -> list[dict[str, Any]]:
        return _facts(facts.about_licensees([licensee.pk], at=datetime.now(UTC)).get(licensee.pk))


class Licensees(Listing):
    """Licensees; an empty country is an unknown one."""

    scopes = {"GET": "licensees:read"}
    queryset = Licensee.objects.all()
    lookup_field = "ref"
    filterset_fields = ["country", "hq_country"]

    def get_serializer_class(self) -> type[LicenseeOutput]:
        return LicenseeDetail if self.action == "retrieve" else LicenseeOutput
