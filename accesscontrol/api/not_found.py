"""Answers an address under /access or /api that does not exist: a problem document, no page."""

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import resolve

from accesscontrol.api.entry import plain_view
from accesscontrol.api.problems import Problem

NAME = "api-not-found"


@plain_view("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def not_found(request: HttpRequest, *_: str) -> HttpResponse:
    """404, or a redirect if only the last slash of an address to read is missing."""
    with_slash = f"{request.path}/"
    if request.method in ("GET", "HEAD") and resolve(with_slash).url_name != NAME:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(with_slash + (f"?{query}" if query else ""))
    raise Problem(404, "not_found", "There is nothing at this address. See /api/v1/docs/.")
