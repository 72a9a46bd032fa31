"""Errors of the API as RFC 9457 problem documents, the same for plain views and for DRF."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from accesscontrol import access, decisions, errors, releases

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is an error: status, stable code, words, and a pointer into the request."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        pointer: str = "",
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.headers = headers or {}
        self.members = members

    def document(self, request: HttpRequest) -> dict[str, Any]:
        """The problem document: the members of RFC 9457 and ours (code, request_id, errors)."""
        document = {
            "type": f"urn:export-gate:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
            "code": self.code,
            "request_id": getattr(request, "request_id", ""),
            **self.members,
        }
        if self.pointer and "errors" not in document:
            where = {"pointer": f"#{self.pointer}", "code": self.code, "detail": self.detail}
            document["errors"] = [where]
        return document


def _of_token(error: Any) -> Problem:
    challenge = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
    return Problem(401, "invalid_token", error.message, headers=challenge)


def _of_scope(error: Any) -> Problem:
    challenge = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    return Problem(
        403, "insufficient_scope", error.message, headers={"WWW-Authenticate": challenge}
    )


def _of_api_exception(error: Any) -> Problem:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    if isinstance(error.detail, (dict, list)):
        fields = list(_field_errors(error.get_full_details(), ""))
        return Problem(error.status_code, code, "The request does not fit.", errors=fields)
    headers = {}
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))
    return Problem(error.status_code, code, str(error.detail), headers=headers)


def _field_errors(node: Any, pointer: str) -> Any:
    if isinstance(node, dict) and set(node) == {"message", "code"}:
        yield {"pointer": f"#{pointer}", "code": node["code"], "detail": str(node["message"])}
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _field_errors(child, f"{pointer}/{name}")
    else:
        for child in node:
            yield from _field_errors(child, pointer)


def _of_refused(status: int) -> Callable[[Any], Problem]:
    return lambda error: Problem(status, error.code, error.message, pointer=error.pointer)


def _not_recorded(error: Any) -> Problem:
    return Problem(
        503,
        "not_recorded",
        "The answer could not be recorded, so there is none, and nothing is permitted. Try again.",
        headers={"Retry-After": "2"},
    )


def _no_release(error: Any) -> Problem:
    return Problem(503, error.code, error.message, headers={"Retry-After": "30"})


# In this order: a special class comes before its general one.
_TRANSLATIONS: dict[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda error: error,
    access.InvalidToken: _of_token,
    access.InsufficientScope: _of_scope,
    releases.NoRelease: _no_release,
    decisions.KeyReused: _of_refused(422),
    errors.NotAllowed: _of_refused(403),
    errors.NotFound: _of_refused(404),
    errors.Stale: _of_refused(409),
    errors.Refused: _of_refused(400),
    errors.NotRecorded: _not_recorded,
    DatabaseError: _not_recorded,
    InterfaceError: _not_recorded,
    exceptions.APIException: _of_api_exception,
    Http404: lambda error: Problem(404, "not_found", "There is nothing at this address."),
    PermissionDenied: lambda error: Problem(403, "not_allowed", "This is not allowed."),
}


def of(error: Exception) -> Problem:
    """The problem for a failure. An unexpected failure tells the caller nothing about itself."""
    for kind, translate in _TRANSLATIONS.items():
        if isinstance(error, kind):
            return translate(error)
    log.exception("unanticipated failure", exc_info=error)
    return Problem(500, "internal", "Something failed here. Nothing was permitted; try again.")


def response(error: Exception, request: HttpRequest) -> HttpResponse:
    """A plain view's answer to a failure."""
    problem = of(error)
    body = json.dumps(problem.document(request), ensure_ascii=False)
    answer = HttpResponse(body, status=problem.status, content_type=CONTENT_TYPE)
    for name, value in problem.headers.items():
        answer[name] = value
    answer["Cache-Control"] = "no-store"
    return answer


def drf_handler(error: Exception, context: dict[str, Any]) -> Response:
    """A DRF view's answer to a failure."""
    request = context["request"]
    problem = of(error)
    headers = {**problem.headers, "Cache-Control": "no-store"}
    document = problem.document(request)
    return Response(document, problem.status, headers=headers, content_type=CONTENT_TYPE)
