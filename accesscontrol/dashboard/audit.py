"""The screen of the audit log: search by qualifiers, events in words, export."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path

from accesscontrol import access, audit
from accesscontrol.dashboard.shell import events, paging, qualifiers
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.dashboard.shell.table import line
from accesscontrol.models import AuditEvent

COLUMNS = ("id", "at", "kind", "actor", "actor_type", "subject_type", "subject", "because", "order",
           "rule", "release", "decision_id", "request_id", "leaf_hash")  # fmt: skip


@screen()
def listing(request: Request) -> HttpResponse:
    """The events, the newest first. The search is in the address."""
    tab = request.GET.get("tab", "all")
    tab = tab if tab in qualifiers.TABS else "all"
    search = qualifiers.read(request.GET.get("q", ""), now=request.now)
    rows = AuditEvent.objects.filter(qualifiers.conditions(search, tab))
    page = paging.page(rows, request, by=("-id",))
    tabs = [
        {"label": label, "current": name == tab, "url": _address(search.text, name)}
        for name, (label, _) in qualifiers.TABS.items()
    ]
    return render(
        request,
        "dashboard/audit/list.html",
        {
            "page": page,
            "events": events.in_words(page),
            "search": search,
            "tab": tab,
            "tabs": tabs,
            "query": urlencode({"q": search.text, "tab": tab}),
            "may_export": access.may(request.user, "export"),
        },
    )


def _address(text: str, tab: str) -> str:
    return "?" + urlencode({"q": text, "tab": tab} if text else {"tab": tab})


@screen("export")
def export(request: Request) -> HttpResponseBase:
    """Export the events that the search finds, the oldest first. The export is logged too."""
    form = request.POST.get("format", "jsonl")
    search = qualifiers.read(request.POST.get("q", ""), now=request.now)
    tab = request.POST.get("tab", "all")
    if request.method != "POST" or tab not in qualifiers.TABS or search.problems:
        return redirect("dashboard:audit")
    newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    audit.record(
        "audit.exported",
        None,
        by=request.user,
        at=request.now,
        details={"search": search.text, "tab": tab, "format": form, "up_to": newest},
    )
    rows = AuditEvent.objects.filter(qualifiers.conditions(search, tab), id__lte=newest)
    oldest_first = rows.order_by("id").iterator(chunk_size=2_000)
    lines, kind = (
        (_csv(oldest_first), "text/csv")
        if form == "csv"
        else (_jsonl(oldest_first), "application/jsonl")
    )
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    name = f"audit-{request.now:%Y%m%dT%H%M%SZ}.{'csv' if form == 'csv' else 'jsonl'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _jsonl(rows: Iterator[AuditEvent]) -> Iterator[str]:
    """The exact bytes that were hashed, one event a line."""
    for row in rows:
        yield row.payload + "\n"


def _csv(rows: Iterator[AuditEvent]) -> Iterator[str]:
    yield line(COLUMNS)
    for row in rows:
        payload = json.loads(row.payload)
        yield line(
            (
                row.pk,
                payload["at"],
                row.kind,
                row.actor_id,
                payload["actor"]["type"],
                payload["subject"]["type"],
                row.subject_id,
                payload.get("because", ""),
                payload.get("order", ""),
                payload.get("rule", ""),
                payload.get("release", ""),
                payload.get("decision_id", ""),
                payload.get("request_id", ""),
                bytes(row.leaf_hash).hex(),
            )
        )


urlpatterns = [
    path("audit", listing, name="audit"),
    path("audit/export", export, name="audit-export"),
]
