"""The look-up screen: whether a licensee may use a model now, and why, as a what-if question."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from accesscontrol import decisions
from accesscontrol.dashboard.search import find_licensees
from accesscontrol.dashboard.shell import explanations, plain, standings
from accesscontrol.dashboard.shell.entry import Request, attempt, screen, who
from accesscontrol.dashboard.shell.words import ACTIVITIES
from accesscontrol.models import AIModel, AuditEvent, Licensee
from accesscontrol.policy import COUNTRIES

NOT_SAID = [("", "Not said")]
YES_NO = [*NOT_SAID, ("yes", "Yes"), ("no", "No")]
MODELS_OFFERED = 200


class LookUpForm(plain.Form):
    """Licensee, model and use, then the statements about the user and the place."""

    q = forms.CharField(
        label="Licensee",
        max_length=200,
        help_text="Name, id, registration number or domain",
    )
    model = forms.ChoiceField(required=False)
    activity = forms.ChoiceField(choices=list(ACTIVITIES.items()), required=False, label="Use")
    us_person = forms.ChoiceField(choices=YES_NO, required=False, label="The user is a US person")
    nationalities = forms.CharField(
        required=False,
        max_length=100,
        label="The user's nationalities",
        help_text="Country codes, such as DE, CN",
    )
    country = forms.ChoiceField(
        choices=[*NOT_SAID, *((code, name) for code, name in COUNTRIES.items())],
        required=False,
        label="Where the user is",
    )
    at = forms.DateTimeField(
        required=False,
        label="As of (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: now",
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        models = AIModel.objects.filter(retired_at=None).values_list("ref", "name")
        choices = [("", "Any: show its standings"), *models[:MODELS_OFFERED]]
        self.field("model", forms.ChoiceField).choices = choices

    def clean_nationalities(self) -> list[str]:
        codes: list[str] = self.cleaned_data["nationalities"].replace(",", " ").upper().split()
        unknown = [code for code in codes if code not in COUNTRIES]
        if unknown:
            raise forms.ValidationError(
                f"{unknown[0][:20]} is no country code. Write two letters each, such as DE, CN."
            )
        return codes

    def clean_activity(self) -> str:
        return self.cleaned_data["activity"] or "use_api"

    def clean_at(self) -> datetime | None:
        at = self.cleaned_data["at"]
        return at.replace(tzinfo=UTC) if at else None

    @property
    def stated(self) -> dict[str, Any]:
        """The statements by attribute."""
        stated: dict[str, Any] = {}
        if self.cleaned_data["us_person"]:
            stated["user.us_person"] = self.cleaned_data["us_person"] == "yes"
        if self.cleaned_data["nationalities"]:
            stated["user.nationalities"] = self.cleaned_data["nationalities"]
        if self.cleaned_data["country"]:
            stated["request.location_country"] = self.cleaned_data["country"]
        return stated


@dataclass(frozen=True)
class Result:
    """One answer in words, for the page."""

    licensee: Licensee
    model: AIModel
    activity: str
    answer: dict[str, Any]
    why_not: list[dict[str, str]]
    conflicts: list[str]
    at: datetime
    as_json: str

    @property
    def next_change(self) -> datetime | None:
        """The next instant at which the answer can change without a change of facts."""
        text = self.answer.get("next_scheduled_change")
        return datetime.fromisoformat(text) if text else None


@screen()
def look_up(request: Request) -> HttpResponse:
    """The answer for one licensee, a choice among several, or, if empty, the last look-ups."""
    form = LookUpForm(request.GET if "q" in request.GET else None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        context |= _found(request, form)
    elif not form.is_bound:
        context["recent"] = _recent(request)
    return render(
        request, "dashboard/look_up/detail.html", context, status=422 if form.errors else 200
    )


def _found(request: Request, form: LookUpForm) -> dict[str, Any]:
    text = form.cleaned_data["q"].replace("\0", "")
    exact = Licensee.objects.filter(ref=text).first()
    licensees = [exact] if exact else list(find_licensees(text)[:11])
    if len(licensees) != 1:
        return {"choices": licensees[:10], "more": len(licensees) > 10, "searched": text}
    licensee = licensees[0]
    model = AIModel.objects.filter(ref=form.cleaned_data["model"]).first()
    if model is None:
        standing, per_offering = standings.of_licensee(licensee.pk)
        return {"licensee": licensee, "standing": standing, "per_offering": per_offering}
    return {"licensee": licensee, "result": _ask(request, form, licensee, model)}


def _ask(request: Request, form: LookUpForm, licensee: Licensee, model: AIModel) -> Result | None:
    asked = _question(form, licensee, model)
    as_of = form.cleaned_data["at"]
    judged = attempt(
        form,
        lambda: decisions.what_if(asked=asked, **who(request), as_of=as_of),
    )
    if judged is None:
        return None
    answer = decisions.answer(judged, explained=decisions.may_explain(request.user), changes=True)
    return Result(
        licensee=licensee,
        model=model,
        activity=asked.activity,
        answer=answer,
        why_not=explanations.why_not(judged, request.user),
        conflicts=[explanations.conflict(name, answer) for name in answer["conflicts"]],
        at=judged.at,
        as_json=json.dumps(_body(asked), indent=2, ensure_ascii=False),
    )


def _question(form: LookUpForm, licensee: Licensee, model: AIModel) -> decisions.Asked:
    return decisions.Asked(
        licensee=licensee.ref,
        model=model.ref,
        activity=form.cleaned_data["activity"],
        stated=form.stated,
    )


def _body(asked: decisions.Asked) -> dict[str, Any]:
    """The question as a licensing system asks it over the API."""
    user = {k.removeprefix("user."): v for k, v in asked.stated.items() if k.startswith("user.")}
    context = {
        k.removeprefix("request."): v for k, v in asked.stated.items() if k.startswith("request.")
    }
    subject: dict[str, Any] = {"type": "licensee", "id": asked.licensee}
    if user:
        subject["properties"] = {"user": user}
    body = {
        "subject": subject,
        "action": {"name": asked.activity},
        "resource": {"type": "model", "id": asked.model},
    }
    return body | ({"context": context} if context else {})


@screen("register.edit")
def record(request: Request) -> HttpResponse:
    """Ask the question for real, which records a decision."""
    form = LookUpForm(request.POST)
    if form.is_valid():
        licensee = Licensee.objects.filter(ref=form.cleaned_data["q"]).first()
        model = AIModel.objects.filter(ref=form.cleaned_data["model"]).first()
        if licensee and model:
            asked = _question(form, licensee, model)
            decision = decisions.decide(asked=asked, **who(request))
            return redirect("dashboard:decision", decision.decision_id)
    return redirect("dashboard:look-up")


def _recent(request: Request) -> list[dict[str, str]]:
    """The person's last look-ups, from the log."""
    events = AuditEvent.objects.filter(kind="decision.what_if", actor_id=request.user.username)
    recent: dict[str, dict[str, str]] = {}
    for event in events.order_by("-id")[:30]:
        payload = json.loads(event.payload)
        details, subject = payload.get("details", {}), payload["subject"]
        key = f"{subject['id']} {details.get('model')} {details.get('activity')}"
        recent.setdefault(
            key,
            {
                "ref": subject["id"],
                "name": subject.get("name", subject["id"]),
                "model": details.get("model", ""),
                "activity": details.get("activity", ""),
                "outcome": details.get("outcome", ""),
            },
        )
    return list(recent.values())[:8]


urlpatterns = [
    path("look-up", look_up, name="look-up"),
    path("look-up/record", record, name="look-up-record"),
]
