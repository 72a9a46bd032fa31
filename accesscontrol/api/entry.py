"""How a caller comes in: the frame of a plain view, and the bearer token (RFC 6750) of any view."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accesscontrol import access
from accesscontrol.api import problems
from accesscontrol.api.problems import Problem
from accesscontrol.models import ApiToken

CHALLENGE = 'Bearer realm="Export Gate"'
LONGEST_REQUEST_ID = 1_000


def plain_view(*methods: str) -> Callable[..., Any]:
    """Wrap a thin view: its methods, every failure as a problem, the caller's request id echoed."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise _wrong_method(request, methods)
                made = view(request, *args, **kwargs)
            except Exception as error:
                made = problems.response(error, request)
            echo(request, made)
            return made

        answer.csrf_exempt = True  # type: ignore[attr-defined]  # Django reads it there
        return answer

    return wrap


def _wrong_method(request: HttpRequest, methods: tuple[str, ...]) -> Problem:
    allowed = ", ".join(methods)
    return Problem(
        405,
        "wrong_method",
        f"{request.method} does not work here; use {allowed}.",
        headers={"Allow": allowed},
    )


def echo(request: HttpRequest, made: HttpResponse) -> None:
    """Give the caller's X-Request-ID back as it came, on errors too (AuthZEN §10.1.3)."""
    given = request.headers.get("X-Request-ID", "")
    if 0 < len(given) <= LONGEST_REQUEST_ID and given.isprintable():
        made["X-Request-ID"] = given


class BearerRequest(HttpRequest):
    """The request of a plain view that keeps its token where DRF's views have it."""

    auth: ApiToken


def bearer(request: HttpRequest, *, scope: str, at: datetime) -> ApiToken:
    """The token of the request, which has the scope. Raises InvalidToken, InsufficientScope."""
    token = _token(request, at)
    if token is None:
        raise Problem(
            401,
            "missing_token",
            "Send Authorization: Bearer eg_<key>.<secret>.",
            headers={"WWW-Authenticate": CHALLENGE},
        )
    access.require_scope(token, scope)
    return token


def _token(request: HttpRequest | Request, at: datetime) -> ApiToken | None:
    """None where no bearer token was sent at all."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return None
    return access.authenticate(text.strip(), at=at)


class BearerToken(BaseAuthentication):
    """The same for DRF: the caller stands as `request.auth`; there is no user behind a token."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        token = _token(request, datetime.now(UTC))
        return None if token is None else (None, token)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its __init_subclass__
    """How a client sends its token."""

    target_class = "accesscontrol.api.entry.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "eg_<key>.<secret>"}


class HasScope(BasePermission):
    """The view names the scope of each method in `scopes`; a method without one is for nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated("Send Authorization: Bearer eg_<key>.<secret>.")
        scope = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if scope is None:
            return False
        if scope:
            access.require_scope(request.auth, scope)
        return True
