"""The screens of approvals: the inbox, and one version with its impact and the decision on it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accesscontrol import access, orders
from accesscontrol.dashboard.preview import state, submission
from accesscontrol.dashboard.rules import changes, life
from accesscontrol.dashboard.rules.detail import test_results
from accesscontrol.dashboard.rules.states import OPEN
from accesscontrol.dashboard.shell import confidential, filters, paging, plain
from accesscontrol.dashboard.shell.entry import Request, attempt, rights, screen, who
from accesscontrol.errors import Refused
from accesscontrol.models import (
    Amendment,
    Licensee,
    NamedList,
    RuleEdit,
    RuleVersion,
    User,
)
from accesscontrol.orders import publication, terms

WHOSE = (("me", "Waiting for me"), ("mine", "Mine"), ("all", "All"))
VERBS = ("approve", "request-changes", "reject", "comment", "withdraw", "publish", "confirm")


class DecisionForm(plain.Form):
    """The reason of a decision. The verb refuses if it needs one and there is none."""

    because = forms.CharField(
        label="What you say about it",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Required for all but an approval. It stays in the discussion and the log.",
    )
    late = forms.BooleanField(
        required=False, label="I know that the time it should take effect has passed"
    )
    confirmed = forms.IntegerField(required=False, widget=forms.HiddenInput)


@screen()
def listing(request: Request) -> HttpResponse:
    """The inbox: versions that wait for the person, the person's own, or all."""
    approver = access.may(request.user, "policy.approve")
    chosen = filters.read(request, filters.Filter("whose", "Whose", WHOSE))
    whose = chosen["whose"] or ("me" if approver else "all")
    versions = confidential.readable(
        RuleVersion.objects.select_related("rule__order", "created_by", "submitted_by"),
        request.user,
        by="rule__order",
    )
    page = paging.page(_whose(versions, whose, request.user), request, by=("-edited_at", "-id"))
    context = {
        "page": page,
        "tabs": WHOSE,
        "whose": whose,
        "approver": approver,
        "lifts": _lifts(request.user) if whose != "mine" else [],
        "lists": _lists(request.user) if whose != "mine" else [],
        "emergencies": list(
            confidential.readable(orders.emergencies_to_confirm(), request.user, by="rule__order")[
                :50
            ]
        ),
        "decided": versions.filter(state__in=["published", "rejected", "withdrawn"]).order_by(
            "-edited_at", "-id"
        )[:5],
    }
    return render(request, "dashboard/approvals/list.html", context)


@screen()
def detail(request: Request, pk: int) -> HttpResponse:
    """One version: its changes against the one in force, its impact, and the decisions on it."""
    version = _version(pk)
    confidential.require(version.rule.order, request.user, at=request.now)
    return _page(request, version, DecisionForm())


@screen()
@require_POST
def act(request: Request, pk: int, verb: str) -> HttpResponse:
    """Approve, ask for changes, reject, comment, withdraw, publish or confirm: one verb each."""
    version = _version(pk)
    confidential.require(version.rule.order, request.user, at=request.now)
    form = DecisionForm(request.POST)
    if (
        form.is_valid()
        and _ensure_seen(form, version, verb, request)
        and attempt(form, lambda: _call(verb, version, form.cleaned_data, request))
    ):
        messages.success(request, _success(verb, version))
        return redirect("dashboard:approval", pk)
    return _page(request, version, form, status=422)


def _call(verb: str, version: RuleVersion, data: dict[str, Any], request: Request) -> Any:
    because = data["because"]
    if verb == "comment":
        return orders.comment(version=version, text=because, **who(request))
    verbs: dict[str, Any] = {
        "approve": orders.approve,
        "request-changes": orders.request_changes,
        "reject": orders.reject,
        "withdraw": orders.withdraw,
        "publish": orders.publish,
        "confirm": orders.confirm_emergency,
    }
    more = {"confirmed": data["confirmed"]} if verb == "approve" else {}
    return verbs[verb](version=version, because=because, **more, **who(request))


def _ensure_seen(form: DecisionForm, version: RuleVersion, verb: str, request: Request) -> bool:
    """Ask once more before a version is approved or published after its effective time."""
    at = request.now
    if verb not in ("approve", "publish") or form.cleaned_data["late"]:
        return True
    if not terms.plan(version, at).backdated:
        return True
    form.add_error("late", "Confirm that you know it: it takes effect at publication instead.")
    return False


def _success(verb: str, version: RuleVersion) -> str:
    return {
        "approve": f"{version} is approved. It is not in force until it is published.",
        "request-changes": f"{version} went back to its authors.",
        "reject": f"{version} is rejected.",
        "comment": "Your comment is in the discussion.",
        "withdraw": f"{version} is withdrawn.",
        "publish": f"{version} is published. Everyone is being screened again.",
        "confirm": f"The emergency denial {version} is confirmed.",
    }[verb]


def _whose(versions: QuerySet[Any], whose: str, user: User) -> QuerySet[Any]:
    if whose == "mine":
        return versions.filter(Q(created_by=user) | Q(submitted_by=user), state__in=OPEN)
    if whose == "all":
        return versions.filter(state__in=("submitted", "approved"))
    return versions.filter(state="submitted").exclude(pk__in=_edited_by(user))


def _edited_by(user: User) -> QuerySet[Any]:
    """Versions of rules that the person edited after the rule's last published version."""
    last = (
        RuleVersion.objects.filter(rule=OuterRef("rule"), state="published")
        .order_by()
        .values("rule")
        .annotate(newest=Max("version"))
        .values("newest")
    )
    edits = RuleEdit.objects.filter(
        user=user,
        rule_version__rule=OuterRef("rule"),
        rule_version__version__gt=OuterRef("since"),
    )
    rows = RuleVersion.objects.filter(state="submitted").annotate(since=Coalesce(Subquery(last), 0))
    return rows.filter(Exists(edits)).values("pk")


def _lifts(user: User) -> list[Amendment]:
    waiting = Amendment.objects.filter(kind="lift", order__lifted_at=None)
    return list(waiting.select_related("order", "entered_by").order_by("effective_at")[:50])


def _lists(user: User) -> list[NamedList]:
    waiting = NamedList.objects.filter(entries__confirmed_at=None, order__isnull=False)
    return list(waiting.select_related("order").distinct().order_by("code")[:50])


def _version(pk: int) -> RuleVersion:
    rows = RuleVersion.objects.select_related(
        "rule__order",
        "created_by",
        "submitted_by",
        "approved_by",
        "published_by",
        "term",
        "submitted_preview__release",
        "approved_preview__release",
    )
    return get_object_or_404(rows, pk=pk)


def _page(
    request: Request, version: RuleVersion, form: DecisionForm, status: int = 200
) -> HttpResponse:
    at = request.now
    user = request.user
    edited = orders.editors(version)
    results, why_untested = test_results(version, at)
    order, impact = version.rule.order, state.current(version)
    context = {
        "version": version,
        "rule": version.rule,
        "order": order,
        "text": order.text if not order.confidential else "",
        "steps": life.steps(version, at, impact),
        **submission.context(version, impact),
        **changes.against_in_force(version, at),
        "results": results,
        "why_untested": why_untested,
        "comments": version.comments.select_related("by"),
        "editors": User.objects.filter(pk__in=edited),
        "edited": user.pk in edited,
        "approvers": User.objects.filter(role="approver", is_active=True).exclude(pk__in=edited),
        "plan": terms.plan(version, at) if version.state in OPEN else None,
        "blocked": _blocked(version, at),
        "everyone": paging.count(Licensee.objects.all()),
        "form": form,
        "may": rights(request, "policy.draft", "policy.approve", "policy.publish"),
    }
    return render(request, "dashboard/approvals/detail.html", context, status=status)


def _blocked(version: RuleVersion, at: datetime) -> str:
    """Why an approved version cannot be published. Empty if it can."""
    if version.state != "approved":
        return ""
    try:
        publication.ensure_publishable(version, at=at)
    except Refused as refusal:
        return refusal.message
    return ""


urlpatterns = [
    path("approvals", listing, name="approvals"),
    path("approvals/<int:pk>", detail, name="approval"),
    *[
        path(f"approvals/<int:pk>/{verb}", act, {"verb": verb}, name=f"approval-{verb}")
        for verb in VERBS
    ],
]
