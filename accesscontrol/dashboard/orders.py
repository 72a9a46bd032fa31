"""The screens of orders: the list, and one with its clock, rules, annexes and lift."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accesscontrol import access, orders
from accesscontrol.dashboard.moments import MomentField, ZonedForm
from accesscontrol.dashboard.rules import states
from accesscontrol.dashboard.shell import confidential, filters, paging, references
from accesscontrol.dashboard.shell.entry import Request, attempt, reason, rights, screen, who
from accesscontrol.errors import NotFound
from accesscontrol.models import NamedList, NamedListEntry, Order, RuleVersion, Term

SOON = timedelta(hours=48)
RIGHTS = ("order.enter", confidential.RIGHT, "policy.draft", "policy.approve")
STATES = (
    ("received", "Received"),
    ("implementing", "Being implemented"),
    ("scheduled", "Scheduled"),
    ("in_force", "In force"),
    ("lifted", "Lifted"),
    ("expired", "Expired"),
    ("superseded", "Superseded"),
)
KINDS = tuple(Order.Kind.choices)


class OrderForm(ZonedForm):
    """The head of an instrument. Its clock runs from its receipt."""

    reference = forms.CharField(max_length=100, help_text="As the authority writes it.")
    kind = forms.ChoiceField(choices=KINDS)
    authority = forms.CharField(max_length=200, help_text="Who gave it, such as BIS or OFAC.")
    citation = forms.CharField(max_length=200, help_text="Such as 15 CFR 744.22(b).")
    subject = forms.CharField(max_length=300, help_text="In one line, for every list and report.")
    received_at = MomentField(label="Received")
    effective_at = MomentField(label="Takes effect")
    expires_at = MomentField(label="Expires", required=False)
    confidential = forms.BooleanField(
        required=False,
        label="Confidential",
        help_text="Its effect stays visible, its text only to auditors, officers and approvers.",
    )
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 8}), required=False)
    source_sha256 = forms.CharField(
        label="SHA-256 of the document", max_length=64, required=False, strip=True
    )
    supersedes = forms.ModelChoiceField(
        Order.objects.none(), to_field_name="reference", required=False, empty_label="No order"
    )
    because = forms.CharField(label="Remark", max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        supersedes = self.field("supersedes", forms.ModelChoiceField)
        supersedes.queryset = Order.objects.order_by("-received_at")[:200]
        if self.is_bound:
            supersedes.queryset = Order.objects.all()

    def instrument(self) -> orders.Instrument:
        """The typed instrument."""
        head = {name: value for name, value in self.cleaned_data.items() if name != "because"}
        return orders.Instrument(**head)


class AfterForm(ZonedForm):
    """A later document about an order: an amendment or its lift."""

    reference = forms.CharField(max_length=100, help_text="Of the document that came after it.")
    received_at = MomentField(label="Received")
    effective_at = MomentField(label="Takes effect")
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 6}), required=False)
    because = forms.CharField(label="Reason", max_length=500)

    def given(self) -> dict[str, Any]:
        """The typed notice and the reason."""
        names = ("reference", "received_at", "effective_at", "text")
        notice = orders.Notice(**{name: self.cleaned_data[name] for name in names})
        return {"notice": notice, "because": self.cleaned_data["because"]}


class AnnexForm(AfterForm):
    """An annex of parties, named by their references in the register."""

    parties = forms.CharField(
        label="Licensees",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Their references, one a line.",
    )
    title = forms.CharField(label="Title of the list", max_length=300, required=False)

    def given(self) -> dict[str, Any]:
        """The typed notice, the reason, and the list's parties and title."""
        parties = self.cleaned_data["parties"].replace(",", "\n").split("\n")
        return {**super().given(), "parties": parties, "title": self.cleaned_data["title"]}


@screen()
def listing(request: Request) -> HttpResponse:
    """All orders, the newest receipt first."""
    chosen = filters.read(
        request,
        filters.Filter("q", "Search"),
        filters.Filter("state", "State", STATES),
        filters.Filter("kind", "Kind", KINDS),
    )
    rows = with_state(Order.objects.all(), request.now)
    if chosen["q"]:
        rows = rows.filter(_searched(chosen["q"], request))
    for name in ("state", "kind"):
        if chosen[name]:
            rows = rows.filter(**{name: chosen[name]})
    page = paging.page(rows, request, by=("-received_at", "-id"))
    for order in page.rows:
        _present(order, request)
    context = {"page": page, "filters": chosen, "may": rights(request, *RIGHTS)}
    return render(request, "dashboard/orders/list.html", context)


@screen()
def detail(request: Request, reference: str) -> HttpResponse:
    """One order: its clock, its rules, its amendments and lists."""
    order = _order(request, reference)
    rules = states.with_state(order.rules.all(), request.now)
    versions = RuleVersion.objects.in_bulk([rule.newest_id for rule in rules])
    for rule in rules:
        rule.shown = versions[rule.newest_id]
        rule.title = confidential.title(order, request.user, rule.shown.title)
    line = orders.timeline(order)
    context = {
        "order": order,
        "rules": rules,
        "line": line,
        "steps": _steps(line),
        "amendments": order.amendments.select_related("entered_by"),
        "lists": _lists(order, request),
        "lift": orders.waiting_lift(order),
        "may": rights(request, *RIGHTS),
        "text": order.text if not order.confidential else None,
    }
    return render(request, "dashboard/orders/detail.html", context)


@screen("order.enter")
def enter(request: Request) -> HttpResponse:
    """Enter an order that was received."""
    form = OrderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {"instrument": form.instrument(), "because": form.cleaned_data["because"]}
        order = attempt(form, lambda: orders.enter(**given, **who(request)))
        if order:
            messages.success(request, f"{order} is entered. Next: draft the rules it asks for.")
            return redirect("dashboard:order", order.reference)
    lead = "Its clock runs from the minute it was received."
    return _form(request, form, title="Enter an order", button="Enter order", lead=lead)


@screen("order.enter")
@require_POST
def acknowledge(request: Request, reference: str) -> HttpResponse:
    """Record that the order was received and read."""
    order = _order(request, reference)
    orders.acknowledge(order=order, because="", **who(request))
    messages.success(request, f"Receipt of {order} is on record.")
    return redirect("dashboard:order", reference)


@screen("order.enter")
def amend(request: Request, reference: str) -> HttpResponse:
    """Record a change of the order."""
    order = _order(request, reference)
    form = AfterForm(request.POST or None, initial={"zone": order.zone})
    if request.method == "POST" and form.is_valid():
        given = form.given()
        if attempt(form, lambda: orders.amend(order=order, **given, **who(request))):
            messages.success(request, "Amendment recorded. Draft the versions it asks for.")
            return redirect("dashboard:order", reference)
    lead = "It changes no rule by itself: draft new versions of them."
    return _form(
        request, form, order=order, title=f"Amend {order}", button="Record amendment", lead=lead
    )


@screen("order.enter")
def annex(request: Request, reference: str) -> HttpResponse:
    """Record an annex of named parties, which rules can name."""
    order = _order(request, reference)
    form = AnnexForm(request.POST or None, initial={"zone": order.zone})
    if request.method == "POST" and form.is_valid():
        given = form.given()
        named = attempt(form, lambda: orders.annex(order=order, **given, **who(request)))
        if named:
            messages.success(
                request,
                f"The entries of {named.code} are recorded."
                " They count once somebody else confirms them.",
            )
            return redirect("dashboard:order", reference)
    lead = "A list can loosen a rule: a second person confirms it."
    return _form(
        request,
        form,
        order=order,
        title=f"Add an annex to {order}",
        button="Record annex",
        lead=lead,
    )


@screen("policy.approve")
@require_POST
def confirm_annex(request: Request, reference: str) -> HttpResponse:
    """Confirm the entries of a list that wait, as the second person."""
    order = _order(request, reference)
    named = get_object_or_404(NamedList, code=request.POST.get("list", ""), order=order)
    release = orders.confirm_annex(named_list=named, because=reason(request), **who(request))
    messages.success(request, f"{named.code} counts from release {release.number} on.")
    return redirect("dashboard:order", reference)


@screen("order.enter")
def lift(request: Request, reference: str) -> HttpResponse:
    """Record that the authority lifted the order. A second person confirms it."""
    order = _order(request, reference)
    form = AfterForm(request.POST or None, initial={"zone": order.zone})
    if request.method == "POST" and form.is_valid():
        given = form.given()
        if attempt(form, lambda: orders.lift(order=order, **given, **who(request))):
            messages.success(request, "The lift is entered. It ends the rules once confirmed.")
            return redirect("dashboard:order", reference)
    lead = "Nothing changes until an approver who is not you confirms it."
    return _form(
        request, form, order=order, title=f"Lift {order}", button="Enter the lift", lead=lead
    )


@screen("policy.approve")
@require_POST
def confirm_lift(request: Request, reference: str) -> HttpResponse:
    """Confirm a lift, as the second person: the rules end and every licensee is screened."""
    order = _order(request, reference)
    release = orders.confirm_lift(order=order, because=reason(request), **who(request))
    messages.success(request, f"{order} is lifted. Release {release.number} is being screened.")
    return redirect("dashboard:order", reference)


@screen(confidential.RIGHT)
@require_POST
def read_text(request: Request, reference: str) -> HttpResponse:
    """The text of a confidential order. Its reading is logged."""
    order = _order(request, reference)
    text = orders.read_text(order=order, **who(request))
    return render(request, "dashboard/orders/text.html", {"order": order, "text": text})


def with_state(rows: QuerySet[Order], at: datetime) -> QuerySet[Order]:
    """Orders with their `state` and whether a rule of theirs is approved, in one query."""
    terms = Term.objects.filter(rule__order=OuterRef("pk"), withdrawn=False)
    versions = RuleVersion.objects.filter(rule__order=OuterRef("pk"))
    return rows.annotate(
        rule_count=Count("rules"),
        bites=Exists(terms.filter(period__contains=at)),
        will_bite=Exists(terms.filter(period__startswith__gt=at)),
        in_work=Exists(versions.filter(state__in=states.OPEN)),
        agreed=Exists(versions.exclude(approved_at=None)),
        replaced=Exists(Order.objects.filter(supersedes=OuterRef("pk"))),
    ).annotate(
        state=Case(
            When(lifted_at__lte=at, then=Value("lifted")),
            When(expires_at__lte=at, then=Value("expired")),
            When(replaced=True, bites=False, then=Value("superseded")),
            When(bites=True, then=Value("in_force")),
            When(will_bite=True, then=Value("scheduled")),
            When(in_work=True, then=Value("implementing")),
            default=Value("received"),
            output_field=CharField(),
        )
    )


def _order(request: Request, reference: str) -> Order:
    at = request.now
    rows = with_state(Order.objects.select_related("supersedes", "acknowledged_by"), at)
    order = rows.filter(reference=reference.replace("\0", "")).first()
    if order is None:
        raise NotFound(f"There is no order {reference}. Search the list of orders.")
    _present(order, request)
    return order


def _present(order: Any, request: Request) -> None:
    """Give the order the title that the person may read, and a warning if it cannot wait."""
    at = request.now
    order.visible = confidential.is_open(order, request.user)
    order.title = order.subject if order.visible else "Confidential order"
    order.warning = _warning(order, at)


def _warning(order: Any, at: datetime) -> str:
    if order.state in ("lifted", "expired", "superseded", "in_force", "scheduled"):
        return ""
    if order.effective_at <= at:
        return "In force by law, but no rule of it is published."
    if order.effective_at - at < SOON and not order.agreed:
        return "Takes effect in under 48 hours, and no rule of it is approved."
    return ""


def _searched(text: str, request: Request) -> Q:
    """Find orders by text, but not by a subject that the person may not read."""
    anywhere = Q(reference__icontains=text) | Q(authority__icontains=text)
    subject = Q(subject__icontains=text)
    if not access.may(request.user, confidential.RIGHT):
        subject &= Q(confidential=False)
    return anywhere | subject


def _steps(line: orders.Timeline) -> list[dict[str, Any]]:
    """The steps of the clock in the order in which they happened, then the pending ones."""
    happened = [step for step in (*line.steps, *line.amendments) if step.at]
    happened.sort(key=lambda step: str(step.at))
    pending = [s for s in line.steps if not s.at and s.name not in ("acknowledged", "lifted")]
    return [{"label": s.label, "at": s.at, "since": s.since_received} for s in happened + pending]


def _lists(order: Order, request: Request) -> list[dict[str, Any]]:
    shown = []
    for named in order.lists.order_by("code"):
        rows = NamedListEntry.objects.filter(named_list=named).order_by("value")
        entries = list(rows.select_related("entered_by", "confirmed_by")[:200])
        waiting = [entry for entry in entries if entry.confirmed_at is None]
        own = any(entry.entered_by_id == request.user.pk for entry in waiting)
        shown.append({"list": named, "entries": entries, "waiting": waiting, "own": own})
    return shown


def _form(request: Request, form: forms.Form, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "dashboard/orders/form.html", {"form": form, **context}, status=status)


ORDER = f"orders/{references.step('reference')}"
urlpatterns = [
    path("orders", listing, name="orders"),
    path("orders/enter", enter, name="order-enter"),
    path(f"{ORDER}/acknowledge", acknowledge, name="order-acknowledge"),
    path(f"{ORDER}/amend", amend, name="order-amend"),
    path(f"{ORDER}/annex", annex, name="order-annex"),
    path(f"{ORDER}/annex/confirm", confirm_annex, name="order-annex-confirm"),
    path(f"{ORDER}/lift", lift, name="order-lift"),
    path(f"{ORDER}/lift/confirm", confirm_lift, name="order-lift-confirm"),
    path(f"{ORDER}/text", read_text, name="order-text"),
    path(ORDER, detail, name="order"),
    path("orders/<path:reference>", detail),  # as a person types it, with slashes
]
