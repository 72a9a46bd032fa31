"""The error pages: the error in words, with the request's id to quote."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403: the person may not open the page."""
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404: offers the search."""
    return render(request, "404.html", status=404)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the forgery check: mostly a page that was open when the session ended."""
    return render(request, "403.html", {"stale_form": True}, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """500: reads no database, since the database may be the cause."""
    request_id = getattr(request, "request_id", "")
    return render(None, "500.html", {"request_id": request_id}, status=500)
