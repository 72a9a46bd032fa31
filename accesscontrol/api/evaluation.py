"""The hot path: answers AuthZEN 1.0's evaluation (one question) and evaluations (a batch)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from accesscontrol import decisions
from accesscontrol.api import ijson, questions
from accesscontrol.api.entry import bearer, plain_view
from accesscontrol.api.problems import Problem
from accesscontrol.decisions import Asked, Decided, Faulty, Semantic
from accesscontrol.models import ApiToken

SCOPE = "decisions:ask"
LARGEST_BATCH = 1_000
ENTITIES = ("subject", "resource", "action", "context")


@plain_view("POST")
def evaluation(request: HttpRequest) -> HttpResponse:
    """POST /access/v1/evaluation: one question, one decision."""
    at = datetime.now(UTC)
    token = bearer(request, scope=SCOPE, at=at)
    return _single(request, ijson.read_object(request), token, at)


@plain_view("POST")
def evaluations(request: HttpRequest) -> HttpResponse:
    """POST /access/v1/evaluations: a batch. Without items it is a single question."""
    at = datetime.now(UTC)
    token = bearer(request, scope=SCOPE, at=at)
    document = ijson.read_object(request)
    items = _items(document)
    semantic = _semantic(document)
    if not items:
        return _single(request, document, token, at)
    key = questions.idempotency_key(request)
    asked = [_question(document, item, n, key) for n, item in enumerate(items)]
    batch = decisions.decide_many(asked=asked, by=token, at=at, semantic=semantic)
    explained = decisions.may_explain(token)
    answers = [_item_answer(item, explained=explained) for item in batch.answers]
    response = _json({"evaluations": answers})
    response["X-Evaluation-Id"] = str(batch.evaluation)
    return response


def _single(
    request: HttpRequest, document: dict[str, Any], token: ApiToken, at: datetime
) -> HttpResponse:
    asked = questions.read(
        document,
        request_sha256=sha256_of(document),
        idempotency_key=questions.idempotency_key(request),
    )
    decided = decisions.evaluate(asked=asked, by=token, at=at)
    explained = decisions.may_explain(token)
    context = decisions.answer(decided.judged, explained=explained, changes=explained)
    context["data"] = {"lists": _lists(decided)}
    context["evaluated_at"] = decided.judged.question["at"]
    context["evaluation_id"] = str(decided.decision.evaluation)
    response = _json({"decision": decided.judged.permits, "context": context})
    response["X-Evaluation-Id"] = str(decided.decision.evaluation)
    return response


def _items(document: dict[str, Any]) -> list[Any]:
    items = document.get("evaluations", [])
    if not isinstance(items, list):
        raise Problem(400, "bad_shape", "evaluations must be an array.", pointer="/evaluations")
    if len(items) > LARGEST_BATCH:
        raise Problem(
            413,
            "too_large",
            f"A batch has at most {LARGEST_BATCH} items; this one has {len(items)}. Split it.",
            pointer="/evaluations",
        )
    return items


def _semantic(document: dict[str, Any]) -> Semantic:
    options = document.get("options", {})
    if not isinstance(options, dict):
        raise Problem(400, "bad_shape", "options must be an object.", pointer="/options")
    asked = options.get("evaluations_semantic", Semantic.ALL)
    if asked not in list(Semantic):
        raise Problem(
            400,
            "bad_value",
            f"evaluations_semantic is one of {', '.join(Semantic)}.",
            pointer="/options/evaluations_semantic",
        )
    return Semantic(asked)


def _question(document: dict[str, Any], item: Any, n: int, key: str) -> Asked | Faulty:
    """Read an item, with the batch's defaults. An item that cannot be read is Faulty, no 400."""
    try:
        if not isinstance(item, dict):
            raise Problem(400, "bad_shape", "An item must be an object.")
        entities = {
            name: _inherited(document, item, name)
            for name in ENTITIES
            if name in item or name in document
        }
        return questions.read(entities, request_sha256=sha256_of(entities), idempotency_key=key)
    except Problem as problem:
        pointer = f"/evaluations/{n}{problem.pointer}"
        return Faulty(problem.status, problem.code, problem.detail, pointer)


def _inherited(document: Mapping[str, Any], item: Mapping[str, Any], name: str) -> Any:
    """The item's entity replaces the default entity. If it has no type it takes the default's."""
    if name not in item:
        return document[name]
    entity, default = item[name], document.get(name)
    if (
        name in ("subject", "resource")
        and isinstance(entity, dict)
        and isinstance(default, dict)
        and "type" not in entity
        and "type" in default
    ):
        return {"type": default["type"], **entity}
    return entity


def _item_answer(answer: Decided | Faulty, *, explained: bool) -> dict[str, Any]:
    """The answer to an item. It has no id or time, so that equal batches get equal answers."""
    if isinstance(answer, Faulty):
        error = {"status": answer.status, "code": answer.code, "message": answer.message}
        if answer.pointer:
            error["pointer"] = f"#{answer.pointer}"
        return {"decision": False, "context": {"error": error}}
    context = decisions.answer(answer.judged, explained=explained)
    context["data"] = {"lists": _lists(answer)}
    return {"decision": answer.judged.permits, "context": context}


def _lists(decided: Decided) -> str:
    """The versions of the restricted-party lists that the answer is based on."""
    versions = decided.decision.list_versions
    return ", ".join(f"{code} v{number}" for code, number in versions.items()) or "none"


def sha256_of(document: dict[str, Any]) -> str:
    """The digest of a request. The order of its members does not count; a retry may change it."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _json(document: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(document), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
