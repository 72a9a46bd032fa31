"""What every request to the API passes: a plain view's frame, and the bearer token (RFC 6750)."""

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
    """Wrap a plain view: check the method, answer a failure as a problem, echo the request id."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise _wrong_method(request, methods)
                response = view(request, *args, **kwargs)
            except Exception as error:
                response = problems.response(error, request)
            echo(request, response)
            return response

        wrapped.csrf_exempt = True  # type: ignore[attr-defined]  # Django reads it there
        return wrapped

    return wrap


def _wrong_method(request: HttpRequest, methods: tuple[str, ...]) -> Problem:
    allowed = ", ".join(methods)
    return Problem(
        405,
        "wrong_method",
        f"{request.method} does not work here; use {allowed}.",
        headers={"Allow": allowed},
    )


def echo(request: HttpRequest, response: HttpResponse) -> None:
    """Return the caller's X-Request-ID unchanged, on errors too (AuthZEN §10.1.3)."""
    given = request.headers.get("X-Request-ID", "")
    if 0 < len(given) <= LONGEST_REQUEST_ID and given.isprintable():
        response["X-Request-ID"] = given


class BearerRequest(HttpRequest):
    """The request of a plain view. Its token is in ``auth``, as in DRF's views."""

    auth: ApiToken


def bearer(request: HttpRequest, *, scope: str, at: datetime) -> ApiToken:
    """Return the request's token, which must have the scope.

    Raises Problem 401 if there is no token, InvalidToken or InsufficientScope.
    """
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
    """Return the request's token, or None if the request has none."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return None
    return access.authenticate(text.strip(), at=at)


class BearerToken(BaseAuthentication):
    """The same for DRF's views. The token is in `request.auth`; a token has no user."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        token = _token(request, datetime.now(UTC))
        return None if token is None else (None, token)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its __init_subclass__
    """Describes in the OpenAPI document how a client sends its token."""

    target_class = "accesscontrol.api.entry.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "eg_<key>.<secret>"}


class HasScope(BasePermission):
    """Checks the token's scope. The view's `scopes` names one for each method it allows."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated("Send Authorization: Bearer eg_<key>.<secret>.")
        scope = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if scope is None:
            return False
        if scope:
            access.require_scope(request.auth, scope)
        return True
