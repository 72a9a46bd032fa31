"""Restricted-party lists: how fresh each is, what its last import changed."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from accesscontrol.dashboard.shell.entry import Request, screen
from accesscontrol.models import ListVersion, RestrictedList


@screen()
def listing(request: Request) -> HttpResponse:
    """There are a few dozen lists; each with its newest version."""
    lists = list(RestrictedList.objects.all()[:200])
    newest: dict[int, ListVersion] = {}
    versions = ListVersion.objects.filter(restricted_list__in=lists)
    for version in versions.order_by("restricted_list_id", "-number").distinct(
        "restricted_list_id"
    ):
        newest[version.restricted_list_id] = version
    rows = [
        {
            "list": one,
            "version": newest.get(one.pk),
            "stale": one.checked_at is None
            or request.now - one.checked_at > timedelta(days=one.stale_after_days),
        }
        for one in lists
    ]
    return render(request, "dashboard/lists/list.html", {"rows": rows})


urlpatterns = [path("lists", listing, name="lists")]
