"""The entry of a screen: the right it needs, the person and the instant, refusals in a form."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypedDict

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from accesscontrol import access
from accesscontrol.errors import Refused
from accesscontrol.models import User

View = Callable[..., HttpResponseBase]
STOP_POLLING = 286  # the status at which htmx stops polling


class Request(HttpRequest):
    """The request of a screen. Django makes it; the types are what `screen` ensures."""

    now: datetime  # the one instant of the whole request
    user: User  # signed in


class Who(TypedDict):
    """The person and the instant, as arguments of a verb."""

    by: User
    at: datetime


def now() -> datetime:
    """The clock. Only the entries of the product read it, never a verb."""
    return datetime.now(UTC)


def screen(right: str = "read") -> Callable[[View], View]:
    """Wrap a view for signed-in people who have ``right``. For others it raises NotAllowed."""

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.now = now()
            access.require(request.user, right, at=request.now)
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def who(request: Request) -> Who:
    """The person who acts, and when: `orders.lift(order=order, …, **who(request))`."""
    return {"by": request.user, "at": request.now}


def reason(request: Request, *, most: int = 2000) -> str:
    """The reason that a button without a form sends."""
    return request.POST.get("because", "").replace("\0", "").strip()[:most]


def rights(request: Request, *names: str) -> dict[str, bool]:
    """Which of the rights the person has. A template reads `policy.draft` as `policy_draft`."""
    return {name.replace(".", "_"): access.may(request.user, name) for name in names}


def attempt(form: forms.Form, verb: Callable[[], Any]) -> Any:
    """Call a verb for a valid form. If it refuses, add its message to the form and return None.

    If the refusal points to a field of the form (`/effective_at`), the message is at that field.
    """
    try:
        return verb()
    except Refused as refusal:
        name = refusal.pointer.rsplit("/", 1)[-1]
        form.add_error(name if name in form.fields else None, refusal.message)
        return None


def back(request: HttpRequest, otherwise: str) -> str:
    """The page to return to after a form: `next` if it is a page of this product."""
    address = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if own else otherwise
