"""/.well-known/authzen-configuration: the addresses that the operator configured, whoever asks."""

import json
from typing import Any

import pytest
from django.test import Client

URL = "/.well-known/authzen-configuration"


@pytest.fixture
def document(settings: Any, db: None) -> dict[str, Any]:
    settings.BASE_URL = "https://gate.example/"
    settings.ALLOWED_HOSTS = ["*"]
    response = Client().get(URL, headers={"Host": "evil.example"})
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert "max-age" in response["Cache-Control"]
    return json.loads(response.content)


def test_names_what_is_served_by_the_configured_address(document: dict[str, Any]) -> None:
    assert document == {
        "policy_decision_point": "https://gate.example",
        "access_evaluation_endpoint": "https://gate.example/access/v1/evaluation",
        "access_evaluations_endpoint": "https://gate.example/access/v1/evaluations",
    }


def test_is_read_only(db: None) -> None:
    assert Client().post(URL).status_code == 405
