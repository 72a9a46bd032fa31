"""The OpenAPI document is what the code says, and stands in the repository as docs/openapi.yaml."""

from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def generated() -> str:
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return out.getvalue()


def test_the_committed_document_is_the_generated_one() -> None:
    assert COMMITTED.read_text() == generated(), (
        "The API changed. Run: python manage.py spectacular --file docs/openapi.yaml"
    )


def test_is_openapi_3_1_and_has_the_hot_path() -> None:
    document = yaml.safe_load(generated())
    assert document["openapi"] == "3.1.0"
    assert {"/access/v1/evaluation", "/api/v1/what-if", "/api/v1/decisions/"} <= set(
        document["paths"]
    )


@pytest.mark.parametrize("path", ["/api/v1/schema/", "/api/v1/docs/"])
def test_is_served(db: None, path: str) -> None:
    assert Client().get(path).status_code == 200
