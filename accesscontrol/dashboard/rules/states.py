"""The state of rules, computed for all rows of a list in one query."""

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform

from accesscontrol.models import Rule, RuleVersion, Term
from accesscontrol.models.common import instant

OPEN = ("draft", "submitted", "approved")
STATES = (
    ("in_force", "In force"),
    ("report_only", "Report only"),
    ("scheduled", "Scheduled"),
    ("draft", "Draft"),
    ("submitted", "Waiting for approval"),
    ("approved", "Approved, not published"),
    ("retired", "Retired"),
    ("rejected", "Rejected or withdrawn"),
)


def with_state(rules: QuerySet[Rule], at: datetime) -> QuerySet[Any]:
    """Rules with `state`, `open_state`, `report_only_until`, and the ids of their versions."""
    terms = Term.objects.filter(rule=OuterRef("pk"), withdrawn=False)
    current = terms.filter(period__contains=at)
    versions = RuleVersion.objects.filter(rule=OuterRef("pk"))
    in_force = Subquery(current.values("rule_version")[:1])
    report_only = current.annotate(
        until=KeyTextTransform("report_only_until", "rule_version__content")
    ).values("until")
    return rules.annotate(
        report_only_until=Subquery(report_only[:1], output_field=CharField()),
        in_force_id=in_force,
        open_state=Subquery(versions.filter(state__in=OPEN).values("state")[:1]),
        open_id=Subquery(versions.filter(state__in=OPEN).values("pk")[:1]),
        newest_id=Subquery(versions.order_by("-version").values("pk")[:1]),
        starts_at=Subquery(
            terms.filter(period__startswith__gt=at)
            .order_by("period")
            .values("period__startswith")[:1]
        ),
        was_published=Exists(versions.filter(state="published")),
    ).annotate(
        state=Case(
            When(
                in_force_id__isnull=False,
                report_only_until__gt=instant(at),
                then=Value("report_only"),
            ),
            When(in_force_id__isnull=False, then=Value("in_force")),
            When(starts_at__isnull=False, then=Value("scheduled")),
            When(Q(was_published=False, open_state__isnull=False), then=F("open_state")),
            When(was_published=True, then=Value("retired")),
            default=Value("rejected"),
            output_field=CharField(),
        )
    )
