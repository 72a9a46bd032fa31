"""The screen of a preview of a rule's open version: calculate, watch, filter, submit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accesscontrol import access, orders
from accesscontrol.dashboard.preview import rows, selection, state, summary
from accesscontrol.dashboard.rules import changes, detail, life
from accesscontrol.dashboard.rules.forms import ReasonForm
from accesscontrol.dashboard.shell import confidential, paging
from accesscontrol.dashboard.shell.entry import STOP_POLLING, Request, attempt, screen, who
from accesscontrol.errors import NotFound
from accesscontrol.models import Licensee, Preview, RuleVersion
from accesscontrol.screening import preview as impact_preview

NO_WORKER = timedelta(seconds=60)
FAILED_SHOWN = 20


@screen()
def page(request: Request, ref: str) -> HttpResponse:
    """The preview that counts for the open version, or the one that the address names."""
    version, preview = requested(request, ref, request.GET)
    return _page(request, version, preview, ReasonForm(initial={"because": version.because}))


@screen()
def live(request: Request, ref: str) -> HttpResponse:
    """The part of the page that htmx polls every two seconds. 286 once the preview has ended."""
    version, preview = requested(request, ref, request.GET)
    form = ReasonForm(initial={"because": version.because})
    context = _context(request, version, preview, form)
    status = 200 if context["impact"].state == "running" else STOP_POLLING
    return render(request, "dashboard/preview/live.html", context | {"polled": True}, status=status)


@screen("policy.draft")
@require_POST
def calculate(request: Request, ref: str) -> HttpResponse:
    """Start a new preview of the open version."""
    version, _ = requested(request, ref, {})
    orders.preview(version=version, **who(request))
    return redirect("dashboard:preview", ref)


@screen("policy.draft")
@require_POST
def cancel(request: Request, ref: str) -> HttpResponse:
    """Stop a preview that is under way."""
    _, preview = requested(request, ref, request.POST)
    if preview is None:
        raise NotFound(f"No preview of {ref} is under way.")
    impact_preview.cancel(preview, **who(request))
    messages.success(request, "The calculation is cancelled. Nothing was changed by it.")
    return redirect("dashboard:preview", ref)


@screen("policy.draft")
@require_POST
def submit(request: Request, ref: str) -> HttpResponse:
    """Submit the draft for approval, with the impact that the person has seen."""
    version, preview = requested(request, ref, {})
    form = ReasonForm(request.POST)
    if form.is_valid():
        because = form.cleaned_data["because"]
        if attempt(form, lambda: orders.submit(version=version, because=because, **who(request))):
            messages.success(
                request, f"{version} is submitted. Somebody who did not edit it approves it."
            )
            return redirect("dashboard:approval", version.pk)
    return _page(request, version, preview, form, status=422)


def requested(
    request: Request, ref: str, given: Mapping[str, str]
) -> tuple[RuleVersion, Preview | None]:
    """The version and its preview, or the preview with a given id. Raises NotFound, NotAllowed."""
    at = request.now
    rule = detail.find(ref, at)
    confidential.require(rule.order, request.user, at=at)
    wanted = given.get("preview", "")
    if wanted.isdigit() and len(wanted) < 18:
        preview = get_object_or_404(
            Preview.objects.select_related("version__rule__order", "release", "asked_by"),
            pk=int(wanted),
            version__rule=rule,
        )
        return preview.version, preview
    if rule.open_id is None:
        raise NotFound(f"{ref} has no open version. Start one on the page of the rule.")
    versions = rule.versions.select_related(
        "rule__order",
        "created_by",
        "submitted_by",
        "approved_by",
        "published_by",
        "based_on",
        "submitted_preview__release",
        "approved_preview__release",
    )
    version = versions.get(pk=rule.open_id)
    return version, state.settled(version)


def _page(
    request: Request,
    version: RuleVersion,
    preview: Preview | None,
    form: ReasonForm,
    status: int = 200,
) -> HttpResponse:
    at = request.now
    context = _context(request, version, preview, form)
    context |= changes.against_in_force(version, at)
    return render(request, "dashboard/preview/page.html", context, status=status)


def _context(
    request: Request, version: RuleVersion, preview: Preview | None, form: ReasonForm
) -> dict[str, Any]:
    at = request.now
    impact = state.of(version, preview)
    given = request.GET
    pinned = given.get("preview", "") != ""
    chosen = selection.read(given, preview, pinned=pinned)
    context = {
        "rule": version.rule,
        "version": version,
        "preview": preview,
        "impact": impact,
        "going": impact.state == "running",
        "steps": life.steps(version, at, impact),
        "form": form,
        "chosen": chosen,
        "address": reverse("dashboard:preview", args=[version.rule.ref]),
        "plan": orders.plan(version, at) if version.state in ("draft", "submitted") else None,
        "may_draft": access.may(request.user, "policy.draft"),
        "may_export": access.may(request.user, "export"),
        "is_draft": version.state == "draft" and not pinned,
        "everyone": paging.count(Licensee.objects.all()) if preview is None else 0,
    }
    return context | _results(request, preview, chosen, at) if preview else context


def _results(
    request: Request, preview: Preview, chosen: selection.Chosen, at: datetime
) -> dict[str, Any]:
    """The context of a preview: its counts so far and a page of its licensees."""
    shown = paging.page(selection.rows(preview, chosen), request, by=("group", "licensee_id"))
    running = preview.state in Preview.OPEN
    missing = summary.missing(preview, chosen)
    return {
        "compared": state.compared(preview),
        "tiles": summary.tiles(preview, chosen),
        "countries": summary.countries(preview, chosen),
        "missing": missing,
        "headline": summary.headline(preview),
        "adds_up": summary.sum_in_words(preview),
        "why_nothing": summary.why_nothing(preview),
        "page": shown,
        "rows": rows.in_words(shown, preview, request.user),
        "percent": 100 * preview.done // max(preview.total, 1),
        "said_percent": 100 * preview.done // max(preview.total, 1) // 10 * 10,
        "rate": round(preview.done / preview.seconds) if preview.seconds > 0 else 0,
        "took": timedelta(seconds=preview.seconds),
        "waits": running and preview.done == 0 and at - preview.created_at > NO_WORKER,
        "failed": Licensee.objects.filter(pk__in=preview.not_evaluated[:FAILED_SHOWN]),
        "failed_more": max(len(preview.not_evaluated) - FAILED_SHOWN, 0),
    }
