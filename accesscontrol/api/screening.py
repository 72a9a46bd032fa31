"""Screening runs over the API: how far they are, and which standings changed."""

from typing import Any

from rest_framework import serializers

from accesscontrol.api.listing import Listing
from accesscontrol.models import ScreeningRun


class RunOutput(serializers.ModelSerializer[ScreeningRun]):
    release = serializers.SlugRelatedField[Any](slug_field="number", read_only=True)

    class Meta:
        model = ScreeningRun
        fields = [
            "id", "cause", "subject", "release", "state", "total", "changed", "unchanged", "failed",
            "outcome_changes", "created_at", "started_at", "finished_at",
        ]  # fmt: skip


class Runs(Listing):
    """Screening runs; in an ended one changed + unchanged + failed is the total."""

    scopes = {"GET": "cases:read"}
    queryset = ScreeningRun.objects.select_related("release")
    serializer_class = RunOutput
    filterset_fields = ["state", "cause"]
    lookup_value_regex = "[0-9]{1,18}"
