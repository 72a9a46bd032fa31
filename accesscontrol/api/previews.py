"""Impact previews over the API: start, progress, affected licensees, cancel."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import JsonResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accesscontrol import access, decisions, orders
from accesscontrol.api.entry import BearerRequest, bearer, plain_view
from accesscontrol.api.listing import CursorPages, Listing
from accesscontrol.api.problems import Problem
from accesscontrol.models import (
    AffectedLicensee,
    ApiToken,
    Finding,
    Group,
    Licensee,
    Offering,
    Order,
    Preview,
    RuleVersion,
    Sheet,
)
from accesscontrol.screening import preview as impact_preview

DRAFTS, READS = "policy:draft", "policy:read"
GROUPS = {group.key: group for group in Group if group != Group.NO_CHANGE}
CONFIDENTIAL = ("by_country", "ask_for", "not_evaluated")


def _groups() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"type": "integer"}}


class PreviewOutput(serializers.ModelSerializer[Preview]):
    """While it runs the counts are those so far; once it is done the six groups are the total.

    Of a confidential order's rule only the counts, unless the token has decisions:explain.
    """

    rule = serializers.CharField(source="version.rule.ref", read_only=True)
    version = serializers.IntegerField(source="version.version", read_only=True)
    digest = serializers.CharField(source="content_digest", read_only=True)
    compared_with = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    groups = serializers.SerializerMethodField()
    by_country = serializers.SerializerMethodField()
    entitlements = serializers.SerializerMethodField()
    ask_for = serializers.SerializerMethodField()
    not_evaluated = serializers.SerializerMethodField()
    affected_sha256 = serializers.CharField(source="affected_digest", read_only=True)
    stale = serializers.SerializerMethodField()

    class Meta:
        model = Preview
        fields = [
            "id", "rule", "version", "digest", "compared_with", "judged_at", "state", "progress",
            "groups", "by_country", "entitlements", "ask_for", "matched", "matched_not_granted",
            "matched_denied", "not_evaluated", "affected_sha256", "stale", "problem", "created_at",
            "started_at", "finished_at", "seconds",
        ]  # fmt: skip

    @extend_schema_field({"type": "integer", "description": "Release; 0: none was published yet"})
    def get_compared_with(self, preview: Preview) -> int:
        return impact_preview.number(preview)

    @extend_schema_field(_groups())
    def get_progress(self, preview: Preview) -> dict[str, int]:
        return {"done": preview.done, "total": preview.total}

    @extend_schema_field(_groups())
    def get_groups(self, preview: Preview) -> dict[str, int]:
        return preview.groups

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": _groups()})
    def get_by_country(self, preview: Preview) -> Any:
        return preview.by_country

    @extend_schema_field(_groups())
    def get_entitlements(self, preview: Preview) -> Any:
        return preview.entitlements

    @extend_schema_field(_groups() | {"type": ["object", "null"]})
    def get_ask_for(self, preview: Preview) -> Any:
        return preview.ask_for

    @extend_schema_field({"type": ["array", "null"], "items": {"type": "string"}})
    def get_not_evaluated(self, preview: Preview) -> list[str]:
        rows = Licensee.objects.filter(id__in=preview.not_evaluated).order_by("id")
        return list(rows.values_list("ref", flat=True))

    @extend_schema_field(
        {"type": "string", "description": "Why it is out of date; empty: it is not"}
    )
    def get_stale(self, preview: Preview) -> str:
        return impact_preview.why_stale(preview, version=preview.version)

    def to_representation(self, instance: Preview) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if not _may_read(instance.version.rule.order, self.context["request"]):
            shown.update(dict.fromkeys(CONFIDENTIAL))
        return shown


class AffectedOutput(serializers.Serializer[Any]):
    """One licensee: its group, and the first granted offering that puts it there."""

    licensee = serializers.CharField(source="licensee.ref")
    group = serializers.SerializerMethodField()
    country = serializers.CharField()
    entitlements = serializers.IntegerField(source="granted")
    model = serializers.SerializerMethodField()
    activity = serializers.SerializerMethodField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": list(GROUPS)})
    def get_group(self, row: AffectedLicensee) -> str:
        return Group(row.group).key

    @extend_schema_field({"type": "string"})
    def get_model(self, row: AffectedLicensee) -> str:
        return self._offering(row)[0]

    @extend_schema_field({"type": "string"})
    def get_activity(self, row: AffectedLicensee) -> str:
        return self._offering(row)[1]

    @extend_schema_field({"type": ["object", "null"]})
    def get_before(self, row: AffectedLicensee) -> Any:
        return self._verdict(row.before_id, row.position)

    @extend_schema_field({"type": ["object", "null"]})
    def get_after(self, row: AffectedLicensee) -> Any:
        return self._verdict(row.after_id, row.position)

    def _offering(self, row: AffectedLicensee) -> tuple[str, str]:
        offering: tuple[str, str] = self.context["offerings"].get(row.position, ("", ""))
        return offering if row.after_id else ("", "")

    def _verdict(self, sheet: int | None, position: int) -> Any:
        """The outcome and the rules that decide it, or null if it could not be judged."""
        verdict = None if sheet is None else self.context["verdicts"].get((sheet, position))
        if verdict is None:
            return None
        deciding = verdict["reasons"] or verdict["undetermined"]
        return {"outcome": verdict["outcome"], "rules": [entry["rule"] for entry in deciding]}


class ByLicensee(CursorPages):
    """Pages in the order of the licensees' ids."""

    ordering = "licensee_id"


class Previews(Listing):
    """Impact previews of drafted rules, the newest first."""

    scopes = {"GET": READS}
    queryset = Preview.objects.select_related("version__rule__order", "release")
    serializer_class = PreviewOutput
    filterset_fields = ["state", "version__rule__ref", "version__version"]
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(
        parameters=[OpenApiParameter("group", str, enum=list(GROUPS))],
        responses=AffectedOutput(many=True),
    )
    @action(detail=True, pagination_class=ByLicensee, filter_backends=[])
    def licensees(self, request: Request, pk: str | None = None) -> Response:
        """Whom it affects, so far while it runs. Needs the scope `licensees:read` too."""
        access.require_scope(request.auth, "licensees:read")
        preview = self.get_object()
        if not _may_read(preview.version.rule.order, request):
            access.require_scope(request.auth, "decisions:explain")
        rows = preview.licensees.select_related("licensee")
        page = self.paginate_queryset(_of_group(rows, request.query_params.get("group")))
        context = {"offerings": _offerings(page or []), "verdicts": _verdicts(page or [])}
        return self.get_paginated_response(AffectedOutput(page, many=True, context=context).data)


@plain_view("POST")
def previews(request: BearerRequest, ref: str, number: int) -> JsonResponse:
    """Ask for the preview of an open version. It replaces one that is under way."""
    at = datetime.now(UTC)
    token = bearer(request, scope=DRAFTS, at=at)
    rows = RuleVersion.objects.select_related("rule__order")
    version = rows.filter(rule__ref=ref, version=number).first()
    if version is None:
        raise Problem(404, "not_found", "There is no such rule version.")
    return _response(request, orders.preview(version=version, by=token, at=at), token, status=202)


@plain_view("POST")
def cancel(request: BearerRequest, pk: int) -> JsonResponse:
    """Stop a preview after the part that is in work."""
    at = datetime.now(UTC)
    token = bearer(request, scope=DRAFTS, at=at)
    preview = Preview.objects.filter(pk=pk).first()
    if preview is None:
        raise Problem(404, "not_found", "There is no such preview.")
    try:
        cancelled = impact_preview.cancel(preview, by=token, at=at)
    except impact_preview.CannotCancelPreview as error:
        raise Problem(409, error.code, error.message) from error
    return _response(request, cancelled, token, status=200)


def _response(
    request: BearerRequest, preview: Preview, token: ApiToken, *, status: int
) -> JsonResponse:
    request.auth = token
    body = PreviewOutput(preview, context={"request": request}).data
    response = JsonResponse(body, status=status)
    response["Location"] = f"/api/v1/previews/{preview.pk}/"
    response["Cache-Control"] = "no-store"
    if preview.state in Preview.OPEN:
        response["Retry-After"] = "2"
    return response


def _may_read(order: Order, request: BearerRequest | Request) -> bool:
    return not order.confidential or decisions.may_explain(request.auth)


def _of_group(rows: Any, group: str | None) -> Any:
    if not group:
        return rows
    if group not in GROUPS:
        known = ", ".join(GROUPS)
        raise Problem(400, "bad_value", f"group is one of {known}.", pointer="/group")
    return rows.filter(group=GROUPS[group])


def _offerings(rows: Iterable[AffectedLicensee]) -> dict[int, tuple[str, str]]:
    offerings = Offering.objects.filter(position__in={row.position for row in rows})
    return {
        offering.position: (offering.model.ref, offering.activity)
        for offering in offerings.select_related("model")
    }


def _verdicts(rows: Iterable[AffectedLicensee]) -> Mapping[tuple[int, int], Any]:
    """The verdicts of the sheets of these rows at their positions, in two statements."""
    wanted = {(pk, row.position) for row in rows for pk in (row.before_id, row.after_id) if pk}
    sheets = dict(
        Sheet.objects.filter(id__in={pk for pk, _ in wanted}).values_list("id", "findings")
    )
    finding_ids = {(pk, position): sheets[pk][position] for pk, position in wanted}
    verdicts = dict(
        Finding.objects.filter(id__in=set(finding_ids.values())).values_list("id", "verdict")
    )
    return {key: verdicts.get(finding_id) for key, finding_id in finding_ids.items()}
