"""Drafts of rules: start, edit, copy and discuss them. Nothing here changes what is in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accesscontrol import access, audit
from accesscontrol.errors import Stale
from accesscontrol.ledger.canonical import canonical_json, digest
from accesscontrol.models import ApiToken, Order, Rule, RuleComment, RuleEdit, RuleVersion, User
from accesscontrol.orders import terms
from accesscontrol.orders.language import ensure_canonical, ensure_reason, parsed
from accesscontrol.orders.refusals import CannotEdit
from accesscontrol.orders.rule_cases import CaseResult, run_test_cases

State = RuleVersion.State
OPEN = (State.DRAFT, State.SUBMITTED, State.APPROVED)


def draft(
    *,
    ref: str,
    content: Mapping[str, Any],
    by: User | ApiToken | None,
    at: datetime,
    because: str,
    order: Order | None = None,
    based_on: RuleVersion | None = None,
) -> RuleVersion:
    """Start a new rule under ``order``, or the next version of the rule that ``ref`` names.

    ``content`` is a rule of the language, without its ref, version and order. Raises CannotEdit if
    it is not, with pointer, code and message, or if the rule has an open version.
    """
    access.require(by, "policy.draft", at=at)
    ensure_reason(because)
    with transaction.atomic():
        rule = rule_for(ref, order, by=by, at=at)
        _ensure_nothing_open(rule)
        version = next_version(rule, content, by=by, at=at, because=because)
        version.based_on = based_on or newest_published(rule)
        version.save()
        note_edit(version, by=by, at=at)
        details = {"version": version.version, "digest": version.digest}
        audit.record("rule.drafted", rule, by=by, at=at, because=because, details=details)
    return version


def edit(
    *,
    version: RuleVersion,
    content: Mapping[str, Any],
    by: User | None,
    at: datetime,
    because: str = "",
    seen_at: datetime | None = None,
) -> list[CaseResult]:
    """Replace a draft's content, run its test cases and return their results.

    ``seen_at`` is the ``edited_at`` that the editor saw. Raises Stale if it was saved since.
    """
    access.require(by, "policy.draft", at=at)
    with transaction.atomic():
        version = locked(version)
        if version.state != State.DRAFT:
            raise CannotEdit(_why_no_draft(version))
        if seen_at is not None and seen_at != version.edited_at:
            raise Stale(
                f"Version {version.version} was saved at {version.edited_at:%H:%M:%S} UTC"
                f" {_last_editor(version, by)}. Load it again and repeat your change."
            )
        before = version.digest
        fill(version, content, at=at)
        version.edited_at, version.because = at, because or version.because
        version.save()
        note_edit(version, by=by, at=at)
        details = {"version": version.version, "before": before, "after": version.digest}
        audit.record("rule.edited", version.rule, by=by, at=at, because=because, details=details)
        return run_test_cases(version, at=at)


def duplicate(
    *,
    version: RuleVersion,
    by: User | None,
    at: datetime,
    because: str,
    ref: str = "",
    order: Order | None = None,
) -> RuleVersion:
    """Copy any version into a new draft: of the same rule (a rollback), or of a new rule ``ref``.

    An end that has passed is left out, so that the copy can be in force again.
    """
    content = dict(version.content)
    end = terms.instant(content["effective_until"])
    if end is not None and end <= at:
        content["effective_until"] = None
    return draft(
        ref=ref or version.rule.ref,
        order=order or (version.rule.order if ref else None),
        content=content,
        based_on=None if ref else version,
        by=by,
        at=at,
        because=because,
    )


def comment(*, version: RuleVersion, text: str, by: User, at: datetime) -> RuleComment:
    """Add a remark to the discussion of a version."""
    access.require(by, "read", at=at)
    ensure_reason(text)
    with transaction.atomic():
        remark = remember(version, "comment", text, by=by, at=at)
        details = {"version": version.version}
        audit.record("rule.commented", version.rule, by=by, at=at, because=text, details=details)
    return remark


def next_version(
    rule: Rule,
    content: Mapping[str, Any],
    *,
    by: User | ApiToken | None,
    at: datetime,
    because: str,
) -> RuleVersion:
    """The rule's next version, checked and not yet saved."""
    newest = rule.versions.aggregate(newest=Max("version"))["newest"] or 0
    version = RuleVersion(
        rule=rule,
        version=newest + 1,
        created_by=_person(by),
        created_at=at,
        edited_at=at,
        because=because,
    )
    fill(version, content, at=at)
    return version


def fill(version: RuleVersion, content: Mapping[str, Any], *, at: datetime) -> None:
    """Check the content against the language and put it into a version, with its digest."""
    document = {
        "unless": [],
        "effective_until": None,
        "report_only_until": None,
        **content,
        "ref": version.rule.ref,
        "version": version.version,
        "order": version.rule.order.reference,
    }
    ensure_canonical(document, "")
    parsed(document, at=at)
    version.content = document
    version.canonical = canonical_json(document)
    version.digest = digest(version.canonical)
    version.title, version.effect = document["title"][:300], document["effect"]


def newest_published(rule: Rule) -> RuleVersion | None:
    """The last version that was published, in force or not."""
    return rule.versions.filter(state=State.PUBLISHED).order_by("-version").first()


def editors(version: RuleVersion) -> dict[int, datetime]:
    """The persons who edited the rule since its last published version: id → time of last edit."""
    published = newest_published(version.rule)
    since = published.version if published and published.pk != version.pk else 0
    edits = RuleEdit.objects.filter(rule_version__rule=version.rule)
    recent = edits.filter(rule_version__version__gt=since) | edits.filter(rule_version=version)
    return {edit.user_id: edit.at for edit in recent.order_by("at")}


def locked(version: RuleVersion) -> RuleVersion:
    """Lock the rule until the transaction ends, and return the version as it is now."""
    Rule.objects.select_for_update().get(pk=version.rule_id)
    return RuleVersion.objects.select_related("rule__order").get(pk=version.pk)


def remember(version: RuleVersion, kind: str, text: str, *, by: User, at: datetime) -> RuleComment:
    """Add a remark to a version's discussion."""
    return RuleComment.objects.create(rule_version=version, kind=kind, by=by, at=at, text=text)


def rule_for(ref: str, order: Order | None, *, by: User | ApiToken | None, at: datetime) -> Rule:
    rule = Rule.objects.select_for_update().filter(ref=ref).first()
    if rule is not None:
        if order is not None and order.pk != rule.order_id:
            refusal = f"{ref} belongs to {rule.order.reference}. Choose another reference."
            raise CannotEdit(refusal, pointer="/ref")
        return rule
    if order is None:
        raise CannotEdit("A new rule needs the order that it implements.", pointer="/order")
    if not ref.strip() or len(ref) > 100 or not ref.isprintable():
        raise CannotEdit("A rule needs a reference of 1 to 100 characters.", pointer="/ref")
    return Rule.objects.create(ref=ref, order=order, created_at=at, created_by=_person(by))


def _ensure_nothing_open(rule: Rule) -> None:
    version = rule.versions.filter(state__in=OPEN).first()
    if version is not None:
        raise CannotEdit(
            f"Version {version.version} of {rule.ref} by {version.created_by} is open already."
            " Continue that one, or withdraw it first."
        )


def _last_editor(version: RuleVersion, by: User | None) -> str:
    last = version.edits.select_related("user").order_by("-at", "-id").first()
    if last is None:
        return "by an API token"
    return "by yourself, in another window" if last.user == by else f"by {last.user}"


def _why_no_draft(version: RuleVersion) -> str:
    if version.state == State.PUBLISHED:
        return "A published version never changes. Make a new draft from it."
    if version.state in (State.SUBMITTED, State.APPROVED):
        return "It waits for somebody else. Ask for changes, or withdraw it, to edit it again."
    return f"This version is {version.state_in_words}. Make a new draft from it."


def _person(by: User | ApiToken | None) -> User | None:
    """The person; None for a token, whose draft any approver may approve. The log has the token."""
    return by if isinstance(by, User) else None


def note_edit(version: RuleVersion, *, by: User | ApiToken | None, at: datetime) -> None:
    if isinstance(by, User):
        RuleEdit.objects.create(rule_version=version, user=by, at=at)
