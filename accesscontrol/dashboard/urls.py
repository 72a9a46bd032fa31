"""The addresses of the screens: each noun's module brings its own list."""

from django.urls import include, path

from accesscontrol.dashboard import (
    account,
    audit,
    decisions,
    licensees,
    lists,
    look_up,
    models,
    overview,
    people,
    search,
)

app_name = "dashboard"

urlpatterns = [
    path("", include(module.urlpatterns))
    for module in (
        overview,
        account,
        search,
        look_up,
        licensees,
        models,
        decisions,
        audit,
        lists,
        people,
    )
]
