"""The screens of screening runs: the list, and one run, which is live until it has ended."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accesscontrol import access, screening
from accesscontrol.dashboard.shell import confidential, filters, paging
from accesscontrol.dashboard.shell.entry import STOP_POLLING, Request, reason, screen, who
from accesscontrol.models import Boundary, Order, ScreeningChunk, ScreeningRun

GOING = ("queued", "running")
CAUSES = {
    "rule": "Rule published",
    "order": "Order lifted",
    "annex": "Annex changed",
    "list": "List updated",
    "fact": "Register changed",
    "boundary": "Moment in time",
    "nightly": "Nightly proof",
    "manual": "Started by hand",
    "install": "Starter policy",
    "import": "Import",
}


@screen()
def listing(request: Request) -> HttpResponse:
    """All runs, the newest first."""
    chosen = filters.read(
        request,
        filters.Filter("state", "State", ScreeningRun.State.choices),
        filters.Filter("cause", "Cause", tuple(CAUSES.items())),
    )
    rows = ScreeningRun.objects.select_related("release", "started_by")
    for name in ("state", "cause"):
        if chosen[name]:
            rows = rows.filter(**{name: chosen[name]})
    page = paging.page(rows, request, by=("-id",))
    for run in page.rows:
        _present(run)
    coming = Boundary.objects.filter(run=None).order_by("at").first()
    context = {"page": page, "filters": chosen, "coming": coming}
    return render(request, "dashboard/runs/list.html", context)


@screen()
def detail(request: Request, pk: int) -> HttpResponse:
    """One run as a page."""
    return render(request, "dashboard/runs/detail.html", _context(request, pk))


@screen()
def live(request: Request, pk: int) -> HttpResponse:
    """The part of the page that htmx polls every two seconds. 286 once the run has ended."""
    context = _context(request, pk) | {"polled": True}
    status = 200 if context["going"] else STOP_POLLING
    return render(request, "dashboard/runs/live.html", context, status=status)


@screen("run.manage")
@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    """Stop a run. The changes of its finished chunks stay."""
    run = get_object_or_404(ScreeningRun, pk=pk)
    screening.cancel(run, because=reason(request, most=500), **who(request))
    messages.success(request, f"Run {pk} is cancelled. What its finished chunks changed stays.")
    return redirect("dashboard:run", pk)


@screen("run.manage")
@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    """Give the failed chunks another five attempts."""
    run = get_object_or_404(ScreeningRun, pk=pk)
    screening.retry_failed(run, because=reason(request, most=500), **who(request))
    messages.success(request, "The failed chunks are waiting for a worker again.")
    return redirect("dashboard:run", pk)


def _context(request: Request, pk: int) -> dict[str, Any]:
    at = request.now
    run = get_object_or_404(
        ScreeningRun.objects.select_related("release", "from_release", "started_by"), pk=pk
    )
    progress = screening.progress(run, at=at)
    _present(run)
    said_percent = progress.percent // 10 * 10
    going = run.state in GOING
    return {
        "run": run,
        "because": _why(request, run),
        "progress": progress,
        "going": going,
        "untouched": run.total - run.judged if run.state == "done" else 0,
        "ahead": _ahead(run),
        "said_percent": said_percent,
        # A screen reader hears each tenth once. The page sends the last tenth that it announced.
        "say": not going or request.GET.get("said") != str(said_percent),
        "flips": _flips(run.outcome_changes),
        "tail": screening.newest_flips(run),
        "failures": list(run.chunks.filter(state="failed")[:20]) if progress.chunks_failed else [],
        "troubled": _troubled(run) if progress.chunks_waiting else [],
        "rate": round(progress.rate or 0),
        "left": _left(progress.left_s),
        "may_manage": access.may(request.user, "run.manage"),
    }


def _ahead(run: ScreeningRun) -> int:
    """The number of runs before one that waits for its turn."""
    if run.state != "queued":
        return 0
    return ScreeningRun.objects.filter(state__in=GOING, pk__lt=run.pk).count()


def _troubled(run: ScreeningRun) -> list[ScreeningChunk]:
    return list(run.chunks.filter(state="waiting").exclude(problem="")[:5])


def _why(request: Request, run: ScreeningRun) -> str:
    """The reason that the run was started with. That of a confidential order needs the right."""
    about = Q(reference=run.subject) | Q(rules__ref=run.subject)
    orders = Order.objects.filter(about, confidential=True) if run.subject else ()
    for order in orders:
        return confidential.title(order, request.user, run.because)
    return run.because


def _present(run: Any) -> None:
    run.cause_words = CAUSES.get(run.cause, run.cause.replace("_", " ").capitalize())
    run.flips = sum(count for pair, count in run.outcome_changes.items() if pair[:5] != "none>")
    run.took = run.finished_at - (run.started_at or run.created_at) if run.finished_at else None


def _flips(changes: dict[str, int]) -> list[dict[str, Any]]:
    """The changes `permit>deny` with their counts, largest first. A first judgment is marked."""
    return [
        {"before": before, "after": after, "count": count, "first": before == "none"}
        for pair, count in sorted(changes.items(), key=lambda item: -item[1])
        for before, _, after in [pair.partition(">")]
    ]


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 1):.0f} s"


urlpatterns = [
    path("runs", listing, name="runs"),
    path("runs/<int:pk>", detail, name="run"),
    path("runs/<int:pk>/live", live, name="run-live"),
    path("runs/<int:pk>/cancel", cancel, name="run-cancel"),
    path("runs/<int:pk>/retry", retry, name="run-retry"),
]
