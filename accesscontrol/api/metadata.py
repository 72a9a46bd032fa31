"""/.well-known/authzen-configuration, the addresses of the AuthZEN endpoints (AuthZEN 1.0 §9)."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from accesscontrol.api.entry import plain_view


def base_url() -> str:
    """The address that the operator gave the product, not that of a request's Host header."""
    return str(settings.BASE_URL).rstrip("/")


@plain_view("GET", "HEAD")
def authzen_configuration(request: HttpRequest) -> JsonResponse:
    """The endpoints that are served. The search endpoints are not."""
    base = base_url()
    response = JsonResponse(
        {
            "policy_decision_point": base,
            "access_evaluation_endpoint": f"{base}/access/v1/evaluation",
            "access_evaluations_endpoint": f"{base}/access/v1/evaluations",
        }
    )
    response["Cache-Control"] = "public, max-age=3600"
    return response
