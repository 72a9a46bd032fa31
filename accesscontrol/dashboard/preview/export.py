"""Exports the licensees that a preview affects, as CSV for a spreadsheet."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accesscontrol import audit
from accesscontrol.dashboard.preview import rows, selection, views
from accesscontrol.dashboard.shell.entry import Request, screen, who
from accesscontrol.dashboard.shell.table import line
from accesscontrol.models import AffectedLicensee, Preview, User

AT_ONCE = 1_000
COLUMNS = (
    "licensee", "name", "country", "change", "before", "after", "model", "use", "deciding_rule",
    "why", "entitlements_in_force",
)  # fmt: skip


@screen("export")
@require_POST
def as_csv(request: Request, ref: str) -> HttpResponseBase:
    """All licensees that the filter leaves. The export is logged."""
    version, preview = views.requested(request, ref, request.POST)
    if preview is None:
        return redirect("dashboard:preview", ref)
    chosen = selection.read(request.POST, preview, pinned=True)
    details = {"version": version.version, "preview": preview.pk, "filter": chosen.query}
    audit.record("rule.impact_exported", version.rule, **who(request), details=details)
    affected = selection.rows(preview, chosen).order_by("group", "licensee_id")
    response = StreamingHttpResponse(
        _lines(affected.iterator(chunk_size=AT_ONCE), preview, request.user),
        content_type="text/csv; charset=utf-8",
    )
    name = f"impact-{preview.pk}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(affected: Iterator[AffectedLicensee], preview: Preview, user: User) -> Iterator[str]:
    yield line(COLUMNS)
    while batch := list(islice(affected, AT_ONCE)):
        for row in rows.in_words(batch, preview, user):
            yield line(_cells(row))


def _cells(row: rows.Row) -> tuple[Any, ...]:
    licensee = row.affected.licensee
    return (
        licensee.ref, licensee.name, row.affected.country, row.group, row.before, row.after,
        row.model, row.activity, row.rule, row.why, row.affected.granted,
    )  # fmt: skip
