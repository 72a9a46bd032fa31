"""The addresses of the rules' screens."""

from django.urls import path

from accesscontrol.dashboard.rules import detail, editing, listing

urlpatterns = [
    path("rules", listing.listing, name="rules"),
    path("rules/new", editing.new, name="rule-new"),
    path("rules/<path:ref>/edit", editing.edit, name="rule-edit"),
    path("rules/<path:ref>/submit", detail.step, {"verb": "submit"}, name="rule-submit"),
    path("rules/<path:ref>/withdraw", detail.step, {"verb": "withdraw"}, name="rule-withdraw"),
    path("rules/<path:ref>/start", detail.start, name="rule-start"),
    path("rules/<path:ref>/retire", detail.retire, name="rule-retire"),
    path("rules/<path:ref>/test-cases", detail.add_case, name="rule-case-add"),
    path(
        "rules/<path:ref>/test-cases/<int:pk>/remove", detail.remove_case, name="rule-case-remove"
    ),
    path("rules/<path:ref>", detail.detail, name="rule"),
]
