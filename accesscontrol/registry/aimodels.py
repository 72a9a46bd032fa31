"""AI models, their facts, and the activities that they are offered for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from accesscontrol import audit, parties
from accesscontrol.models import AIModel, Offering
from accesscontrol.registry.consequences import after_model_change
from accesscontrol.registry.licensees import CannotAdd, check_ref, new_facts
from accesscontrol.registry.rights import Actor, may_edit
from accesscontrol.registry.vocabulary import check_facts, nearest

POSITIONS_LOCK = 0x45670003


def add_model(
    *,
    ref: str,
    name: str,
    activities: Sequence[str],
    source: str,
    by: Actor,
    at: datetime,
    because: str = "",
    facts: Mapping[str, Any] | None = None,
) -> AIModel:
    """Add a model with its facts, offer it for these activities, and screen everyone."""
    may_edit(by, at)
    checked = check_facts(facts or {}, of="model")
    with transaction.atomic():
        if AIModel.objects.filter(ref=check_ref(ref)).exists():
            raise CannotAdd(f"There is already a model “{ref}”.", pointer="/ref")
        model = AIModel.objects.create(ref=ref, name=name, created_at=at)
        _offer(model, activities)
        parties.put_facts(new_facts(model, checked, source, by, at), at=at)
        details = {"facts": checked, "activities": list(activities)}
        audit.record("model.added", model, by=by, at=at, because=because, details=details)
        after_model_change(ref, cause="model", by=by, at=at, because=because)
    return model


def add_offering(
    *, model: AIModel, activity: str, by: Actor, at: datetime, because: str = ""
) -> Offering:
    """Offer the model for one more activity."""
    may_edit(by, at)
    with transaction.atomic():
        (offering,) = _offer(model, [activity])
        details = {"activity": activity}
        audit.record("offering.added", model, by=by, at=at, because=because, details=details)
        after_model_change(model.ref, cause="model", by=by, at=at, because=because)
    return offering


def _offer(model: AIModel, activities: Sequence[str]) -> list[Offering]:
    known = Offering.Activity.values
    for activity in activities:
        if activity not in known:
            hint = nearest(activity, known)
            raise CannotAdd(f"“{activity}” is no activity.{hint}", pointer="/activities")
    offered = set(model.offerings.values_list("activity", flat=True))
    twice = [each for each in activities if each in offered or activities.count(each) > 1]
    if twice:
        raise CannotAdd(f"{model} is already offered for {twice[0]}.", pointer="/activities")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSITIONS_LOCK])
    # Positions start at 1 and are never reused: sheets of findings refer to them for ever.
    newest = Offering.objects.aggregate(newest=Max("position"))["newest"] or 0
    return [
        Offering.objects.create(model=model, activity=activity, position=newest + n)
        for n, activity in enumerate(activities, start=1)
    ]
