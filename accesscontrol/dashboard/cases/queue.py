"""The queue and one of its cases, in three panes. The left pane is a page of the filtered queue."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accesscontrol import access, cases
from accesscontrol.dashboard.cases import evidence
from accesscontrol.dashboard.cases.forms import CaseForm
from accesscontrol.dashboard.shell import filters, paging
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import Case, Licensee, User

WHOSE = (("mine", "Mine or unassigned"), ("second", "Waiting for a second person"), ("all", "All"))
MOST = 99
MORE_DATA = ("more-data", "Need more data: ask, and snooze")


@screen()
def queue(request: Request) -> HttpResponse:
    """The queue with its first case open."""
    page, chosen = items(request)
    first = page.rows[0] if page.rows else None
    return render_queue(request, first, CaseForm(at=request.now), page=page, chosen=chosen)


@screen()
def case(request: Request, pk: int) -> HttpResponse:
    """One case, with the queue beside it."""
    shown = get_object_or_404(Case.objects.select_related("licensee", "assignee", "run"), pk=pk)
    return render_queue(request, shown, CaseForm(at=request.now))


@screen("case.decide")
def next_unassigned(request: Request) -> HttpResponse:
    """Go to the unassigned case that is due first."""
    after = Case.objects.filter(pk=_number(request.GET.get("after", ""))).first()
    at = request.now
    unassigned = cases.next_unassigned(at=at, after=after) or cases.next_unassigned(at=at)
    if unassigned is None:
        messages.success(request, "Nothing is unassigned.")
        return redirect("dashboard:cases")
    return redirect("dashboard:case", unassigned.pk)


def items(request: Request) -> tuple[paging.Page, filters.Filters]:
    """A page of the queue by due time, with the filters of the address: the left pane."""
    chosen = filters.read(
        request,
        filters.Filter("whose", "Whose", WHOSE),
        filters.Filter("kind", "Kind", Case.Kind.choices),
        filters.Filter("rule", "Rule"),
        filters.Filter("licensee", "Licensee"),
    )
    rows = _filtered(cases.queue(at=request.now), chosen, request.user)
    return paging.page(rows, request, by=("due_at", "id"), size=25), chosen


def render_queue(
    request: Request,
    shown: Case | None,
    form: CaseForm,
    *,
    page: paging.Page | None = None,
    chosen: filters.Filters | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of three panes around a case."""
    at = request.now
    user = request.user
    if page is None or chosen is None:
        page, chosen = items(request)
    may = access.may(user, "case.decide")
    context = {
        "page": page,
        "filters": chosen,
        "kept": f"?{chosen.query}" if chosen.query else "",
        "whose": chosen["whose"] or "mine",
        "tabs": [(value, label, _with(chosen, whose=value)) for value, label in WHOSE],
        "kinds": [_kind(value, label, chosen) for value, label in Case.Kind.choices],
        "open": paging.capped(cases.queue(at=at), MOST),
        "mine": paging.capped(cases.queue(at=at).filter(assignee=user), MOST),
        "case": shown,
        "may": may,
        "form": form,
        **(_about(shown, page, user, may=may, at=at) if shown else _clear(at)),
    }
    return render(request, "dashboard/cases/list.html", context, status=status)


def _about(
    shown: Case, page: paging.Page, user: User, *, may: bool, at: datetime
) -> dict[str, Any]:
    """The context of one case: evidence, timeline, possible decisions, another viewer."""
    order = [row.pk for row in page.rows]
    place = order.index(shown.pk) if shown.pk in order else -1
    choices = _offered(shown)
    return {
        "evidence": evidence.of(shown, user=user, at=at),
        "notes": shown.notes.select_related("by").order_by("-at", "-id")[:40],
        "choices": [
            {"code": code, "label": label, "key": key, "loosens": code in cases.LOOSENS}
            for key, (code, label) in enumerate(choices, start=1)
        ],
        "looked": cases.look(case=shown, by=user, at=at) if may else None,
        "previous": order[place - 1] if place > 0 else None,
        "next": order[place + 1] if 0 <= place < len(order) - 1 else None,
        "own": shown.decided_by_id == user.pk,
        "over": shown.state in ("decided", "closed"),
    }


def _offered(shown: Case) -> list[tuple[str, str]]:
    """The possible decisions. A match may also wait for more data."""
    if shown.state not in ("open", "snoozed"):
        return []
    more = [MORE_DATA] if shown.kind == Case.Kind.MATCH else []
    return [*cases.DECISIONS[shown.kind].items(), *more]


def _clear(at: datetime) -> dict[str, Any]:
    """The context of an empty queue: the snoozed case that comes back next."""
    sleeping = Case.objects.filter(state="snoozed").order_by("snoozed_until").first()
    return {"sleeping": sleeping, "licensees": Licensee.objects.exists()}


def _filtered(rows: QuerySet[Case], chosen: filters.Filters, user: User) -> QuerySet[Case]:
    whose = chosen["whose"] or "mine"
    if whose == "mine":
        rows = rows.filter(Q(assignee=user) | Q(assignee=None))
    if whose == "second":
        rows = rows.filter(state="proposed").exclude(decided_by=user)
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["rule"]:
        rule = chosen["rule"]
        rows = rows.filter(Q(evidence__rule=rule) | Q(evidence__rules__contains=[rule]))
    if chosen["licensee"]:
        rows = rows.filter(licensee__ref=chosen["licensee"])
    return rows


def _kind(value: str, label: str, chosen: filters.Filters) -> tuple[str, str, str, bool]:
    """A kind of case to filter by, with the address that chooses it or unchooses it."""
    is_on = chosen["kind"] == value
    return value, label, _with(chosen, kind="" if is_on else value), is_on


def _with(chosen: filters.Filters, **changed: str) -> str:
    values = {**dict(chosen.values), **changed}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{reverse('dashboard:cases')}?{query}" if query else reverse("dashboard:cases")


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 12 else 0
