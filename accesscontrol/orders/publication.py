"""Publication: approved versions take effect and rules end, each with a release and a screening."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accesscontrol import access, audit, policy, releases, screening
from accesscontrol.models import Release, Rule, RuleVersion, User
from accesscontrol.orders import approval, drafts, language, previews, terms
from accesscontrol.orders.drafts import State, locked
from accesscontrol.orders.refusals import CannotEdit, CannotPublish, CannotRetire
from accesscontrol.screening import preview as impact_preview


def publish(*, version: RuleVersion, by: User | None, at: datetime, because: str = "") -> Release:
    """Put an approved version in force, end what it supersedes, and screen everyone again.

    One transaction:

    1. Check that the version can be published; raises CannotPublish with what is against it.
    2. Write its term, and end or withdraw the terms that it supersedes.
    3. Mark the version as published.
    4. Make the release, write the event, and start the screening.
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
        because, details = because or version.because, details_of(version, planned, before)
        return put_in_force(kind, version, by=by, at=at, because=because, details=details)


def ensure_publishable(version: RuleVersion, *, at: datetime) -> terms.Plan:
    """What publication now would do to the terms.

    Raises CannotPublish if the version is not approved or is stale, its order was lifted, its
    period has passed, it is no rule of the language any more, or a test case fails.
    """
    if version.state != State.APPROVED:
        raise CannotPublish(
            f"Version {version.version} of {version.rule.ref} is"
            f" {version.state_in_words}. Only an approved version is published."
        )
    lifted_at = version.rule.order.lifted_at
    if lifted_at is not None and not version.retires:
        raise CannotPublish(
            f"{version.rule.order} was lifted at {lifted_at:%Y-%m-%d %H:%M} UTC. A new rule needs"
            " an order that stands."
        )
    newest = drafts.newest_published(version.rule)
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
    """Submit the end of a rule, now or at ``ends_at``. A second person approves it like a rule.

    Publishing it ends the rule's terms. It has no draft to preview, so its impact is calculated
    here and submitted with it.
    """
    access.require(by, "policy.draft", at=at)
    newest = drafts.newest_published(rule)
    if newest is None or not terms.any_left(rule, at):
        raise CannotRetire(f"{rule.ref} is not in force and not scheduled: nothing is left to end.")
    with transaction.atomic():
        version = _ending(rule, by=by, at=at, because=because, ends_at=ends_at)
        version.state, version.submitted_by, version.submitted_at = State.SUBMITTED, by, at
        version.save()
        drafts.note_edit(version, by=by, at=at)
        version.submitted_preview = previews.calculated(version, by=by, at=at)
        version.save(update_fields=["submitted_preview"])
        kind = "rule.retirement_submitted"
        impact = impact_preview.event_details(version.submitted_preview)
        details = {"version": version.version, "ends_at": ends_at, "impact": impact}
        audit.record(kind, rule, by=by, at=at, because=because, details=details)
    return version


def end_rule(
    rule: Rule, *, entered_by: User | None, by: User, at: datetime, because: str, ends_at: datetime
) -> RuleVersion | None:
    """End a rule because its order was lifted. None if nothing is left to end.

    Runs in the transaction of the lift, which makes the release.
    """
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    if not terms.any_left(rule, at):
        return None
    version = _ending(rule, by=entered_by, at=at, because=because, ends_at=ends_at)
    version.state, version.published_by, version.published_at = State.PUBLISHED, by, at
    version.approved_by, version.approved_at = by, at
    version.save()
    drafts.note_edit(version, by=entered_by, at=at)
    terms.carry_out(version, terms.plan(version, at))
    return version


def put_in_force(
    kind: str,
    version: RuleVersion,
    *,
    by: User | None,
    at: datetime,
    because: str,
    details: Mapping[str, Any],
) -> Release:
    """Make the release, write the event, and start the screening."""
    rule = version.rule
    release = next_release(by=by, at=at, because=because)
    audit.record(kind, rule, by=by, at=at, because=because, release=release, details=details)
    screening.start(cause="rule", subject=rule, release=release, by=by, at=at, because=because)
    return release


def next_release(*, by: User | None, at: datetime, because: str) -> Release:
    """Make the next release. Raises CannotPublish if it would not be sound."""
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
    """A version with the rule's last content and its end. Publishing it ends the rule."""
    newest = drafts.newest_published(rule)
    if newest is None:
        raise CannotRetire(f"{rule.ref} was never published: withdraw its draft instead.")
    language.ensure_reason(because)
    begins = terms.instant(newest.content["effective_from"])
    later = ends_at if ends_at is not None and begins is not None and ends_at > begins else None
    version = drafts.next_version(
        rule,
        {**newest.content, "effective_until": terms.written(later)},
        by=by,
        at=at,
        because=because,
    )
    version.based_on, version.retires = newest, True
    return version


def details_of(
    version: RuleVersion, planned: terms.Plan, before: RuleVersion | None
) -> dict[str, Any]:
    return {
        "version": version.version,
        "digest": version.digest,
        "effective_from": planned.start,
        "effective_until": planned.end,
        "backdated": planned.backdated,
        "supersedes": before.version if before else None,
        "withdrawn": [t.rule_version.version for t in planned.withdrawn],
    }
