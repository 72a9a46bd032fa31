"""The screen of restricted-party lists: the age of each, and what its last import changed."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import ListVersion, RestrictedList


@screen()
def listing(request: Request) -> HttpResponse:
    """All lists, a few dozen, each with its newest version."""
    lists = list(RestrictedList.objects.all()[:200])
    newest: dict[int, ListVersion] = {}
    versions = ListVersion.objects.filter(restricted_list__in=lists)
    for version in versions.order_by("restricted_list_id", "-number").distinct(
        "restricted_list_id"
    ):
        newest[version.restricted_list_id] = version
    rows = [
        {
            "list": row,
            "version": newest.get(row.pk),
            "stale": row.checked_at is None
            or request.now - row.checked_at > timedelta(days=row.stale_after_days),
        }
        for row in lists
    ]
    return render(request, "dashboard/lists/list.html", {"rows": rows})


urlpatterns = [path("lists", listing, name="lists")]
