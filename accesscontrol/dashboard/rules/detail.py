"""The screen of one rule: a version in words, all versions, test cases, and the next steps."""

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accesscontrol import orders, releases
from accesscontrol.dashboard.preview import state
from accesscontrol.dashboard.rules import changes, life, operands, states
from accesscontrol.dashboard.rules.forms import ReasonForm, TestCaseForm
from accesscontrol.dashboard.shell import confidential, paging
from accesscontrol.dashboard.shell.entry import Request, attempt, rights, screen, who
from accesscontrol.errors import NotFound, Refused
from accesscontrol.models import Licensee, Rule, RuleTestCase, RuleVersion

VERBS = {
    "submit": (orders.submit, "submitted for approval. Somebody who did not edit it approves it."),
    "withdraw": (orders.withdraw, "withdrawn. It stays here to be read and copied."),
}


@screen()
def detail(request: Request, ref: str) -> HttpResponse:
    """One rule, at the version of the address, else the open one, that in force or the newest."""
    rule = find(ref, request.now)
    confidential.require(rule.order, request.user, at=request.now)
    return _page(request, rule, _chosen(request, rule), ReasonForm(), TestCaseForm())


@screen("policy.draft")
@require_POST
def step(request: Request, ref: str, verb: str) -> HttpResponse:
    """Submit or withdraw the open version, with a reason."""
    rule = find(ref, request.now)
    version = get_object_or_404(rule.versions, version=request.POST.get("version") or 0)
    form = ReasonForm(request.POST)
    act, outcome = VERBS[verb]
    if form.is_valid() and attempt(form, lambda: act(version=version, **_why(request, form))):
        messages.success(request, f"{version} is {outcome}")
        return redirect("dashboard:rule", ref)
    return _page(request, rule, version, form, TestCaseForm(), status=422)


@screen("policy.draft")
@require_POST
def start(request: Request, ref: str) -> HttpResponse:
    """Start a draft that copies a version of the rule: to change it, or to go back to it."""
    rule = find(ref, request.now)
    version = get_object_or_404(rule.versions, version=request.POST.get("version") or 0)
    form = ReasonForm(request.POST)
    if form.is_valid() and attempt(
        form, lambda: orders.duplicate(version=version, **_why(request, form))
    ):
        messages.success(request, f"A draft copied from version {version.version} is open.")
        return redirect("dashboard:rule-edit", ref)
    return _page(request, rule, version, form, TestCaseForm(), status=422)


@screen("policy.draft")
@require_POST
def retire(request: Request, ref: str) -> HttpResponse:
    """Ask for the end of the rule. It is approved and published like any version."""
    rule = find(ref, request.now)
    form = ReasonForm(request.POST)
    if form.is_valid():
        version = attempt(form, lambda: orders.retire(rule=rule, **_why(request, form)))
        if version:
            messages.success(request, f"The end of {ref} waits for approval by somebody else.")
            return redirect("dashboard:approval", version.pk)
    return _page(request, rule, _chosen(request, rule), form, TestCaseForm(), status=422)


@screen("policy.draft")
@require_POST
def add_case(request: Request, ref: str) -> HttpResponse:
    """Add a test case. It is run at once."""
    rule = find(ref, request.now)
    form = TestCaseForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        added = attempt(
            form,
            lambda: orders.add_test_case(
                rule=rule,
                name=data["name"],
                facts=_facts(data["facts"]),
                outcome=data["outcome"],
                holds_at=request.now,
                **who(request),
            ),
        )
        if added:
            messages.success(request, f"Test case “{added.name}” added.")
            return redirect(f"{reverse('dashboard:rule', args=[ref])}#test-cases")
    return _page(request, rule, _chosen(request, rule), ReasonForm(), form, status=422)


@screen("policy.draft")
@require_POST
def remove_case(request: Request, ref: str, pk: int) -> HttpResponse:
    """Remove a test case. The log keeps it."""
    case = get_object_or_404(RuleTestCase, pk=pk, rule__ref=ref)
    orders.remove_test_case(case=case, because=request.POST.get("because", ""), **who(request))
    messages.success(request, f"Test case “{case.name}” removed.")
    return redirect(f"{reverse('dashboard:rule', args=[ref])}#test-cases")


def find(ref: str, at: datetime) -> Any:
    """Return the rule with its state. Raises NotFound."""
    rows = states.with_state(Rule.objects.select_related("order"), at)
    rule = rows.filter(ref=ref.replace("\0", "")).first()
    if rule is None:
        raise NotFound(f"There is no rule {ref}. Search the list of rules.")
    return rule


def test_results(version: RuleVersion, at: datetime) -> tuple[list[orders.CaseResult], str]:
    """The test cases with this version's outcomes, or why they cannot be run."""
    try:
        return orders.run_test_cases(version, at=at), ""
    except (Refused, ValueError) as problem:
        return [], str(problem)


def _page(
    request: Request,
    rule: Any,
    version: RuleVersion,
    reason: ReasonForm,
    case: TestCaseForm,
    status: int = 200,
) -> HttpResponse:
    at = request.now
    results, why_untested = test_results(version, at)
    impact = state.current(version)
    context = {
        "rule": rule,
        "version": version,
        "versions": list(rule.versions.select_related("created_by", "approved_by", "term")[:50]),
        "steps": life.steps(version, at, impact),
        "impact": impact,
        "in_words": changes.in_words(version, at),
        "results": results,
        "why_untested": why_untested,
        "document": json.dumps(version.content, indent=2, ensure_ascii=False),
        "reason": reason,
        "case_form": case,
        "case_open": case.is_bound,
        "everyone": paging.count(Licensee.objects.all()),
        "open": rule.open_state,
        "may": rights(request, "policy.draft", "policy.approve", "policy.publish"),
    }
    return render(request, "dashboard/rules/detail.html", context, status=status)


def _chosen(request: Request, rule: Any) -> RuleVersion:
    rows: QuerySet[RuleVersion] = rule.versions.select_related(
        "created_by", "approved_by", "published_by", "term"
    )
    wanted = request.GET.get("version", "")
    if wanted.isdigit() and len(wanted) < 8:
        return get_object_or_404(rows, version=int(wanted))
    return get_object_or_404(rows, pk=rule.open_id or rule.in_force_id or rule.newest_id)


def _facts(text: str) -> dict[str, Any]:
    """Read typed facts, one a line. Raises CannotEdit with the line at fault."""
    vocabulary = {attribute["name"]: attribute for attribute in releases.vocabulary()}
    facts: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not equals or name not in vocabulary:
            what = f"there is no attribute {name}" if equals else "write name = value"
            raise orders.CannotEdit(f"Line {number}: {what}.", pointer="/facts")
        facts[name] = _fact(vocabulary[name]["type"], value)
    return facts


def _fact(type_: str, value: str) -> Any:
    if type_ in ("countries", "codes"):
        return [] if value in ("", "none") else operands.several(type_, value.split(","))
    if type_ == "boolean":
        return {"yes": True, "true": True, "no": False, "false": False}.get(value.lower(), value)
    return operands.one(type_, value)


def _why(request: Request, form: ReasonForm) -> dict[str, Any]:
    return {**who(request), "because": form.cleaned_data["because"]}
