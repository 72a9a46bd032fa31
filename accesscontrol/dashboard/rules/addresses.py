"""The addresses of the screens of rules."""

from django.urls import path

from accesscontrol.dashboard.rules import detail, editor, index
from accesscontrol.dashboard.shell import references

RULE = f"rules/{references.step('ref')}"

urlpatterns = [
    path("rules", index.listing, name="rules"),
    path("rules/new", editor.new, name="rule-new"),
    path(f"{RULE}/edit", editor.edit, name="rule-edit"),
    path(f"{RULE}/submit", detail.step, {"verb": "submit"}, name="rule-submit"),
    path(f"{RULE}/withdraw", detail.step, {"verb": "withdraw"}, name="rule-withdraw"),
    path(f"{RULE}/start", detail.start, name="rule-start"),
    path(f"{RULE}/retire", detail.retire, name="rule-retire"),
    path(f"{RULE}/test-cases", detail.add_case, name="rule-case-add"),
    path(f"{RULE}/test-cases/<int:pk>/remove", detail.remove_case, name="rule-case-remove"),
    path(RULE, detail.detail, name="rule"),
    path("rules/<path:ref>", detail.detail),  # as a person types it, with slashes
]
