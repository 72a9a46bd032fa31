"""The first screen: what needs the person, and the state of enforcement. Numbers link to lists."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol import access, screening
from accesscontrol.dashboard.runs import CAUSES
from accesscontrol.dashboard.shell import confidential, paging
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.dashboard.shell.words import OUTCOMES
from accesscontrol.models import (
    AIModel,
    ApiToken,
    Case,
    Decision,
    Licensee,
    Order,
    Release,
    RestrictedList,
    Rule,
    RuleVersion,
    ScreeningRun,
    Term,
    User,
)

MOST = 1000  # the numbers count no further
SOON = timedelta(days=30)


@screen()
def overview(request: Request) -> HttpResponse:
    """The panels. Each is a few indexed reads."""
    at = request.now
    steps = _first_steps()
    run = ScreeningRun.objects.select_related("release").first()
    return render(
        request,
        "dashboard/overview/detail.html",
        {
            "needs": _needs(request.user, at),
            "release": Release.objects.select_related("published_by").first(),
            "run": run,
            "run_cause": _cause(run) if run else "",
            "alarm": screening.alarm(),
            "running": ScreeningRun.objects.filter(state__in=["queued", "running"]).first(),
            "report_only": _report_only(at),
            "soon": _soon(at),
            "decisions": _decisions(at),
            "lists": _lists(at),
            "clients": _clients(),
            "steps": steps if not all(step["done"] for step in steps) else [],
        },
    )


def _needs(user: User, at: datetime) -> dict[str, Any]:
    due = Case.objects.filter(state__in=["open", "proposed"])
    waiting = RuleVersion.objects.filter(state="submitted")
    if access.may(user, "policy.approve"):
        waiting = waiting.exclude(edits__user=user)
    return {
        "overdue": paging.capped(due.filter(due_at__lt=at), MOST),
        "due": paging.capped(due.filter(due_at__gte=at, due_at__lt=at + timedelta(days=1)), MOST),
        "mine": paging.capped(due.filter(assignee=user), MOST),
        "cases": paging.capped(due, MOST),
        "approvals": paging.capped(waiting.distinct(), MOST),
        "may_approve": access.may(user, "policy.approve"),
        "first_case": due.select_related("licensee").first(),
        "first_approval": confidential.readable(waiting, user, by="rule__order")
        .select_related("rule")
        .order_by("submitted_at")
        .first(),
    }


def _cause(run: ScreeningRun) -> str:
    """`boundary`, `entitlements granted` as `Moment in time: entitlements granted`."""
    words = CAUSES.get(run.cause, run.cause.replace("_", " ").capitalize())
    return f"{words}: {run.subject}" if run.subject else words


def _report_only(at: datetime) -> list[Any]:
    """The versions in force that only report."""
    terms = Term.objects.filter(period__contains=at, withdrawn=False).select_related(
        "rule_version__rule"
    )
    return [
        term.rule_version
        for term in terms.filter(rule_version__content__report_only_until__isnull=False)[:20]
        if (term.rule_version.content.get("report_only_until") or "") > at.isoformat()
    ]


def _soon(at: datetime) -> list[dict[str, Any]]:
    """The orders and rules that take effect or end within thirty days, soonest first."""
    orders = Order.objects.filter(effective_at__gt=at, effective_at__lte=at + SOON)
    coming: list[dict[str, Any]] = [
        {"at": order.effective_at, "what": f"Order {order.reference} takes effect", "order": order}
        for order in orders[:10]
    ]
    terms = Term.objects.filter(withdrawn=False).select_related("rule_version__rule")
    for term in terms.filter(period__startswith__gt=at, period__startswith__lte=at + SOON)[:10]:
        coming.append(_term(term, term.period.lower, "starts"))
    for term in terms.filter(period__endswith__gt=at, period__endswith__lte=at + SOON)[:10]:
        coming.append(_term(term, term.period.upper, "ends"))
    return sorted(coming, key=lambda change: change["at"])[:10]


def _term(term: Term, at: datetime, verb: str) -> dict[str, Any]:
    return {"at": at, "what": f"Rule {term.rule_version} {verb}", "rule": term.rule_version.rule}


def _decisions(at: datetime) -> dict[str, Any]:
    """The decisions of the last 24 hours by outcome, of the newest ten thousand at most."""
    recent = Decision.objects.filter(decided_at__gt=at - timedelta(hours=24)).order_by(
        "-decided_at"
    )
    counts = Counter(recent.values_list("outcome", flat=True)[:10_000])
    total = sum(counts.values())
    bars = [
        {
            "outcome": outcome,
            "count": counts[outcome],
            "width": max(counts[outcome] * 100 // total, 1),
        }
        for outcome in OUTCOMES
        if counts[outcome]
    ]
    return {"total": total, "most": total >= 10_000, "bars": bars}


def _lists(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "list": row,
            "stale": row.checked_at is None
            or at - row.checked_at > timedelta(days=row.stale_after_days),
        }
        for row in RestrictedList.objects.all()[:30]
    ]


def _clients() -> list[ApiToken]:
    """The licensing systems, each with the last release that it asked under."""
    tokens = ApiToken.objects.filter(revoked_at=None, last_used_at__isnull=False)
    return list(tokens.order_by("-last_used_at")[:6])


def _first_steps() -> list[dict[str, Any]]:
    """The steps from a new installation to its first answer."""
    roles = dict(User.objects.filter(is_active=True).values_list("role").annotate(n=Count("id")))
    people = roles.get("officer", 0) + roles.get("approver", 0)
    steps = (
        ("Add models", AIModel.objects.exists(), "models"),
        ("Add or import licensees", Licensee.objects.exists(), "licensees"),
        ("Import a restricted-party list", RestrictedList.objects.exists(), "lists"),
        ("Enter the first order", Order.objects.exists(), "orders"),
        ("Draft its first rule", Rule.objects.exists(), "rules"),
        ("Name a second person who approves", people > 1 and bool(roles.get("approver")), "people"),
        ("Publish the first release", Release.objects.exists(), "approvals"),
    )
    return [{"title": title, "done": done, "url": url} for title, done, url in steps]


urlpatterns = [path("", overview, name="overview")]
