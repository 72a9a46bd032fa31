"""The forms of a licensee: add it, edit and confirm a fact, hold an entitlement and release it."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accesscontrol import entitlements, registry, releases
from accesscontrol.dashboard.shell import plain, words
from accesscontrol.dashboard.shell.entry import Request, attempt, screen, who
from accesscontrol.dashboard.shell.values import Unreadable, parse
from accesscontrol.models import Attestation, Entitlement, Fact, Hold, Licensee
from accesscontrol.policy import COUNTRIES

NOT_KNOWN = [("", "Not known"), *COUNTRIES.items()]
DERIVED = (
    "licensee.id",
    "licensee.red_flags_open",
    "licensee.list_status.",
    "licensee.captured_by_ownership.",
    "licensee.restricted_owner_share.",
)


class AddForm(plain.Form):
    """The facts to begin a licensee with. A fact that is left out is unknown and never permits."""

    name = forms.CharField(max_length=400)
    ref = forms.CharField(max_length=200, label="Id", help_text="As your licensing systems call it")
    registration_number = forms.CharField(max_length=100, required=False)
    domain = forms.CharField(max_length=253, required=False)
    country = forms.ChoiceField(choices=NOT_KNOWN, required=False)
    hq_country = forms.ChoiceField(choices=NOT_KNOWN, required=False, label="Headquarters")
    source = forms.CharField(max_length=300, help_text="Where you have this from, with its date")
    because = forms.CharField(max_length=1000, required=False, label="Reason")


class FactForm(plain.Form):
    """One attribute, its new value, the value's source, and since when it is so."""

    attribute = forms.ChoiceField()
    value = forms.CharField(
        required=False,
        max_length=2000,
        help_text="Countries as two letters (DE, CN), shares in percent (25 %), yes or no. "
        "Empty: it is not known any more.",
    )
    source = forms.CharField(max_length=300, help_text="Where you have this from, with its date")
    held_from = forms.DateTimeField(
        required=False,
        label="True since (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: from now on",
    )
    because = forms.CharField(max_length=1000, required=False, label="Reason")
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {
            attribute["name"]: attribute
            for attribute in releases.vocabulary()
            if attribute["name"].startswith("licensee.")
            and not attribute["name"].startswith(DERIVED)
        }
        choices = [(name, words.attribute(name)) for name in self.known]
        self.field("attribute", forms.ChoiceField).choices = choices

    def clean_held_from(self) -> datetime | None:
        at = self.cleaned_data["held_from"]
        return at.replace(tzinfo=UTC) if at else None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        attribute = self.known.get(cleaned.get("attribute", ""))
        if attribute and "value" in cleaned:
            try:
                cleaned["value"] = parse(cleaned["value"], attribute)
            except Unreadable as problem:
                self.add_error("value", str(problem))
        return cleaned


class LongReasonForm(plain.Form):
    """The reason of a step."""

    because = forms.CharField(
        max_length=1000, label="Reason", widget=forms.Textarea(attrs={"rows": 3})
    )


def _licensee(ref: str) -> Licensee:
    licensee = Licensee.objects.filter(ref=ref).first()
    if licensee is None:
        raise Http404
    return licensee


@screen("register.edit")
def add(request: Request) -> HttpResponse:
    """Add a licensee. It is matched with all lists and screened."""
    form = AddForm(request.POST or None, initial={"name": request.GET.get("name", "")})
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        known = {
            f"licensee.{name}": value
            for name in ("country", "hq_country")
            if (value := given.pop(name))
        }
        licensee = attempt(
            form,
            lambda: registry.add_licensee(**given, facts=known, **who(request)),
        )
        if licensee:
            messages.success(request, f"{licensee} added. It is being matched and screened.")
            return redirect("dashboard:licensee", licensee.ref)
    return _form(request, form, None, "Add a licensee", "Add licensee")


@screen("register.edit")
def edit_fact(request: Request, ref: str) -> HttpResponse:
    """Edit a fact. It takes effect at once, unless it loosens a standing: then it waits."""
    licensee = _licensee(ref)
    initial = {"attribute": request.GET.get("attribute", ""), "version": licensee.version}
    form = FactForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        row = attempt(
            form,
            lambda: registry.edit_fact(of=licensee, **form.cleaned_data, **who(request)),
        )
        if row:
            effect = (
                "It would loosen a standing, so it waits for a second person."
                if row.waits
                else ("It is in effect; the licensee is being screened again.")
            )
            messages.success(request, f"Saved. {effect}")
            return redirect("dashboard:licensee", ref)
    return _form(request, form, licensee, "Edit a fact", "Save fact")


@screen("hold.place")
def hold(request: Request, ref: str, pk: int) -> HttpResponse:
    """Place a hold at once, by one person."""
    row = get_object_or_404(Entitlement, pk=pk, licensee__ref=ref)
    return _reasoned(
        request,
        ref,
        "Hold the entitlement",
        f"Hold it: every question about {row.offering} is denied at once",
        lambda because: entitlements.hold(entitlement=row, **who(request), because=because),
        "Held. Lifting it takes two persons.",
    )


@screen("hold.place")
def ask_release(request: Request, ref: str, pk: int) -> HttpResponse:
    """Ask for the release of a hold, as the first of two persons."""
    row = get_object_or_404(Hold, pk=pk, entitlement__licensee__ref=ref)
    return _reasoned(
        request,
        ref,
        "Ask for the release of the hold",
        "Ask: it stays held until a second person agrees",
        lambda because: entitlements.ask_release(hold=row, **who(request), because=because),
        "Asked. A second person has to agree.",
    )


@screen("hold.place")
def release(request: Request, ref: str, pk: int) -> HttpResponse:
    """Release a hold, as the second person."""
    row = get_object_or_404(Hold, pk=pk, entitlement__licensee__ref=ref)
    return _reasoned(
        request,
        ref,
        "Release the hold",
        "Release it: questions are answered by the rules again",
        lambda because: entitlements.release_hold(hold=row, **who(request), because=because),
        "Released.",
    )


def _reasoned(
    request: Request, ref: str, title: str, button: str, verb: Any, success: str
) -> HttpResponse:
    licensee = _licensee(ref)
    form = LongReasonForm(request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    if valid and attempt(form, lambda: verb(form.cleaned_data["because"])):
        messages.success(request, success)
        return redirect("dashboard:licensee", ref)
    return _form(request, form, licensee, title, button)


@require_POST
@screen("register.confirm")
def confirm_fact(request: Request, ref: str, pk: int) -> HttpResponse:
    """Confirm a fact, as the second person. A refusal becomes a page in words."""
    row = get_object_or_404(Fact, pk=pk, licensee__ref=ref)
    registry.confirm_fact(fact=row, **who(request))
    messages.success(request, "Confirmed. It is in effect; the licensee is being screened again.")
    return redirect("dashboard:licensee", ref)


@require_POST
@screen("register.confirm")
def confirm_attestation(request: Request, ref: str, pk: int) -> HttpResponse:
    """Confirm an attestation, as the second person."""
    row = get_object_or_404(Attestation, pk=pk, licensee__ref=ref)
    registry.confirm_attestation(attestation=row, **who(request))
    messages.success(request, "Confirmed. The licensee is being screened again.")
    return redirect("dashboard:licensee", ref)


def _form(
    request: Request, form: forms.Form, licensee: Licensee | None, title: str, button: str
) -> HttpResponse:
    return render(
        request,
        "dashboard/licensees/form.html",
        {"form": form, "licensee": licensee, "title": title, "button": button},
        status=422 if form.errors else 200,
    )


urlpatterns = [
    path("licensees/add", add, name="licensee-add"),
    path("licensees/<path:ref>/fact", edit_fact, name="licensee-fact"),
    path("licensees/<path:ref>/fact/<int:pk>/confirm", confirm_fact, name="licensee-fact-confirm"),
    path(
        "licensees/<path:ref>/attestation/<int:pk>/confirm",
        confirm_attestation,
        name="licensee-attestation-confirm",
    ),
    path("licensees/<path:ref>/hold/<int:pk>", hold, name="licensee-hold"),
    path("licensees/<path:ref>/ask-release/<int:pk>", ask_release, name="licensee-ask-release"),
    path("licensees/<path:ref>/release/<int:pk>", release, name="licensee-release"),
]
