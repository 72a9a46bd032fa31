"""Who may open a screen, and how a room's refusal becomes words beside the form."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from accesscontrol import access
from accesscontrol.errors import Refused

View = Callable[..., HttpResponseBase]


def now() -> datetime:
    """The clock, which only doors read."""
    return datetime.now(UTC)


def screen(right: str = "read") -> Callable[[View], View]:
    """The view is for people who are signed in and have ``right``; raises access.NotAllowed else.

    ``request.now`` is the one instant of the whole request.
    """

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.now = now()  # type: ignore[attr-defined]
            access.require(request.user, right, at=request.now)  # type: ignore[attr-defined,arg-type]
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def attempt(form: forms.Form, verb: Callable[[], Any]) -> Any:
    """Call a verb for a valid form; its refusal becomes the form's error and the answer is None.

    Where the refusal points to a field of the form (`/effective_at`), the error stands there.
    """
    try:
        return verb()
    except Refused as refusal:
        name = refusal.pointer.rsplit("/", 1)[-1]
        form.add_error(name if name in form.fields else None, refusal.message)
        return None


def back(request: HttpRequest, otherwise: str) -> str:
    """The page to return to after a form: `next` where it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if own else otherwise
