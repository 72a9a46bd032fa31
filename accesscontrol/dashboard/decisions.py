"""The screens of recorded decisions: question, answer, reasons, and whether it replays."""

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol import decisions
from accesscontrol.dashboard.shell import filters, paging, standings
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import AIModel, AuditEvent, Decision, Licensee

OUTCOME = filters.Filter(
    "outcome", "Outcome", [c for c in standings.CHOICES if c[0] != "per_request"]
)
LICENSEE = filters.Filter("licensee", "Licensee")
MODEL = filters.Filter("model", "Model")
ASKED_BY = filters.Filter("asked_by", "Asked by")


@screen()
def listing(request: Request) -> HttpResponse:
    """The decisions, the newest first, filtered by outcome, licensee, model and asker."""
    chosen = filters.read(request, OUTCOME, LICENSEE, MODEL, ASKED_BY)
    rows = Decision.objects.select_related("release").defer("question", "verdict")
    for name, field in (
        ("outcome", "outcome"),
        ("licensee", "licensee_ref"),
        ("model", "model_ref"),
        ("asked_by", "asked_by"),
    ):
        if chosen[name]:
            rows = rows.filter(**{field: chosen[name]})
    page = paging.page(rows, request, by=("-id",))
    names = dict(
        Licensee.objects.filter(ref__in={decision.licensee_ref for decision in page}).values_list(
            "ref", "name"
        )
    )
    for decision in page:
        decision.licensee_name = names.get(decision.licensee_ref, "")
    return render(request, "dashboard/decisions/list.html", {"page": page, "filters": chosen})


@screen()
def detail(request: Request, decision_id: str) -> HttpResponse:
    """One decision: the answer as the API gave it, the facts with sources, the event in the log."""
    rows = Decision.objects.select_related("release", "token")
    decision = rows.filter(decision_id=decision_id).first()
    if decision is None:
        raise Http404
    judged = decisions.again(decision)
    answer = decisions.answer(judged, explained=decisions.may_explain(request.user))
    event = AuditEvent.objects.filter(decision_id=decision.decision_id).first()
    question = decision.question
    return render(
        request,
        "dashboard/decisions/detail.html",
        {
            "decision": decision,
            "answer": answer,
            "same": judged.outcome == decision.outcome,
            "licensee": Licensee.objects.filter(ref=decision.licensee_ref).first(),
            "model": AIModel.objects.filter(ref=decision.model_ref).first(),
            "facts": _facts(question),
            "event": event,
            "leaf": bytes(event.leaf_hash).hex() if event else "",
            "raw": json.dumps(question, indent=2, ensure_ascii=False),
        },
    )


def _facts(question: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts that were read and the caller's statements, each with its source."""
    sources = question.get("sources", {})
    rows = [
        {"name": name, "value": value, "source": sources.get(name, "register")}
        for name, value in question.get("facts", {}).items()
    ]
    rows += [
        {"name": name, "value": value, "source": "stated by the caller"}
        for name, value in question.get("stated", {}).items()
    ]
    return sorted(rows, key=lambda row: row["name"])


urlpatterns = [
    path("decisions", listing, name="decisions"),
    path("decisions/<str:decision_id>", detail, name="decision"),
]
