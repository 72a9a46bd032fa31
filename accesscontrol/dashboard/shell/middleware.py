"""Turns a refusal that no form caught into a page in words, with the right status."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accesscontrol.errors import NotAllowed, NotFound, NotRecorded, Refused, Stale

STATUS = ((NotAllowed, 403), (NotFound, 404), (Stale, 409), (Refused, 409), (NotRecorded, 503))
TITLES = {
    403: "You may not do this",
    404: "There is no such thing",
    409: "That was refused",
    503: "Nothing was done",
}


class Refusals:
    """For the screens only: the API answers refusals itself, as problem+json."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not request.resolver_match or "dashboard" not in request.resolver_match.namespaces:
            return None
        for kind, status in STATUS:
            if isinstance(problem, kind):
                context = {"title": TITLES[status], "message": str(problem)}
                return render(request, "refused.html", context, status=status)
        return None
