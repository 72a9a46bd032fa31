"""The rule editor: conditions by form or as an expression, shown in words, saved as a draft."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accesscontrol import orders, policy
from accesscontrol.dashboard.rules import draft as drafts
from accesscontrol.dashboard.rules import register_ids
from accesscontrol.dashboard.rules.builder import Choices, builder
from accesscontrol.dashboard.rules.draft import Draft, NoExpression
from accesscontrol.dashboard.rules.forms import NewRuleForm, RuleForm
from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.errors import NotFound, Refused
from accesscontrol.models import Order, Rule, RuleVersion
from accesscontrol.orders import language


@screen("policy.draft")
def new(request: Request) -> HttpResponse:
    """Draft a new rule under an order."""
    return _Editor(request, None).answer()


@screen("policy.draft")
def edit(request: Request, ref: str) -> HttpResponse:
    """Continue the open draft of a rule."""
    drafts = RuleVersion.objects.filter(rule__ref=ref, state="draft")
    version = drafts.select_related("rule__order").first()
    if version is None:
        raise NotFound(f"{ref} has no open draft. Start a new version on the page of the rule.")
    return _Editor(request, version).answer()


class _Editor:
    """One request to the editor: the posted form, the draft that it means, and the answer."""

    def __init__(self, request: Request, version: RuleVersion | None) -> None:
        self.request, self.version = request, version
        self.at = request.now
        self.ground = language.ground(self.at)
        self.choices = Choices(self.ground)
        self.order = version.rule.order if version else self._order()
        zone = drafts.zone_of(version, self.order)
        self.content: dict[str, Any] = dict(version.content) if version else {}
        self.posted = request.method == "POST"
        self.form = self._form(zone)
        self.draft = self._draft(zone)

    def answer(self) -> HttpResponse:
        """Save the draft, do what a button asks, or show the form."""
        command = self.request.POST.get("do", "")
        if self.posted and command == "save":
            saved = self._save()
            if saved is not None:
                return saved
            return self._page(422)
        if self.posted:
            self._act(command)
        return self._page(200)

    def _form(self, zone: str) -> RuleForm:
        kind = RuleForm if self.version else NewRuleForm
        start = (
            drafts.initial(self.content, zone) if self.version else drafts.first(self.order, zone)
        )
        more = {"zone": zone, "policy": self.content.get("license_review_policy", "")}
        if self.posted and self.request.POST.get("do") == "save":
            return kind(self.request.POST, **more)
        # A button other than save shows the typed fields again without checking them.
        return kind(initial={**start, **self.request.POST.dict()}, **more)

    def _draft(self, zone: str) -> Draft:
        if self.posted:
            return drafts.of_post(self.request.POST, self.choices.vocabulary)
        if self.version:
            return drafts.of_content(self.content, self.choices.vocabulary, zone)
        return Draft()

    def _act(self, command: str) -> None:
        """A button that changes the page and saves nothing."""
        if command == "as-expression" and not self.draft.as_expression:
            conditions = drafts.conditions(self.draft, self.choices.vocabulary, self._zone())
            self.draft = Draft(as_expression=True, expression=drafts.printed(conditions))
        elif command == "as-form" and self.draft.as_expression:
            self._to_form()
        elif not self.draft.as_expression:
            drafts.act(self.draft, command)

    def _to_form(self) -> None:
        """Show the expression as a form, or say why the form cannot show it."""
        try:
            conditions = drafts.parsed(self.draft.expression)
            self._rule({**self._other_members(), **conditions})
        except NoExpression as problem:
            self.draft.problems["expression"] = str(problem)
            return
        except Refused as refusal:
            drafts.blame(self.draft, refusal.pointer, refusal.message)
            return
        shown = drafts.of_content(conditions, self.choices.vocabulary, self._zone())
        if shown.as_expression:
            self.draft.problems["expression"] = (
                "It is right, but the form cannot show it (three levels of groups at most)."
                " Save it as an expression."
            )
            return
        self.draft = shown

    def _save(self) -> HttpResponse | None:
        """Save the draft. Returns None if there are problems, which are put beside their cause."""
        self.draft.problems |= drafts.unfinished(self.draft)
        conditions = self._conditions()
        if not self.form.is_valid() or conditions is None or self.draft.problems:
            return None
        content = drafts.content(self.form.cleaned_data, conditions)
        try:
            version = self._write(content)
        except Refused as refusal:
            self._blame(refusal)
            return None
        messages.success(self.request, f"{version} saved at {self.at:%H:%M:%S} UTC.")
        return redirect("dashboard:rule", version.rule.ref)

    def _write(self, content: dict[str, Any]) -> RuleVersion:
        data = self.form.cleaned_data
        who = {"by": self.request.user, "at": self.at, "because": data["because"]}
        if self.version is None:
            if Rule.objects.filter(ref=data["ref"]).exists():
                raise orders.CannotEdit(
                    f"{data['ref']} exists. Open it to start a new version.", pointer="/ref"
                )
            return orders.draft(ref=data["ref"], content=content, order=data["order"], **who)
        seen = self.request.POST.get("seen_at", "")
        orders.edit(version=self.version, content=content, seen_at=_instant(seen), **who)
        self.version.refresh_from_db()
        return self.version

    def _blame(self, refusal: Refused) -> None:
        if drafts.blame(self.draft, refusal.pointer, refusal.message):
            return
        name = refusal.pointer.strip("/").split("/")[0]
        self.form.add_error(name if name in self.form.fields else None, refusal.message)

    def _conditions(self) -> dict[str, Any] | None:
        try:
            return drafts.conditions(self.draft, self.choices.vocabulary, self._zone())
        except NoExpression as problem:
            self.draft.problems["expression"] = str(problem)
            return None

    def _sentence(self) -> tuple[str, str]:
        """The rule in a sentence, or why there is none yet."""
        if unfinished := drafts.unfinished(self.draft):
            return "", next(iter(unfinished.values()))
        try:
            conditions = self._conditions() or {}
            rule = self._rule({**self._other_members(), **conditions})
        except Refused as refusal:
            if self.posted and self.request.POST.get("do") == "check":
                drafts.blame(self.draft, refusal.pointer, refusal.message)
            return "", refusal.message
        return policy.sentence(rule), ""

    def _warnings(self) -> list[str]:
        """A sentence for each id that a condition names and the register lacks."""
        try:
            return register_ids.warnings(
                drafts.conditions(self.draft, self.choices.vocabulary, self._zone())
            )
        except NoExpression:
            return []

    def _rule(self, document: dict[str, Any]) -> Any:
        return orders.parsed(document, at=self.at)

    def _other_members(self) -> dict[str, Any]:
        """The members of the rule other than conditions, with stand-ins for empty fields."""
        post = self.request.POST if self.posted else {}
        shown = {**self.content, **{name: text for name, text in post.items() if text}}
        members: dict[str, Any] = {
            "ref": "R",
            "version": 1,
            "title": shown.get("title") or "Untitled",
            "order": "O",
            "citation": shown.get("citation") or "-",
            "effect": shown.get("effect") or "deny",
            "when": {},
            "unless": [],
            "effective_from": "2000-01-01T00:00:00Z",
            "effective_until": None,
            "report_only_until": None,
        }
        if members["effect"] == "license_required" and shown.get("license_review_policy"):
            members["license_review_policy"] = shown["license_review_policy"]
        return members

    def _zone(self) -> str:
        zone = self.request.POST.get("zone", "")
        known = dict(self.form.zones)
        return zone if zone in known else next(iter(known))

    def _order(self) -> Order | None:
        wanted = self.request.POST.get("order") or self.request.GET.get("order") or ""
        return Order.objects.filter(reference=wanted.replace("\0", "")).first()

    def _page(self, status: int) -> HttpResponse:
        sentence, why_none = self._sentence()
        context = {
            "form": self.form,
            "version": self.version,
            "order": self.order,
            "builder": builder(self.draft, self.choices),
            "sentence": sentence,
            "warnings": self._warnings(),
            "why_none": why_none,
            "seen_at": self.version.edited_at.isoformat() if self.version else "",
            "wrong": bool(self.draft.problems) and status == 422,
        }
        return render(self.request, "dashboard/rules/form.html", context, status=status)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
