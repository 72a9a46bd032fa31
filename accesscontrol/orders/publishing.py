"""Putting approved versions in force, and ending rules: each makes a release and a screening."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy, releases, screening
from accesscontrol.models import Release, Rule, RuleVersion, User
from accesscontrol.orders import approval, drafting, language, previewing, terms
from accesscontrol.orders.drafting import State, locked
from accesscontrol.orders.refusals import (
    CannotEdit,
    CannotPublish,
    CannotRetire,
)
from accesscontrol.screening import preview as impact_preview


def publish(*, version: RuleVersion, by: User | None, at: datetime, because: str = "") -> Release:
    """Put an approved version in force, end what it supersedes, and screen everyone again.

    One transaction: terms, release, log, screening. Raises CannotPublish if it is not approved, is
    stale, its period has passed, it is no rule any more, or a test case fails.
    """
    access.require(by, "policy.publish", at=at)
    with transaction.atomic():
        version = locked(version)
        planned = ensure_publishable(version, at=at)
        before = terms.in_force(version.rule, at)
        terms.carry_out(version, planned)
        version.state, version.published_by, version.published_at = State.PUBLISHED, by, at
        version.save()
        kind = "rule.retired" if version.retires else "rule.published"
        because, details = because or version.because, told(version, planned, before)
        return in_force_now(kind, version, by=by, at=at, because=because, details=details)


def ensure_publishable(version: RuleVersion, *, at: datetime) -> terms.Plan:
    """What publication now would do to the terms; raises CannotPublish with what is against it."""
    if version.state != State.APPROVED:
        raise CannotPublish(
            f"Version {version.version} of {version.rule.ref} is"
            f" {State(version.state).label.lower()}. Only an approved version is published."
        )
    lifted_at = version.rule.order.lifted_at
    if lifted_at is not None and not version.retires:
        raise CannotPublish(
            f"{version.rule.order} was lifted at {lifted_at:%Y-%m-%d %H:%M} UTC. A new rule needs"
            " an order that stands."
        )
    newest = drafting.newest_published(version.rule)
    if newest is not None and newest.version > version.version:
        raise CannotPublish(
            f"Version {newest.version} was published after this one was drafted, so this one is"
            " out of date. Copy it into a new draft.",
            code="stale",
        )
    planned = terms.plan(version, at)
    if planned.end is not None and planned.end <= planned.start:
        raise CannotPublish(
            f"Its period ended at {planned.end:%Y-%m-%d %H:%M} UTC. Choose a later end.",
            pointer="/effective_until",
        )
    _ensure_still_a_rule(version, at=at)
    approval.ensure_tests_pass(version, at=at, refuse=CannotPublish)
    return planned


def retire(
    *, rule: Rule, by: User | None, at: datetime, because: str, ends_at: datetime | None = None
) -> RuleVersion:
    """Ask for the end of a rule, now or at ``ends_at``; somebody else approves it like a rule.

    Publishing the answer ends the rule's terms, with a release and a screening. There is no draft
    to look at, so what the end would change is found out here and submitted with it.
    """
    access.require(by, "policy.draft", at=at)
    newest = drafting.newest_published(rule)
    if newest is None or not terms.any_left(rule, at):
        raise CannotRetire(f"{rule.ref} is not in force and not scheduled: nothing is left to end.")
    with transaction.atomic():
        version = _ending(rule, by=by, at=at, because=because, ends_at=ends_at)
        version.state, version.submitted_by, version.submitted_at = State.SUBMITTED, by, at
        version.save()
        drafting.note_edit(version, by=by, at=at)
        version.submitted_preview = previewing.calculated(version, by=by, at=at)
        version.save(update_fields=["submitted_preview"])
        kind, impact = "rule.retirement_submitted", impact_preview.told(version.submitted_preview)
        details = {"version": version.version, "ends_at": ends_at, "impact": impact}
        audit.record(kind, rule, by=by, at=at, because=because, details=details)
    return version


def end_rule(
    rule: Rule, *, entered_by: User | None, by: User, at: datetime, because: str, ends_at: datetime
) -> RuleVersion | None:
    """End a rule because its order was lifted: entered by one person, confirmed by another.

    Part of the lift's transaction, which makes the release. None where nothing is left to end.
    """
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    if not terms.any_left(rule, at):
        return None
    version = _ending(rule, by=entered_by, at=at, because=because, ends_at=ends_at)
    version.state, version.published_by, version.published_at = State.PUBLISHED, by, at
    version.approved_by, version.approved_at = by, at
    version.save()
    drafting.note_edit(version, by=entered_by, at=at)
    terms.carry_out(version, terms.plan(version, at))
    return version


def in_force_now(
    kind: str,
    version: RuleVersion,
    *,
    by: User | None,
    at: datetime,
    because: str,
    details: Mapping[str, Any],
) -> Release:
    """What every change of what is in force ends with: release, event, screening."""
    rule = version.rule
    release = next_release(by=by, at=at, because=because)
    audit.record(kind, rule, by=by, at=at, because=because, release=release, details=details)
    screening.start(cause="rule", subject=rule, release=release, by=by, at=at, because=because)
    return release


def next_release(*, by: User | None, at: datetime, because: str) -> Release:
    """The next release; raises CannotPublish where the whole of what is approved is not sound."""
    try:
        return releases.publish_next(by=by, at=at, because=because)
    except policy.PolicyError as error:
        raise CannotPublish(
            f"The next release would not be sound: {error.message}",
            pointer=error.pointer,
            code=error.code,
        ) from None


def _ensure_still_a_rule(version: RuleVersion, *, at: datetime) -> None:
    try:
        language.parsed(version.content, at=at)
    except CannotEdit as error:
        raise CannotPublish(error.message, pointer=error.pointer, code=error.code) from None


def _ending(
    rule: Rule, *, by: User | None, at: datetime, because: str, ends_at: datetime | None
) -> RuleVersion:
    """A version that says what the rule said and until when; approving it ends the rule."""
    newest = drafting.newest_published(rule)
    if newest is None:
        raise CannotRetire(f"{rule.ref} was never published: withdraw its draft instead.")
    language.ensure_reason(because)
    begins = terms.instant(newest.content["effective_from"])
    later = ends_at if ends_at is not None and begins is not None and ends_at > begins else None
    version = drafting.next_version(
        rule,
        {**newest.content, "effective_until": terms.written(later)},
        by=by,
        at=at,
        because=because,
    )
    version.based_on, version.retires = newest, True
    return version


def told(version: RuleVersion, planned: terms.Plan, before: RuleVersion | None) -> dict[str, Any]:
    return {
        "version": version.version,
        "digest": version.digest,
        "effective_from": planned.start,
        "effective_until": planned.end,
        "backdated": planned.backdated,
        "supersedes": before.version if before else None,
        "withdrawn": [t.rule_version.version for t in planned.withdrawn],
    }
