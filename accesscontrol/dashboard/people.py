"""The screen of people with their roles, and of the tokens of licensing systems."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accesscontrol import access
from accesscontrol.dashboard.shell.entry import Request, screen, who
from accesscontrol.models import ApiToken, Role, User


@screen()
def listing(request: Request) -> HttpResponse:
    """People by role, the separation of duty in a sentence, and tokens without their secrets."""
    people = list(User.objects.order_by("role", "username")[:200])
    return render(
        request,
        "dashboard/people/list.html",
        {
            "people": people,
            "duty": _separation(people),
            "tokens": [
                {"row": token, "state": _state(token, request.now)}
                for token in ApiToken.objects.select_related("created_by").order_by("-created_at")[
                    :100
                ]
            ],
            "may_manage": access.may(request.user, "token.manage"),
        },
    )


def _separation(people: list[User]) -> str:
    """In a sentence, what would stop if one person were away."""
    counts = Counter(person.role for person in people if person.is_active)
    approvers, drafters = counts[Role.APPROVER], counts[Role.OFFICER] + counts[Role.APPROVER]
    if approvers == 0:
        return "There is no approver, so no rule can be approved."
    if drafters < 2:
        return "There is one person who drafts or approves; a rule needs two."
    if approvers == 1:
        name = next(str(p) for p in people if p.is_active and p.role == Role.APPROVER)
        return f"Approvals would stop if {name} were away: there is no second approver."
    officers = counts[Role.OFFICER]
    return f"{approvers} approvers and {officers} officers: nobody's absence stops an approval."


def _state(token: ApiToken, at: Any) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at <= at else "active"


@require_POST
@screen("token.manage")
def revoke(request: Request, key_id: str) -> HttpResponse:
    """End a token at once. A system that uses it gets 401 from its next call on."""
    token = ApiToken.objects.filter(key_id=key_id).first()
    if token is None:
        raise Http404
    access.revoke_token(token=token, **who(request), because="Revoked on screen")
    messages.success(request, f"The token {token.name} is revoked.")
    return redirect("dashboard:people")


urlpatterns = [
    path("people", listing, name="people"),
    path("people/tokens/<str:key_id>/revoke", revoke, name="token-revoke"),
]
