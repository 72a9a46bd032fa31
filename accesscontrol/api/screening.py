"""The screening runs over the API: their progress, and the feed of changed standings."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import renderers, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accesscontrol import screening
from accesscontrol.api.listing import Guarded, Listing
from accesscontrol.api.problems import Problem
from accesscontrol.models import ScreeningChunk, ScreeningRun

MOST = 500
USUAL = 100
SHOWN = 20  # failed chunks in a run's answer; all of them are in the list of its chunks


class FailureOutput(serializers.Serializer[Any]):
    chunk = serializers.IntegerField(source="id")
    licensees = serializers.IntegerField()
    attempts = serializers.IntegerField()
    problem = serializers.CharField()


class ProgressOutput(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    percent = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="Licensees a second")
    left_s = serializers.FloatField(allow_null=True, help_text="Seconds left, as far as known")
    chunks = serializers.IntegerField()
    chunks_waiting = serializers.IntegerField()
    chunks_failed = serializers.IntegerField()
    waits_for_worker = serializers.BooleanField(
        help_text="No worker has been seen for a minute: the run goes on once there is one"
    )


class RunOutput(serializers.ModelSerializer[ScreeningRun]):
    release = serializers.SlugRelatedField[Any](slug_field="number", read_only=True)
    from_release = serializers.SlugRelatedField[Any](slug_field="number", read_only=True)

    class Meta:
        model = ScreeningRun
        fields = [
            "id", "cause", "subject", "release", "from_release", "state", "full", "total", "judged",
            "changed", "unchanged", "failed", "outcome_changes", "alarm", "created_at",
            "started_at", "finished_at",
        ]  # fmt: skip


class RunDetail(RunOutput):
    """With how far it is, and what failed."""

    progress = serializers.SerializerMethodField()
    failures = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField(help_text="Address of its part of the feed")

    class Meta(RunOutput.Meta):
        fields = [*RunOutput.Meta.fields, "progress", "failures", "changes"]

    @extend_schema_field(ProgressOutput)
    def get_progress(self, run: ScreeningRun) -> Any:
        return ProgressOutput(screening.progress(run, at=datetime.now(UTC))).data

    @extend_schema_field(FailureOutput(many=True))
    def get_failures(self, run: ScreeningRun) -> Any:
        return FailureOutput(run.chunks.filter(state="failed")[:SHOWN], many=True).data

    def get_changes(self, run: ScreeningRun) -> str:
        return f"/api/v1/runs/{run.pk}/changes"


class ChunkOutput(serializers.ModelSerializer[ScreeningChunk]):
    class Meta:
        model = ScreeningChunk
        fields = [
            "id", "first_id", "last_id", "state", "attempts", "licensees", "judged", "changed",
            "unchanged", "failed", "problem", "changes_digest", "finished_at",
        ]  # fmt: skip


class Because(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class Runs(Listing):
    """Screening runs; in an ended one changed + unchanged + failed is the total."""

    scopes = {"GET": "cases:read", "POST": "cases:write"}
    queryset = ScreeningRun.objects.select_related("release", "from_release")
    serializer_class = RunOutput
    filterset_fields = ["state", "cause"]
    lookup_value_regex = "[0-9]{1,18}"

    def get_serializer_class(self) -> type[RunOutput]:
        return RunOutput if self.action == "list" else RunDetail

    @extend_schema(responses=ChunkOutput(many=True), filters=False)
    @action(detail=True)
    def chunks(self, request: Request, pk: str) -> Response:
        """The chunks of a run, the newest first: each is screened whole or not at all."""
        page = self.paginate_queryset(self.get_object().chunks.all())
        return self.get_paginated_response(ChunkOutput(page, many=True).data)

    @extend_schema(request=Because, responses=RunDetail)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a run; what its finished chunks changed stays. 409 if it has ended."""
        return self._managed(request, screening.cancel)

    @extend_schema(request=Because, responses=RunDetail)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Give the failed chunks another five attempts. 409 if there is none."""
        return self._managed(request, screening.retry_failed)

    def _managed(self, request: Request, verb: Any) -> Response:
        asked = Because(data=request.data)
        asked.is_valid(raise_exception=True)
        because = asked.validated_data["because"]
        try:
            run = verb(self.get_object(), by=request.auth, at=datetime.now(UTC), because=because)
        except (screening.CannotCancel, screening.NothingFailed) as refused:
            raise Problem(409, refused.code, refused.message) from refused
        return Response(RunDetail(run, context=self.get_serializer_context()).data)


# ---------------------------------------------------------------- the feed of changes


class TurnedOutput(serializers.Serializer[Any]):
    model = serializers.CharField()
    activity = serializers.CharField()
    before = serializers.CharField(allow_null=True, help_text="null: judged for the first time")
    after = serializers.CharField()


class ChangeOutput(serializers.Serializer[Any]):
    licensee = serializers.CharField()
    run = serializers.IntegerField()
    release = serializers.IntegerField()
    at = serializers.DateTimeField()
    outcome_changed = serializers.BooleanField(help_text="false: only a reason changed")
    offerings = TurnedOutput(many=True)
    cursor = serializers.CharField(source="place", help_text="Read on after this one")


class ChangesOutput(serializers.Serializer[Any]):
    results = ChangeOutput(many=True)
    cursor = serializers.CharField(help_text="Keep it: what comes later is read after it")
    next = serializers.CharField(allow_null=True, help_text="null: nothing more for now")


class Lines(renderers.BaseRenderer):
    """A line of JSON for each change (NDJSON). The next page is in the header Link."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = "utf-8"

    def render(self, data: Any, media_type: Any = None, context: Any = None) -> bytes:
        if "results" not in data:
            return bytes(renderers.JSONRenderer().render(data))  # a problem document
        return b"".join(self._lines(data["results"]))

    def _lines(self, results: Any) -> Iterator[bytes]:
        for change in results:
            yield bytes(renderers.JSONRenderer().render(change)) + b"\n"


PARAMETERS = [
    OpenApiParameter("after", str, description="The cursor up to which you have read"),
    OpenApiParameter("limit", int, description=f"At most so many changes, {MOST} at most"),
    OpenApiParameter(
        "reasons", bool, description="Also those of which only a reason changed, not an outcome"
    ),
]
ANSWERS: dict[Any, Any] = {
    (200, "application/json"): ChangesOutput,
    (200, "application/x-ndjson"): OpenApiResponse(
        OpenApiTypes.STR, description="One ChangeOutput a line"
    ),
}


class Changes(Guarded):
    """The changes of standings in the order in which they were committed, the oldest first.

    Start without `after`, keep the `cursor` of each answer and ask again after it: nothing is left
    out and nothing comes twice, however many workers write at once. While `next` is not null there
    is more, even where `results` is empty. What a rule of a confidential order says is never here:
    only that an outcome is another one.
    """

    scopes = {"GET": "licensees:read"}
    renderer_classes = [renderers.JSONRenderer, Lines]

    @extend_schema(parameters=PARAMETERS, responses=ANSWERS, operation_id="standing_changes")
    def get(self, request: Request) -> Response:
        return _read(request, None)


class RunChanges(Guarded):
    """The changes of one run, in the order in which its chunks were committed."""

    scopes = Changes.scopes
    renderer_classes = Changes.renderer_classes

    @extend_schema(parameters=PARAMETERS, responses=ANSWERS, operation_id="run_changes")
    def get(self, request: Request, pk: int) -> Response:
        run = ScreeningRun.objects.filter(pk=pk).first()
        if run is None:
            raise Problem(404, "not_found", "There is no such run.")
        return _read(request, run)


def _read(request: Request, run: ScreeningRun | None) -> Response:
    reasons = request.query_params.get("reasons") in ("true", "1")
    reading = screening.changes(
        after=_after(request), most=_limit(request), run=run, reasons=reasons
    )
    cursor = str(reading.place)
    following = _address(request, cursor) if reading.more else None
    answer = {"results": reading.changes, "cursor": cursor, "next": following}
    response = Response(ChangesOutput(answer).data)
    response["X-Cursor"] = cursor
    if following:
        response["Link"] = f'<{following}>; rel="next"'
    return response


def _after(request: Request) -> screening.Place:
    text = request.query_params.get("after", "")
    place = screening.Place.parse(text) if text else screening.Place()
    if place is None:
        refusal = "after must be the cursor of an earlier answer, as it was given."
        raise Problem(400, "bad_cursor", refusal, pointer="/after")
    return place


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise Problem(
            400, "bad_limit", f"limit must be a number from 1 to {MOST}.", pointer="/limit"
        )
    return int(text)


def _address(request: Request, cursor: str) -> str:
    query = {name: value for name, value in request.query_params.items() if name != "after"}
    following = f"{request.path}?{urlencode({**query, 'after': cursor})}"
    return str(request.build_absolute_uri(following))
