"""Adds to drf-spectacular's OpenAPI document the plain views, which it cannot see."""

from collections.abc import Mapping
from typing import Any

ENTITY = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {
        "type": {"type": "string"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200},
        "properties": {"type": "object"},
    },
}
QUESTION = {
    "subject": {"$ref": "#/components/schemas/Entity"},
    "resource": {"$ref": "#/components/schemas/Entity"},
    "action": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "properties": {"type": "object"}},
    },
    "context": {"type": "object"},
}
REQUIRED = ["subject", "resource", "action"]
SCHEMAS = {
    "Entity": ENTITY,
    "Question": {"type": "object", "required": REQUIRED, "properties": QUESTION},
    "QuestionBatch": {
        "type": "object",
        "properties": {
            **QUESTION,
            "evaluations": {
                "type": "array",
                "maxItems": 1000,
                "items": {"type": "object", "properties": QUESTION},
            },
            "options": {
                "type": "object",
                "properties": {
                    "evaluations_semantic": {
                        "type": "string",
                        "enum": ["execute_all", "deny_on_first_deny", "permit_on_first_permit"],
                    }
                },
            },
        },
    },
    "WhatIfQuestion": {
        "type": "object",
        "required": REQUIRED,
        "properties": {
            **QUESTION,
            "at": {"type": "string", "format": "date-time"},
            "known_at": {"type": "string", "format": "date-time"},
            "draft": {
                "type": "object",
                "required": ["rule", "version"],
                "properties": {"rule": {"type": "string"}, "version": {"type": "integer"}},
            },
        },
    },
    "Verdict": {
        "type": "object",
        "required": ["outcome", "reason", "reasons", "undetermined", "release"],
        "properties": {
            "outcome": {
                "type": "string",
                "enum": ["permit", "deny", "license_required", "review", "undetermined"],
            },
            "reason": {"type": "string"},
            "reasons": {"type": "array", "items": {"type": "object"}},
            "undetermined": {"type": "array", "items": {"type": "object"}},
            "obligations": {"type": "array", "items": {"type": "object"}},
            "what_would_change": {"type": "array", "items": {"type": "object"}},
            "would_have": {"type": "array", "items": {"type": "object"}},
            "lifted": {"type": "array", "items": {"type": "object"}},
            "conflicts": {"type": "array", "items": {"type": "string"}},
            "invalid": {"type": "array", "items": {"type": "string"}},
            "entitlement": {"type": "string", "enum": ["none", "active", "held"]},
            "release": {"type": "integer"},
            "evaluation_id": {"type": "string"},
            "evaluated_at": {"type": "string", "format": "date-time"},
            "next_scheduled_change": {"type": "string", "format": "date-time"},
        },
    },
    "Answer": {
        "type": "object",
        "required": ["decision"],
        "properties": {
            "decision": {"type": "boolean"},
            "context": {"$ref": "#/components/schemas/Verdict"},
        },
    },
    "AnswerBatch": {
        "type": "object",
        "properties": {
            "evaluations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["decision"],
                    "properties": {
                        "decision": {"type": "boolean"},
                        "context": {"type": "object"},
                    },
                },
            }
        },
    },
    "Draft": {
        "type": "object",
        "required": ["content", "because"],
        "properties": {
            "content": {"type": "object"},
            "order": {"type": "string"},
            "because": {"type": "string"},
        },
    },
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "code": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": {"type": "string"},
                        "code": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                },
            },
        },
    },
}


def add_plain_views(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """A postprocessing hook. The hot path is no DRF view, but it is part of the contract."""
    result["components"]["schemas"].update(SCHEMAS)
    result["paths"].update(
        {
            "/access/v1/evaluation": _post("Question", "Answer", "decisions:ask", "evaluate"),
            "/access/v1/evaluations": _post(
                "QuestionBatch", "AnswerBatch", "decisions:ask", "evaluate_batch"
            ),
            "/api/v1/what-if": _post("WhatIfQuestion", "Verdict", "decisions:whatif", "what_if"),
            "/api/v1/rules/{ref}/drafts": _post(
                "Draft",
                None,
                "policy:draft",
                "draft_rule",
                status=201,
                path_parameters={"ref": "string"},
            ),
            "/api/v1/rules/{ref}/versions/{number}/previews": _post(
                None,
                "Preview",
                "policy:draft",
                "preview_rule",
                status=202,
                path_parameters={"ref": "string", "number": "integer"},
            ),
            "/api/v1/previews/{id}/cancel": _post(
                None,
                "PreviewOutput",
                "policy:draft",
                "previews_cancel",
                path_parameters={"id": "integer"},
            ),
        }
    )
    for path in result["paths"].values():
        _add_problems(path)
    result["paths"] = dict(sorted(result["paths"].items()))
    result["components"]["schemas"] = dict(sorted(result["components"]["schemas"].items()))
    return result


def _post(
    request: str | None,
    response: str | None,
    scope: str,
    name: str,
    status: int = 200,
    path_parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A POST operation. ``request`` and ``response`` name schemas."""
    answer: dict[str, Any] = {"description": "The answer." if response else "Made."}
    if response:
        answer["content"] = _content(response)
    parameters = [
        {"in": "path", "name": parameter, "required": True, "schema": {"type": type_}}
        for parameter, type_ in (path_parameters or {}).items()
    ]
    return {
        "post": {
            **({"parameters": parameters} if path_parameters else {}),
            "operationId": name,
            "description": f"Needs a token with the scope `{scope}`.",
            "tags": [name.split("_")[0]],
            "security": [{"bearerToken": []}],
            **(
                {"requestBody": {"required": True, "content": _content(request)}} if request else {}
            ),
            "responses": {str(status): answer},
        }
    }


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _add_problems(path: dict[str, Any]) -> None:
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for operation in path.values():
        operation["responses"]["default"] = {
            "description": "A problem document (RFC 9457).",
            "content": {"application/problem+json": problem},
        }
