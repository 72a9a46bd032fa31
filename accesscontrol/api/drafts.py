"""POST /api/v1/rules/{ref}/drafts: a program proposes a rule. Persons approve and publish it."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, JsonResponse

from accesscontrol import orders
from accesscontrol.api import ijson
from accesscontrol.api.entry import bearer, plain_view
from accesscontrol.api.problems import Problem
from accesscontrol.models import Order, RuleVersion

SCOPE = "policy:draft"


@plain_view("POST")
def drafts(request: HttpRequest, ref: str) -> JsonResponse:
    """Start a new rule, or a rule's next version. An error in the rule has a pointer into it."""
    at = datetime.now(UTC)
    token = bearer(request, scope=SCOPE, at=at)
    document = ijson.read_object(request)
    content = document.get("content")
    if not isinstance(content, dict):
        raise Problem(400, "bad_shape", "content must be the rule, an object.", pointer="/content")
    try:
        version = orders.draft(
            ref=ref,
            content=content,
            order=_order(document),
            by=token,
            at=at,
            because=_because(document),
        )
    except orders.CannotEdit as error:
        pointer = (
            error.pointer if error.code == error.__class__.code else f"/content{error.pointer}"
        )
        raise Problem(400, error.code, error.message, pointer=pointer) from error
    return _created(version)


def _order(document: dict[str, Any]) -> Order | None:
    """The order that a new rule implements. An existing rule has its own."""
    reference = document.get("order")
    if reference is None:
        return None
    order = (
        Order.objects.filter(reference=reference).first() if isinstance(reference, str) else None
    )
    if not order:
        raise Problem(400, "unknown_order", "There is no such order.", pointer="/order")
    return order


def _because(document: dict[str, Any]) -> str:
    because = document.get("because", "")
    if not isinstance(because, str):
        raise Problem(400, "bad_value", "because must be a sentence.", pointer="/because")
    return because


def _created(version: RuleVersion) -> JsonResponse:
    body = {
        "rule": version.rule.ref,
        "version": version.version,
        "state": version.state,
        "digest": version.digest,
    }
    response = JsonResponse(body, status=201)
    response["Location"] = f"/api/v1/rules/{version.rule.ref}/"
    response["Cache-Control"] = "no-store"
    return response
