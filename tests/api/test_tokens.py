"""Who calls: no token, a wrong one, an expired one, one without the scope; and the command that makes one."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesscontrol.models import ApiToken, AuditEvent, Decision
from tests.api.conftest import Ask
from tests.worlds import ground

SINGLE = "/access/v1/evaluation"
GOOD = ground.question(user={"us_person": True}, context={"end_use": "civil"})


def refusal(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    assert not Decision.objects.exists()
    return response.status_code, json.loads(response.content)["code"]


def test_no_token(send: Ask) -> None:
    response = send(SINGLE, GOOD, scopes=())
    assert refusal(response) == (401, "missing_token")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "text",
    [
        "definitely-wrong",
        "eg_",
        "eg_abc",
        "eg_abc.def",
        "eg_\u00e4.\u00f6",
        "eg_" + "a" * 5000 + ".x",
        ".",
    ],
)
def test_a_wrong_token(send: Ask, text: str) -> None:
    response = send(SINGLE, GOOD, token=text)
    assert refusal(response) == (401, "invalid_token")
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_a_right_key_with_a_wrong_secret(send: Ask) -> None:
    text = ground.token().text
    assert refusal(send(SINGLE, GOOD, token=text[:-1] + "~"))[0] == 401


def test_an_expired_token(send: Ask) -> None:
    old = ground.token(at=datetime.now(UTC) - timedelta(days=10), days=9)
    response = send(SINGLE, GOOD, token=old.text)
    assert refusal(response) == (401, "invalid_token")
    assert "expired" in json.loads(response.content)["detail"]


def test_a_revoked_token(send: Ask) -> None:
    issued = ground.token()
    ApiToken.objects.filter(pk=issued.token.pk).update(revoked_at=datetime.now(UTC))
    assert refusal(send(SINGLE, GOOD, token=issued.text))[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/access/v1/evaluation", "decisions:ask"),
        ("POST", "/access/v1/evaluations", "decisions:ask"),
        ("POST", "/api/v1/what-if", "decisions:whatif"),
        ("POST", "/api/v1/rules/R-HQ/drafts", "policy:draft"),
        ("GET", "/api/v1/orders/", "policy:read"),
        ("GET", "/api/v1/rules/", "policy:read"),
        ("GET", "/api/v1/releases/", "policy:read"),
        ("GET", "/api/v1/models/", "models:read"),
        ("GET", "/api/v1/licensees/", "licensees:read"),
        ("GET", "/api/v1/decisions/", "decisions:read"),
        ("GET", "/api/v1/runs/", "cases:read"),
        ("GET", "/api/v1/cases/", "cases:read"),
        ("GET", "/api/v1/audit-events/", "audit:read"),
    ],
)
def test_a_token_without_the_scope(send: Ask, method: str, path: str, scope: str) -> None:
    response = send(path, GOOD, method=method, scopes=("exports:create",))
    assert refusal(response) == (403, "insufficient_scope")
    assert f'scope="{scope}"' in response["WWW-Authenticate"]
    assert send(path, GOOD, method=method, scopes=()).status_code == 401


def test_a_token_is_asked_for_before_the_body_is_read(send: Ask) -> None:
    assert refusal(send(SINGLE, b"{", scopes=()))[0] == 401


def test_check_tells_what_the_token_may(read: Any) -> None:
    answer = read("/api/v1/auth/check", "decisions:ask", "audit:read").json()
    assert answer["scopes"] == ["audit:read", "decisions:ask"]
    assert read("/api/v1/auth/check").status_code == 401


class TestCommand:
    def make(self, *arguments: str) -> str:
        out = StringIO()
        call_command("create_token", "Gateway", *arguments, stdout=out)
        return out.getvalue()

    def test_prints_it_once_as_json(self, send: Ask) -> None:
        made = json.loads(
            self.make("--scopes", "decisions:ask,decisions:explain", "--format", "json")
        )
        assert made["scopes"] == ["decisions:ask", "decisions:explain"]
        assert send(SINGLE, GOOD, token=made["token"]).status_code == 200
        secret = made["token"].split(".")[1]
        assert not AuditEvent.objects.filter(payload__contains=secret).exists()
        assert AuditEvent.objects.filter(kind="token.issued").exists()

    def test_prints_it_as_text(self, db: None) -> None:
        assert self.make().startswith("eg_")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--scopes", "decisions:approve"),
            ("--scopes", ""),
            ("--days", "1000"),
            ("--by", "nobody"),
        ],
    )
    def test_says_what_is_wrong(self, db: None, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError):
            self.make(*arguments)
        assert not ApiToken.objects.exists()
