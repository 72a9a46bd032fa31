"""The hot path: AuthZEN 1.0's evaluation and evaluations, parsed, decided, answered."""

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
    """POST /access/v1/evaluations: a batch; without items it is a single question."""
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
    answer = {"evaluations": [_item_answer(each, explained=explained) for each in batch.answers]}
    made = _json(answer)
    made["X-Evaluation-Id"] = str(batch.evaluation)
    return made


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
    made = _json({"decision": decided.judged.permits, "context": context})
    made["X-Evaluation-Id"] = str(decided.decision.evaluation)
    return made


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
    """An item with the defaults of the whole; one that cannot be read is a faulty item, no 400."""
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
    """The item's entity replaces the default whole; one without a type takes the default's type."""
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
    """No ids and times in here: equal batches get equal answers (X-Evaluation-Id has the id)."""
    if isinstance(answer, Faulty):
        error = {"status": answer.status, "code": answer.code, "message": answer.message}
        if answer.pointer:
            error["pointer"] = f"#{answer.pointer}"
        return {"decision": False, "context": {"error": error}}
    context = decisions.answer(answer.judged, explained=explained)
    context["data"] = {"lists": _lists(answer)}
    return {"decision": answer.judged.permits, "context": context}


def _lists(decided: Decided) -> str:
    """The versions of the restricted-party lists that stood behind the answer."""
    versions = decided.decision.list_versions
    return ", ".join(f"{code} v{number}" for code, number in versions.items()) or "none"


def sha256_of(document: dict[str, Any]) -> str:
    """Of the request as read, whatever the order of its members (a retry may shuffle them)."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _json(document: dict[str, Any]) -> HttpResponse:
    made = HttpResponse(msgspec.json.encode(document), content_type="application/json")
    made["Cache-Control"] = "no-store"
    return made
