"""POST /api/v1/what-if: the answer at another instant or under a draft. Not to be acted on."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, JsonResponse

from accesscontrol import decisions, policy
from accesscontrol.api import ijson, instants, questions
from accesscontrol.api.entry import bearer, plain_view
from accesscontrol.api.evaluation import sha256_of
from accesscontrol.api.problems import Problem
from accesscontrol.models import RuleVersion
from accesscontrol.models.common import instant

SCOPE = "decisions:whatif"


@plain_view("POST")
def what_if(request: HttpRequest) -> JsonResponse:
    """A question as in AuthZEN, with `at`, `known_at` or `draft`. The answer has no `decision`."""
    at = datetime.now(UTC)
    token = bearer(request, scope=SCOPE, at=at)
    document = ijson.read_object(request)
    asked = questions.read(
        document, request_sha256=sha256_of(document), idempotency_key="", enforced=False
    )
    as_of = _instant(document, "at", at) or _instant(document.get("context", {}), "at", at)
    draft = _draft(document)
    try:
        judged = decisions.what_if(
            asked=asked,
            by=token,
            at=at,
            as_of=as_of,
            known_at=_instant(document, "known_at", at),
            draft=draft,
        )
    except policy.PolicyError as error:
        raise Problem(400, error.code, error.message, pointer="/draft") from error
    explained = decisions.may_explain(token)
    answer: dict[str, Any] = {
        "what_if": True,
        "as_of": instant(as_of or at),
        "asked_at": instant(at),
        **decisions.answer(judged, explained=explained, changes=explained),
    }
    if draft is not None:
        answer["draft"] = {"rule": draft.rule.ref, "version": draft.version}
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


def _instant(document: dict[str, Any], name: str, now: datetime) -> datetime | None:
    """An RFC 3339 instant with an offset. `known_at` may not be in the future."""
    if name not in document:
        return None
    at = instants.read(document[name], name)
    if name == "known_at" and at > now:
        raise Problem(400, "bad_value", "Nobody knows the future.", pointer="/known_at")
    return at


def _draft(document: dict[str, Any]) -> RuleVersion | None:
    """The rule version that `draft` names: {"rule": ref, "version": n}."""
    if "draft" not in document:
        return None
    named = document["draft"]
    if not isinstance(named, dict) or not isinstance(named.get("rule"), str):
        raise Problem(
            400,
            "bad_shape",
            'draft names a rule version: {"rule": "R-1", "version": 2}.',
            pointer="/draft",
        )
    version = named.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < 2**31:
        raise Problem(400, "bad_value", "version must be a whole number.", pointer="/draft/version")
    versions = RuleVersion.objects.filter(rule__ref=named["rule"], version=version)
    draft = versions.select_related("rule").first()
    if draft is None:
        raise Problem(404, "not_found", "There is no such rule version.", pointer="/draft")
    return draft
