"""Shows a refusal that no form has caught as a page in words, with the right status."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from accesscontrol.errors import NotAllowed, NotFound, NotRecorded, Refused, Stale

STATUS = ((NotAllowed, 403), (NotFound, 404), (Stale, 409), (Refused, 409), (NotRecorded, 503))
TITLES = {
    403: "You may not do this",
    404: "There is no such thing",
    409: "That was refused",
    503: "Nothing was done",
}


class Refusals(MiddlewareMixin):
    """For the screens only. The API answers refusals itself, as problem documents."""

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not request.resolver_match or "dashboard" not in request.resolver_match.namespaces:
            return None
        for kind, status in STATUS:
            if isinstance(problem, kind):
                context = {"title": TITLES[status], "message": str(problem)}
                return render(request, "refused.html", context, status=status)
        return None
