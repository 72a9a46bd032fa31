"""The addresses of the API: AuthZEN under /access/v1, all others under /api/v1."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from accesscontrol.api import (
    audit,
    auth_check,
    cases,
    decisions,
    drafts,
    evaluation,
    metadata,
    not_found,
    orders,
    previews,
    registry,
    rules,
    screening,
    what_if,
)

router = SimpleRouter()
router.register("orders", orders.Orders, "api-orders")
router.register("rules", rules.Rules, "api-rules")
router.register("previews", previews.Previews, "api-previews")
router.register("releases", rules.Releases, "api-releases")
router.register("models", registry.Models, "api-models")
router.register("licensees", registry.Licensees, "api-licensees")
router.register("decisions", decisions.Decisions, "api-decisions")
router.register("runs", screening.Runs, "api-runs")
router.register("cases", cases.Cases, "api-cases")
router.register("audit-events", audit.AuditEvents, "api-audit-events")

# The document names no licensee, so it is open: a client can be generated from it.
OPEN: dict[str, list[type]] = {"authentication_classes": [], "permission_classes": []}

urlpatterns = [
    path(".well-known/authzen-configuration", metadata.authzen_configuration),
    path("access/v1/evaluation", evaluation.evaluation),
    path("access/v1/evaluations", evaluation.evaluations),
    path("api/v1/what-if", what_if.what_if),
    path("api/v1/rules/<str:ref>/drafts", drafts.drafts),
    path("api/v1/rules/<str:ref>/versions/<int:number>/previews", previews.previews),
    path("api/v1/previews/<int:pk>/cancel", previews.cancel),
    path("api/v1/auth/check", auth_check.AuthCheck.as_view()),
    path("api/v1/standing-changes", screening.Changes.as_view()),
    path("api/v1/runs/<int:pk>/changes", screening.RunChanges.as_view()),
    path("api/v1/schema/", SpectacularAPIView.as_view(**OPEN), name="api-schema"),
    path(
        "api/v1/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", **OPEN),
        name="api-docs",
    ),
    path("api/v1/", include(router.urls)),
    re_path(r"^(access|api)/.*$", not_found.not_found, name=not_found.NAME),
]
