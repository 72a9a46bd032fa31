"""Where the endpoints are: /.well-known/authzen-configuration (AuthZEN 1.0 §9)."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from accesscontrol.api.entry import plain_view


def base_url() -> str:
    """The address that the operator gave the product; never what a Host header claims."""
    return str(settings.BASE_URL).rstrip("/")


@plain_view("GET", "HEAD")
def authzen_configuration(request: HttpRequest) -> JsonResponse:
    """Only what is served: the search endpoints are not yet."""
    base = base_url()
    made = JsonResponse(
        {
            "policy_decision_point": base,
            "access_evaluation_endpoint": f"{base}/access/v1/evaluation",
            "access_evaluations_endpoint": f"{base}/access/v1/evaluations",
        }
    )
    made["Cache-Control"] = "public, max-age=3600"
    return made
