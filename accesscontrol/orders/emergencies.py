"""Emergency denials: one officer denies at once; unconfirmed after a day, it raises an alarm."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accesscontrol import access, audit
from accesscontrol.models import AuditEvent, Order, Release, RuleVersion, User
from accesscontrol.orders import approval, drafts, terms
from accesscontrol.orders.drafts import State, locked
from accesscontrol.orders.language import ensure_reason
from accesscontrol.orders.publication import details_of, put_in_force
from accesscontrol.orders.refusals import CannotConfirm, CannotPublish

TO_CONFIRM_WITHIN = timedelta(hours=24)


def emergency_deny(
    *,
    ref: str,
    content: Mapping[str, Any],
    by: User,
    at: datetime,
    because: str,
    order: Order | None = None,
) -> Release:
    """Publish a denial at once. A second person must confirm it within 24 hours.

    An unconfirmed one raises an alarm and stays in force. Raises CannotPublish for another effect.
    """
    access.require(by, "policy.emergency", at=at)
    if content.get("effect") != "deny":
        raise CannotPublish("An emergency can only deny. Submit any other rule.", pointer="/effect")
    with transaction.atomic():
        rule = drafts.rule_for(ref, order, by=by, at=at)
        ensure_reason(because)
        version = drafts.next_version(rule, content, by=by, at=at, because=because)
        version.based_on = drafts.newest_published(rule)
        version.state, version.emergency = State.PUBLISHED, True
        version.published_by, version.published_at = by, at
        planned, before = terms.plan(version, at), terms.in_force(rule, at)
        version.save()
        drafts.note_edit(version, by=by, at=at)
        terms.carry_out(version, planned)
        details = {**details_of(version, planned, before), "confirm_by": at + TO_CONFIRM_WITHIN}
        return put_in_force(
            "rule.emergency_denied", version, by=by, at=at, because=because, details=details
        )


def confirm_emergency(
    *, version: RuleVersion, by: User, at: datetime, because: str = ""
) -> RuleVersion:
    """Confirm an emergency denial as the second person. A late confirmation ends the alarm."""
    access.require(by, "policy.approve", at=at)
    with transaction.atomic():
        version = locked(version)
        if not version.emergency or version.approved_at is not None:
            raise CannotConfirm("This is no emergency that waits for a second person.")
        approval.ensure_not_an_editor(version, by=by)
        version.approved_by, version.approved_at = by, at
        version.save(update_fields=["approved_by", "approved_at"])
        kind = "rule.emergency_confirmed"
        details = {"version": version.version, "late": at > _confirm_by(version)}
        audit.record(kind, version.rule, by=by, at=at, because=because, details=details)
    return version


def emergencies_to_confirm() -> QuerySet[RuleVersion]:
    """Emergency denials that no second person has confirmed, the oldest first."""
    waiting = RuleVersion.objects.filter(emergency=True, approved_at=None, state=State.PUBLISHED)
    return waiting.select_related("rule__order").order_by("published_at")


def alarm_overdue_emergencies(*, at: datetime) -> list[RuleVersion]:
    """Record one alarm for each denial that was not confirmed in time. It stays in force.

    The clock calls this. Returns all overdue denials, also those with an earlier alarm.
    """
    overdue = list(emergencies_to_confirm().filter(published_at__lte=at - TO_CONFIRM_WITHIN))
    for version in overdue:
        if not _alarmed(version):
            details = {"version": version.version}
            audit.record("rule.emergency_overdue", version.rule, by=None, at=at, details=details)
    return overdue


def _confirm_by(version: RuleVersion) -> datetime:
    return (version.published_at or version.created_at) + TO_CONFIRM_WITHIN


def _alarmed(version: RuleVersion) -> bool:
    events = AuditEvent.objects.filter(kind="rule.emergency_overdue", rule_id=version.rule.ref)
    ending = f'"version":{version.version}}}'
    return any(ending in payload for payload in events.values_list("payload", flat=True))
