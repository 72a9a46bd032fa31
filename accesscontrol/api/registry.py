"""The register over the API: AI models and licensees with their current facts."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accesscontrol import access, facts, policy, screening
from accesscontrol.api import instants
from accesscontrol.api.listing import Listing
from accesscontrol.api.problems import Problem
from accesscontrol.models import AIModel, Licensee

STANDING = [
    OpenApiParameter("standing", str, enum=policy.OUTCOMES),
    OpenApiParameter("model", str, description="Of the standing"),
    OpenApiParameter("activity", str, description="Of the standing"),
]


def _outcome(text: str) -> str:
    if text not in policy.OUTCOMES:
        known = ", ".join(policy.OUTCOMES)
        raise Problem(400, "bad_value", f"standing is one of {known}.", pointer="/standing")
    return text


class FactOutput(serializers.Serializer[Any]):
    attribute = serializers.CharField()
    value = serializers.JSONField()
    source = serializers.CharField()


def _facts(about: facts.Sourced | None) -> list[dict[str, Any]]:
    """The facts sorted by attribute. A fact that the register lacks is left out."""
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


class CountedOutput(serializers.Serializer[Any]):
    activity = serializers.CharField()
    outcome = serializers.CharField()
    licensees = serializers.IntegerField()


class StoodOutput(serializers.Serializer[Any]):
    model = serializers.CharField()
    activity = serializers.CharField()
    outcome = serializers.CharField()


class Models(Listing):
    """AI models and the activities they are offered for."""

    scopes = {"GET": "models:read"}
    queryset = AIModel.objects.prefetch_related("offerings")
    lookup_field = "ref"

    @extend_schema(responses=CountedOutput(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def standings(self, request: Request, ref: str | None = None) -> Response:
        """How many licensees have which standing for each activity of the model."""
        access.require_scope(request.auth, "licensees:read")
        return Response(CountedOutput(screening.outcome_counts(self.get_object()), many=True).data)

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

    def get_queryset(self) -> QuerySet[Licensee]:
        """Licensees. A list can be limited to those with an outcome, of a model or an activity."""
        rows: QuerySet[Licensee] = super().get_queryset()
        query = self.request.query_params
        if self.action != "list" or "standing" not in query:
            return rows
        offering = {name: query.get(name, "") for name in ("model", "activity")}
        standing = screening.licensees_with(_outcome(query["standing"]), **offering)
        return rows.filter(pk__in=standing.values("pk"))

    @extend_schema(parameters=STANDING)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Licensees, the newest first; of a standing, all whose standing it is."""
        return super().list(request, *args, **kwargs)

    @extend_schema(
        responses=StoodOutput(many=True),
        filters=False,
        parameters=[OpenApiParameter("at", OpenApiTypes.DATETIME, description="Now, unless told")],
    )
    @action(detail=True, pagination_class=None)
    def standings(self, request: Request, ref: str | None = None) -> Response:
        """The outcome for each offering as it stood at an instant; empty: not judged by then."""
        text = request.query_params.get("at")
        at = datetime.now(UTC) if text is None else instants.read(text, "at")
        stood = screening.standing_at(self.get_object(), at=at)
        return Response(StoodOutput(stood, many=True).data)

    def get_serializer_class(self) -> type[LicenseeOutput]:
        return LicenseeDetail if self.action == "retrieve" else LicenseeOutput
