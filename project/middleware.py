"""Gives each request an id, binds the id and the client's address to both logs, writes a line."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accesscontrol import audit

log = structlog.get_logger("access")
_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_QUIET = ("/livez", "/readyz", "/metrics", "/static/")


class RequestLog:
    """The outermost middleware, so that a refused request has an id and a line in the log too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = _request_id(request)
        request.request_id = request_id  # type: ignore[attr-defined]  # for the page of a 500
        started = time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            audit.context(request_id=request_id, ip=client_ip(request)),
        ):
            response = self.get_response(request)
            if not request.path.startswith(_QUIET):
                _line(request, response, time.perf_counter() - started)
        response.headers.setdefault("X-Request-ID", request_id)  # the API echoes any id as it came
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


def _request_id(request: HttpRequest) -> str:
    """The caller's id if it is plain, since it is written to our log, else a fresh one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _SANE.match(given) else uuid4().hex


def client_ip(request: HttpRequest) -> str:
    """The caller's address. X-Forwarded-For counts for as many proxies as the settings name."""
    direct = str(request.META.get("REMOTE_ADDR") or "")
    if not settings.TRUSTED_PROXIES:
        return direct
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    hops = [part for part in forwarded if part]
    return hops[-min(settings.TRUSTED_PROXIES, len(hops))] if hops else direct


def _line(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    user = getattr(request, "_cached_user", None)  # only if the request itself looked it up
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        actor=getattr(user, "pk", None),
    )
