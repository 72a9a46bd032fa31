"""The screens of AI models: facts, offerings with their entitlements, rules that read them."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol import facts, releases
from accesscontrol.dashboard.shell import confidential, events, filters, paging
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import AIModel, AuditEvent, Entitlement, Fact

MOST = 1000
SEARCH = filters.Filter("q", "Search")


@screen()
def listing(request: Request) -> HttpResponse:
    """All models, by id."""
    chosen = filters.read(request, SEARCH)
    rows = AIModel.objects.prefetch_related("offerings")
    if chosen["q"]:
        rows = rows.filter(name__icontains=chosen["q"])
    page = paging.page(rows, request, by=("ref",))
    about = facts.about_models([model.pk for model in page], at=request.now)
    for model in page:
        known = about[model.pk].facts if model.pk in about else {}
        model.classification = known.get("model.eccn")
        model.compute = known.get("model.training_ops")
        model.known = len(known) - 1
    return render(request, "dashboard/models/list.html", {"page": page, "filters": chosen})


@screen()
def detail(request: Request, ref: str) -> HttpResponse:
    """One model: facts with their sources, offerings with entitlements, rules, history."""
    model = AIModel.objects.filter(ref=ref).first()
    if model is None:
        raise Http404
    about = facts.about_models([model.pk], at=request.now).get(model.pk)
    rows = Fact.objects.filter(
        model=model, waits=False, superseded_at=None, held__contains=request.now
    )
    since = {row.attribute: row for row in rows}
    known = about.facts if about else {}
    story = AuditEvent.objects.filter(subject_id=model.ref).order_by("-id")[:20]
    return render(
        request,
        "dashboard/models/detail.html",
        {
            "model": model,
            "facts": [
                {"name": n, "value": v, "source": about.sources[n], "row": since.get(n)}
                for n, v in sorted(known.items())
                if about and n != "model.id"
            ],
            "offerings": [_offering(offering) for offering in model.offerings.all()],
            "rules": _rules(request.user),
            "incidents": model.incidents.order_by("-opened_at")[:20],
            "story": [event for event in events.in_words(story) if event.subject_type == "aimodel"],
        },
    )


def _offering(offering: Any) -> dict[str, Any]:
    rows = Entitlement.objects.filter(offering=offering, ended_at=None)
    held = rows.filter(holds__released_at=None, holds__isnull=False).distinct()
    return {
        "row": offering,
        "granted": paging.capped(rows, MOST),
        "held": paging.capped(held, MOST),
    }


def _rules(user: Any) -> list[dict[str, Any]]:
    """The rules in force that read a fact of a model. A confidential title needs the right."""
    try:
        release = releases.current().policy
    except releases.NoRelease:
        return []
    closed = confidential.closed(user)
    return [
        {
            "ref": rule.ref,
            "title": confidential.NEUTRAL if rule.order in closed else rule.title,
            "effect": rule.effect,
        }
        for rule in release.rules
        if any(name.startswith("model.") for name in rule.attributes)
    ]


urlpatterns = [
    path("models", listing, name="models"),
    path("models/<path:ref>", detail, name="model"),
]
