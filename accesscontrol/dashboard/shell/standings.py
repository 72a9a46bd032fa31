"""Reads what screenings stored, for the screens: the standing of licensees per offering."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accesscontrol.dashboard.shell.words import OUTCOMES
from accesscontrol.models import Finding, Offering, Sheet, Standing

STRICTEST = ("deny", "license_required", "review", "undetermined", "per_request", "permit")


@dataclass(frozen=True)
class PerOffering:
    """One licensee's standing for one offering; ``verdict`` as in docs/language.md §8."""

    offering: Offering
    outcome: str
    verdict: Mapping[str, Any]


def summaries(licensee_ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """How many offerings have which outcome, strictest first: three statements for a whole page."""
    sheets = dict(
        Standing.objects.filter(licensee__in=list(licensee_ids)).values_list("licensee", "sheet")
    )
    findings = dict(Sheet.objects.filter(pk__in=set(sheets.values())).values_list("pk", "findings"))
    ids = {one for sheet in findings.values() for one in sheet}
    outcome = dict(Finding.objects.filter(pk__in=ids).values_list("pk", "outcome"))
    return {
        licensee: _counted(outcome[one] for one in findings[sheet] if one in outcome)
        for licensee, sheet in sheets.items()
    }


def _counted(outcomes: Iterable[str]) -> list[tuple[str, int]]:
    counts = Counter(outcomes)
    return [(outcome, counts[outcome]) for outcome in STRICTEST if counts[outcome]]


def of_licensee(licensee_id: int) -> tuple[Standing | None, list[PerOffering]]:
    """The standing and what it says per offering, in the order of models."""
    standing = (
        Standing.objects.filter(licensee=licensee_id)
        .select_related("sheet", "chunk__run__release")
        .first()
    )
    if standing is None:
        return None, []
    places = standing.sheet.findings
    found = {one.pk: one for one in Finding.objects.filter(pk__in=set(places))}
    offerings = Offering.objects.filter(model__retired_at=None).select_related("model")
    return standing, [
        PerOffering(offering, found[pk].outcome, found[pk].verdict)
        for offering in offerings.order_by("model__ref", "position")
        if offering.position < len(places) and (pk := places[offering.position]) in found
    ]


CHOICES = [(outcome, OUTCOMES[outcome][0]) for outcome in STRICTEST]
