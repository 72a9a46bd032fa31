"""Reads the stored standings of licensees, offering by offering, for the screens."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accesscontrol.dashboard.shell.words import OUTCOMES
from accesscontrol.models import Finding, Offering, Sheet, Standing

STRICTEST = ("deny", "license_required", "review", "undetermined", "per_request", "permit")
CHOICES = [(outcome, OUTCOMES[outcome][0]) for outcome in STRICTEST]


@dataclass(frozen=True)
class PerOffering:
    """One licensee's standing for one offering. ``verdict`` is as in docs/language.md §8."""

    offering: Offering
    outcome: str
    verdict: Mapping[str, Any]


def summaries(licensee_ids: Iterable[int]) -> dict[int, list[tuple[str, int]]]:
    """The number of offerings per outcome, strictest first, in three statements for a page."""
    sheets = dict(
        Standing.objects.filter(licensee__in=list(licensee_ids)).values_list("licensee", "sheet")
    )
    findings = dict(Sheet.objects.filter(pk__in=set(sheets.values())).values_list("pk", "findings"))
    ids = {finding for sheet in findings.values() for finding in sheet}
    outcome = dict(Finding.objects.filter(pk__in=ids).values_list("pk", "outcome"))
    return {
        licensee: _counted(outcome[pk] for pk in findings[sheet] if pk in outcome)
        for licensee, sheet in sheets.items()
    }


def _counted(outcomes: Iterable[str]) -> list[tuple[str, int]]:
    counts = Counter(outcomes)
    return [(outcome, counts[outcome]) for outcome in STRICTEST if counts[outcome]]


def of_licensee(licensee_id: int) -> tuple[Standing | None, list[PerOffering]]:
    """The standing, and its outcome for each offering, in the order of models."""
    standing = (
        Standing.objects.filter(licensee=licensee_id)
        .select_related("sheet", "chunk__run__release")
        .first()
    )
    if standing is None:
        return None, []
    sheet = standing.sheet.findings
    findings = Finding.objects.in_bulk(set(sheet))
    offerings = Offering.objects.filter(model__retired_at=None).select_related("model")
    return standing, [
        PerOffering(offering, findings[pk].outcome, findings[pk].verdict)
        for offering in offerings.order_by("model__ref", "position")
        if offering.position < len(sheet) and (pk := sheet[offering.position]) in findings
    ]
