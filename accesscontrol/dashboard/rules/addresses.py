"""The addresses of the rules' screens."""

from django.urls import path

from accesscontrol.dashboard.rules import detail, editing, listing
from accesscontrol.dashboard.shell import references

assert references.Reference  # registers <ref:…>

urlpatterns = [
    path("rules", listing.listing, name="rules"),
    path("rules/new", editing.new, name="rule-new"),
    path("rules/<ref:ref>/edit", editing.edit, name="rule-edit"),
    path("rules/<ref:ref>/submit", detail.step, {"verb": "submit"}, name="rule-submit"),
    path("rules/<ref:ref>/withdraw", detail.step, {"verb": "withdraw"}, name="rule-withdraw"),
    path("rules/<ref:ref>/start", detail.start, name="rule-start"),
    path("rules/<ref:ref>/retire", detail.retire, name="rule-retire"),
    path("rules/<ref:ref>/test-cases", detail.add_case, name="rule-case-add"),
    path("rules/<ref:ref>/test-cases/<int:pk>/remove", detail.remove_case, name="rule-case-remove"),
    path("rules/<ref:ref>", detail.detail, name="rule"),
    path("rules/<path:ref>", detail.detail),  # as somebody types it, slashes and all
]
