"""The search of all objects: an id opens its page, a word shows the objects that it names."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, path, reverse

from accesscontrol.dashboard.shell import confidential
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.matching.normalize import normalize
from accesscontrol.models import AIModel, Decision, Licensee, Order, Rule

MOST = 8


@screen()
def search(request: Request) -> HttpResponse:
    """At most eight objects of each kind. An exact id redirects to its page."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    if exact := _exact(text):
        return redirect(exact)
    groups = _groups(text, request.user) if text else []
    groups = [group for group in groups if group["rows"]]
    return render(request, "dashboard/search/list.html", {"text": text, "groups": groups})


def _exact(text: str) -> str:
    """The address of the object with exactly this id, or an empty text."""
    if not text:
        return ""
    base = text.split(".")[0]
    if _is_uuid(base) and Decision.objects.filter(decision_id=text).exists():
        return reverse("dashboard:decision", args=[text])
    for model, field, name in (
        (Licensee, "ref", "licensee"),
        (AIModel, "ref", "model"),
        (Order, "reference", "order"),
        (Rule, "ref", "rule"),
    ):
        if model.objects.filter(**{field: text}).exists():
            return _address(name, text)
    return ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _groups(text: str, user: Any) -> list[dict[str, Any]]:
    """The objects of each kind. The content of a confidential order is searched by right only."""
    licensees = find_licensees(text)[:MOST]
    models = AIModel.objects.filter(Q(name__icontains=text) | Q(ref__istartswith=text))[:MOST]
    readable = confidential.readable(Order.objects.all(), user)
    orders = Order.objects.filter(
        Q(reference__icontains=text) | Q(pk__in=readable.filter(subject__icontains=text))
    )[:MOST]
    rules = Rule.objects.filter(
        Q(ref__icontains=text) | Q(order__in=readable, versions__title__icontains=text)
    )
    return [
        _group("Licensees", "licensee", [(row.ref, row.name, row.country) for row in licensees]),
        _group("Models", "model", [(model.ref, model.name, model.ref) for model in models]),
        _group(
            "Orders",
            "order",
            [
                (order.reference, confidential.title(order, user, order.subject), order.reference)
                for order in orders
            ],
        ),
        _group("Rules", "rule", [(rule.ref, rule.ref, "") for rule in rules.distinct()[:MOST]]),
    ]


def find_licensees(text: str) -> Any:
    """Licensees by the beginning of the name, or by exact id, registration number or domain."""
    return Licensee.objects.filter(
        Q(name__istartswith=text)
        | Q(normalized_name=normalize(text) or "\x01")
        | Q(ref__iexact=text)
        | Q(registration_number__iexact=text)
        | Q(domain__iexact=text)
    ).order_by("name", "id")


def _group(title: str, name: str, rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    links = [{"url": _address(name, ref), "name": label, "note": note} for ref, label, note in rows]
    return {"title": title, "rows": links}


def _address(name: str, ref: str) -> str:
    try:
        return reverse(f"dashboard:{name}", args=[ref])
    except NoReverseMatch:
        return ""


urlpatterns = [path("search", search, name="search")]
