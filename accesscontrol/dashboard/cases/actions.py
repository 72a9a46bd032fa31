"""The steps on a case. Each button calls one verb, then the queue shows the next case."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accesscontrol import cases, registry
from accesscontrol.dashboard.cases.forms import CaseForm, end_of
from accesscontrol.dashboard.cases.matches import agree, answer, disagree
from accesscontrol.dashboard.cases.queue import MORE_DATA, items, render_queue
from accesscontrol.dashboard.shell.entry import Request, attempt, screen, who
from accesscontrol.models import Case, Disposition

VERBS = ("assign", "release", "comment", "snooze", "escalate", "confirm", "send-back")
STAYS = ("assign", "release", "comment")
SILENT = ("assign", "release", "confirm")
MESSAGES = {
    "assign": "It is yours.",
    "release": "It is unassigned again.",
    "comment": "Your remark is in the timeline.",
    "snooze": "Snoozed. What is refused stays refused.",
    "escalate": "Escalated: it is due now and unassigned.",
    "confirm": "Confirmed.",
    "send-back": "Sent back: the case is open again.",
}
LONGEST = timedelta(days=366)


@screen("case.decide")
@require_POST
def act(request: Request, pk: int, verb: str) -> HttpResponse:
    """Assign the case, release, comment, snooze, escalate, confirm it or send it back."""
    return _do(request, pk, verb, lambda case, data: _call(verb, case, data, request))


@screen("case.decide")
@require_POST
def decide(request: Request, pk: int, decision: str) -> HttpResponse:
    """Decide the case. A decision that loosens is proposed and waits for a second person."""

    def verb(case: Case, data: dict[str, Any]) -> Case:
        if decision == MORE_DATA[0] and case.kind == Case.Kind.MATCH:
            asked = {**data, "because": f"More data asked for: {data['because']}"}
            snoozed: Case = _call("snooze", case, asked, request)
            return snoozed
        with transaction.atomic():
            decided = cases.decide(
                case=case,
                decision=decision,
                because=data["because"],
                version=data["version"],
                **who(request),
            )
            if decision == "clear":
                _propose(decided, data, request)
            elif case.kind == Case.Kind.MATCH:
                answer(decided, until=data["valid_until"], **who(request))
            return decided

    return _do(request, pk, "decide", verb)


def _do(request: Request, pk: int, verb: str, call: Any) -> HttpResponse:
    case = get_object_or_404(Case.objects.select_related("licensee", "assignee", "run"), pk=pk)
    form = CaseForm(request.POST, at=request.now, needs_reason=verb not in SILENT)
    following = _following(request, case)
    done = form.is_valid() and attempt(form, lambda: call(case, form.cleaned_data))
    if not done:
        return render_queue(request, case, form, status=422)
    messages.success(request, f"{case.licensee.name}: {_message(verb, done)}")
    shown = case.pk if verb in STAYS else following
    address = reverse("dashboard:case", args=[shown]) if shown else reverse("dashboard:cases")
    query = request.GET.urlencode()
    return redirect(f"{address}?{query}" if query else address)


def _call(verb: str, case: Case, data: dict[str, Any], request: Request) -> Any:
    acting, version, because = who(request), data["version"], data["because"]
    match verb:
        case "assign":
            return cases.assign(case=case, to=request.user, version=version, **acting)
        case "release":
            return cases.assign(case=case, to=None, version=version, **acting)
        case "comment":
            return cases.comment(case=case, text=because, **acting)
        case "snooze":
            until = end_of(data["until"]) if data["until"] else request.now
            return cases.snooze(case=case, until=until, because=because, version=version, **acting)
        case "escalate":
            return cases.escalate(case=case, because=because, version=version, **acting)
        case "confirm":
            return _confirm(case, data, request)
        case _:
            return _send_back(case, data, request)


def _propose(case: Case, data: dict[str, Any], request: Request) -> None:
    """Enter the disposition that lifts the review, one for each model if the rule reads models."""
    until = end_of(data["valid_until"]) if data["valid_until"] else None
    at = request.now
    if until is None or until > at + LONGEST:
        raise cases.CannotDecide(
            "Say until when it is cleared, a year at most.", pointer="/valid_until"
        )
    review = registry.Review(
        rule=case.evidence["rule"], version=case.evidence["version"], licensee=case.licensee
    )
    common = {"valid_until": until, "because": data["because"], "case": case, **who(request)}
    name = f"case-{case.pk}-{case.version}"
    try:
        with transaction.atomic():
            registry.enter_disposition(ref=name, review=review, **common)
    except registry.CannotEnter as refusal:
        if refusal.pointer != "/models":
            raise
        models = sorted({offering["model"] for offering in case.evidence.get("offerings", [])})
        for model in models:
            of_model = replace(review, models=[model])
            registry.enter_disposition(ref=f"{name}-{model}"[:100], review=of_model, **common)


def _confirm(case: Case, data: dict[str, Any], request: Request) -> Case:
    """Confirm the case as the second person, and the entries that were made for it."""
    with transaction.atomic():
        confirmed = cases.confirm(
            case=case, because=data["because"], version=data["version"], **who(request)
        )
        with registry.together(**who(request), because=data["because"] or confirmed.because):
            if case.kind == Case.Kind.MATCH:
                agree(confirmed, because=data["because"], **who(request))
            for disposition in _waiting(case):
                registry.confirm_disposition(
                    disposition=disposition, because=data["because"], **who(request)
                )
        return confirmed


def _send_back(case: Case, data: dict[str, Any], request: Request) -> Case:
    """Open the case again, and revoke the entries that were made for it."""
    with transaction.atomic():
        reopened = cases.send_back(
            case=case, because=data["because"], version=data["version"], **who(request)
        )
        if case.kind == Case.Kind.MATCH:
            disagree(reopened, because=data["because"], **who(request))
        for disposition in _waiting(case):
            registry.revoke_disposition(
                disposition=disposition, because=data["because"], **who(request)
            )
        return reopened


def _waiting(case: Case) -> list[Disposition]:
    return list(Disposition.objects.waiting().filter(case=case))


def _following(request: Request, case: Case) -> int | None:
    """The case to show next: the one after this on the page, read before this one leaves it."""
    page, _ = items(request)
    order = [row.pk for row in page.rows]
    if case.pk not in order:
        return order[0] if order else None
    rest = order[order.index(case.pk) + 1 :] + order[: order.index(case.pk)]
    return rest[0] if rest else None


def _message(verb: str, done: Any) -> str:
    if verb != "decide":
        return MESSAGES[verb]
    if done.state == "snoozed":
        return "asked for more data. It is back on the date you gave; until then it stays refused."
    if done.state == "proposed":
        return "proposed. A second person confirms it; until then nothing is lifted."
    return "decided. It stays refused."
