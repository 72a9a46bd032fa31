"""The addresses of the screens. The module of each noun has its own list."""

from django.urls import include, path

from accesscontrol.dashboard import (
    account,
    approvals,
    audit,
    cases,
    decisions,
    licensees,
    lists,
    lookup,
    models,
    orders,
    overview,
    people,
    rules,
    runs,
    search,
)
from accesscontrol.dashboard.preview import addresses as preview

app_name = "dashboard"

NOUNS = [
    overview,
    account,
    search,
    lookup,
    licensees,
    models,
    orders,
    approvals,
    preview,
    rules,
    runs,
    cases,
    decisions,
    audit,
    lists,
    people,
]
urlpatterns = [path("", include(noun.urlpatterns)) for noun in NOUNS]
