"""The screen of the list of rules, each with its title, order and state."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render

from accesscontrol import access
from accesscontrol.dashboard.preview import state
from accesscontrol.dashboard.rules import states
from accesscontrol.dashboard.rules.forms import EFFECTS
from accesscontrol.dashboard.shell import confidential, filters, paging
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import Rule, RuleVersion
from accesscontrol.models.common import instant


@screen()
def listing(request: Request) -> HttpResponse:
    """All rules by reference, each with its version in force, else its open or newest one."""
    chosen = filters.read(
        request,
        filters.Filter("q", "Search"),
        filters.Filter("state", "State", states.STATES),
        filters.Filter("effect", "Effect", EFFECTS),
        filters.Filter("order", "Order"),
    )
    at = request.now
    rows = states.with_state(Rule.objects.select_related("order"), at)
    page = paging.page(_filtered(rows, chosen, request.user), request, by=("ref", "id"))
    _show_versions(page.rows, request.user)
    context = {
        "page": page,
        "filters": chosen,
        "may_draft": access.may(request.user, "policy.draft"),
        "now": instant(at),
    }
    return render(request, "dashboard/rules/list.html", context)


def _filtered(rows: QuerySet[Rule], chosen: filters.Filters, user: Any) -> QuerySet[Rule]:
    versions = RuleVersion.objects.filter(rule=OuterRef("pk"))
    if text := chosen["q"]:
        readable = confidential.readable(versions, user, by="rule__order")
        titled = Exists(readable.filter(title__icontains=text))
        rows = rows.filter(Q(ref__icontains=text) | titled)
    if state := chosen["state"]:
        rows = rows.filter(Q(state=state) | Q(open_state=state))
    if effect := chosen["effect"]:
        rows = rows.filter(Exists(versions.filter(effect=effect)))
    if order := chosen["order"]:
        rows = rows.filter(order__reference=order)
    return rows


def _show_versions(rules: list[Any], user: Any) -> None:
    """Give each rule the version to show, with its title if the person may read it."""
    shown = {rule.pk: rule.in_force_id or rule.open_id or rule.newest_id for rule in rules}
    drafts = {rule.open_id for rule in rules if rule.open_state == "draft"}
    versions = RuleVersion.objects.select_related("created_by").in_bulk({*shown.values(), *drafts})
    impacts = state.of_drafts(versions[pk] for pk in drafts)
    for rule in rules:
        rule.impact = impacts.get(rule.open_id)
        rule.shown = versions.get(shown[rule.pk])
        rule.title = confidential.title(rule.order, user, rule.shown.title)
