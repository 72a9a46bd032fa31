"""Which licensees have which outcome, now and at an instant: asked over sheets, which are few."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from accesscontrol.models import AIModel, Finding, Licensee, Offering, Sheet
from accesscontrol.screening.results import feed

SELECT_COUNTS = """
    SELECT o.activity, f.outcome, sum(s.licensees)::bigint
    FROM (SELECT sheet_id, count(*) AS licensees FROM accesscontrol_standing GROUP BY sheet_id) AS s
    JOIN accesscontrol_sheet h ON h.id = s.sheet_id
    CROSS JOIN accesscontrol_offering o
    JOIN accesscontrol_finding f ON f.id = h.findings[o.position + 1]
    WHERE o.model_id = %s GROUP BY o.activity, f.outcome ORDER BY o.activity, f.outcome
"""
SELECT_SHEET_AT = f"""
    SELECT s.new_sheet_id {feed.THAT_CHANGED}
      AND c.finished_at <= %(at)s
    ORDER BY c.feed DESC LIMIT 1
"""


@dataclass(frozen=True)
class OutcomeCount:
    """How many licensees have an outcome for an activity of a model."""

    activity: str
    outcome: str
    licensees: int


@dataclass(frozen=True)
class StandingOutcome:
    """The outcome of a licensee's standing for an offering."""

    model: str
    activity: str
    outcome: str


def licensees_with(outcome: str, *, model: str = "", activity: str = "") -> QuerySet[Licensee]:
    """Licensees with this outcome for some offering: of this model and activity, if given."""
    return Licensee.objects.filter(standing__sheet__in=_sheets(outcome, model, activity))


def outcome_counts(model: AIModel) -> list[OutcomeCount]:
    """How many licensees have which outcome for each activity that the model is offered for."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_COUNTS, [model.pk])
        return [OutcomeCount(*row) for row in cursor.fetchall()]


def standing_at(licensee: Licensee, *, at: datetime) -> list[StandingOutcome]:
    """The outcomes of a licensee's standing at an instant; none if it was not judged by then."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_SHEET_AT, {"licensee": licensee.pk, "at": at})
        row = cursor.fetchone()
    return [] if row is None else _outcomes(Sheet.objects.get(pk=row[0]))


def _outcomes(sheet: Sheet) -> list[StandingOutcome]:
    findings = Finding.objects.filter(pk__in=set(sheet.findings))
    outcome = dict(findings.values_list("pk", "outcome"))
    rows = Offering.objects.order_by("model__ref", "position").select_related("model")
    return [
        StandingOutcome(row.model.ref, row.activity, outcome[pk])
        for row in rows
        if row.position < len(sheet.findings) and (pk := sheet.findings[row.position]) in outcome
    ]


def _sheets(outcome: str, model: str, activity: str) -> QuerySet[Sheet]:
    findings = Finding.objects.filter(outcome=outcome)
    if not model and not activity:
        return Sheet.objects.filter(findings__overlap=list(findings.values_list("pk", flat=True)))
    offerings = Offering.objects.all()
    if model:
        offerings = offerings.filter(model__ref=model)
    if activity:
        offerings = offerings.filter(activity=activity)
    return _with_one_of(findings, offerings.values_list("position", flat=True))


def _with_one_of(findings: QuerySet[Finding], positions: Iterable[int]) -> QuerySet[Sheet]:
    """The sheets that have one of these findings at one of the positions."""
    either = Q(pk__in=[])
    for position in positions:
        either |= Q(**{f"findings__{position}__in": findings.values("pk")})
    return Sheet.objects.filter(either)
