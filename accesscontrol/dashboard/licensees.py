"""The screens of licensees: the list, and one with its facts, standing and entitlements."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol import access, facts, screening
from accesscontrol.dashboard import licensee_forms
from accesscontrol.dashboard.search import find_licensees
from accesscontrol.dashboard.shell import events, filters, paging, standings
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import (
    AIModel,
    AuditEvent,
    Case,
    Entitlement,
    Fact,
    Hold,
    Licensee,
    Owner,
    OwnershipDeclaration,
)
from accesscontrol.policy import COUNTRIES

SEARCH = filters.Filter("q", "Search")
STANDING = filters.Filter("standing", "Standing", standings.CHOICES)
COUNTRY = filters.Filter("country", "Country", [*COUNTRIES.items()])
GAPS = filters.Filter(
    "gap",
    "Not on record",
    [("country", "Country"), ("hq", "Headquarters"), ("parent", "Ultimate parent")],
)
COLUMN_OF_GAP = {"country": "country", "hq": "hq_country", "parent": "ultimate_parent_country"}


@screen()
def listing(request: Request) -> HttpResponse:
    """The licensees by name, fifty a page, with their standing and missing facts."""
    chosen = filters.read(request, SEARCH, STANDING, COUNTRY, GAPS, _model_filter())
    rows = find_licensees(chosen["q"]) if chosen["q"] else Licensee.objects.all()
    if chosen["standing"]:
        standing = screening.licensees_with(chosen["standing"], model=chosen["model"])
        rows = rows.filter(pk__in=standing.values("pk"))
    elif chosen["model"]:
        granted = Entitlement.objects.filter(offering__model__ref=chosen["model"], ended_at=None)
        rows = rows.filter(pk__in=granted.values("licensee"))
    if chosen["country"]:
        rows = rows.filter(country=chosen["country"])
    if chosen["gap"]:
        rows = rows.filter(**{COLUMN_OF_GAP[chosen["gap"]]: ""})
    page = paging.page(rows, request, by=("name", "id"))
    ids = [licensee.pk for licensee in page]
    summaries, entitled = standings.summaries(ids), _entitled(ids)
    for licensee in page:
        licensee.summary = summaries.get(licensee.pk, [])
        licensee.in_force, licensee.held = entitled.get(licensee.pk, (0, 0))
        licensee.gaps = gaps(licensee)
    return render(
        request,
        "dashboard/licensees/list.html",
        {"page": page, "filters": chosen, "may_edit": access.may(request.user, "register.edit")},
    )


def _model_filter() -> filters.Filter:
    """With a standing, the standing for this model. Alone, the licensees that were granted it."""
    return filters.Filter("model", "Model", [*AIModel.objects.values_list("ref", "name")])


def _entitled(ids: list[int]) -> dict[int, tuple[int, int]]:
    """The numbers of entitlements in force and of held ones, by licensee."""
    held = Count("id", filter=Q(holds__released_at=None, holds__id__isnull=False), distinct=True)
    rows = Entitlement.objects.filter(licensee__in=ids, ended_at=None).values("licensee")
    counted = rows.annotate(n=Count("id", distinct=True), held=held)
    return {row["licensee"]: (row["n"] - row["held"], row["held"]) for row in counted}


def gaps(licensee: Licensee) -> list[str]:
    """The facts that most rules read and that the register lacks."""
    return [
        word
        for word, known in (
            ("country", licensee.country),
            ("headquarters", licensee.hq_country),
            ("ultimate parent", licensee.ultimate_parent_country),
        )
        if not known
    ]


@screen()
def detail(request: Request, ref: str) -> HttpResponse:
    """One licensee: facts, standing, entitlements, owners, matches, cases, history."""
    licensee = Licensee.objects.filter(ref=ref).first()
    if licensee is None:
        raise Http404
    at = request.now
    standing, per_offering = standings.of_licensee(licensee.pk)
    return render(
        request,
        "dashboard/licensees/detail.html",
        {
            "licensee": licensee,
            "standing": standing,
            "per_offering": per_offering,
            "summary": standings.summaries([licensee.pk]).get(licensee.pk, []),
            "gaps": gaps(licensee),
            "facts": _facts(licensee, at),
            "waiting": Fact.objects.filter(licensee=licensee, waits=True, superseded_at=None)[:50],
            "entitlements": _entitlements(licensee),
            "owners": _owners(licensee, at),
            "declaration": OwnershipDeclaration.objects.at(at).filter(licensee=licensee).first(),
            "matches": _matches(licensee),
            "attestations": licensee.attestations.filter(revoked_at=None).order_by("-id")[:50],
            "cases": _open_cases(licensee),
            "story": _story(licensee),
            "may_edit": access.may(request.user, "register.edit"),
            "may_hold": access.may(request.user, "hold.place"),
        },
    )


def _facts(licensee: Licensee, at: datetime) -> list[dict[str, Any]]:
    """The facts that the judge reads now, with sources and, if on record, the begin of each."""
    about = facts.about_licensees([licensee.pk], at=at).get(licensee.pk)
    if about is None:
        return []
    rows = Fact.objects.filter(
        licensee=licensee, waits=False, superseded_at=None, held__contains=at
    )
    since = {row.attribute: row for row in rows}
    return [
        {
            "name": name,
            "value": value,
            "source": about.sources[name],
            "row": since.get(name),
            "editable": name in since and not name.startswith(licensee_forms.DERIVED),
        }
        for name, value in sorted(about.facts.items(), key=lambda fact: _place(fact[0]))
        if name != "licensee.id" and name.startswith("licensee.")
    ]


def _place(name: str) -> tuple[int, str]:
    """The place of a fact on the page: the licensee, then its ownership, then the lists."""
    families = ("licensee.captured", "licensee.restricted", "licensee.red_flags", "licensee.list_")
    family = next((n for n, prefix in enumerate(families, 1) if name.startswith(prefix)), 0)
    return family, name


def _entitlements(licensee: Licensee) -> list[dict[str, Any]]:
    rows = licensee.entitlements.filter(ended_at=None).select_related("offering__model")
    holds = Hold.objects.filter(entitlement__in=rows, released_at=None).select_related(
        "placed_by", "release_asked_by", "run"
    )
    by_entitlement: dict[int, list[Hold]] = {}
    for hold in holds:
        by_entitlement.setdefault(hold.entitlement_id, []).append(hold)
    shown = []
    for row in rows.order_by("offering__model__ref", "offering__position"):
        open_holds = by_entitlement.get(row.pk, [])
        officer = next((hold for hold in open_holds if hold.cause == "officer"), None)
        shown.append({"row": row, "holds": open_holds, "officer": officer})
    return shown


def _owners(licensee: Licensee, at: datetime) -> list[Owner]:
    rows = Owner.objects.at(at).filter(owned=licensee)
    return list(
        rows.select_related("owner_licensee", "owner_party").order_by("-share_bp", "id")[:100]
    )


def _open_cases(licensee: Licensee) -> list[Case]:
    rows = Case.objects.filter(licensee=licensee).exclude(state__in=["decided", "closed"])
    return list(rows[:20])


def _matches(licensee: Licensee) -> list[Any]:
    rows = licensee.matches.filter(superseded_at=None).exclude(status="clear")
    return list(
        rows.select_related("restricted_list", "party").order_by("restricted_list__code")[:50]
    )


def _story(licensee: Licensee) -> list[events.EventInWords]:
    """The newest thirty events about it."""
    rows = AuditEvent.objects.filter(subject_id=licensee.ref).order_by("-id")[:30]
    about_it = ("licensee", "text")
    return [event for event in events.in_words(rows) if event.subject_type in about_it]


urlpatterns = [
    path("licensees", listing, name="licensees"),
    *licensee_forms.urlpatterns,
    path("licensees/<path:ref>", detail, name="licensee"),
]
