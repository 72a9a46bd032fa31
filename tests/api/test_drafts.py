"""POST /api/v1/rules/{ref}/drafts: a program proposes; a malformed rule is pointed at."""

import json
from typing import Any

import pytest

from accesscontrol.models import AuditEvent, Release, RuleVersion
from tests.api.conftest import Ask
from tests.worlds import ground

SCOPES = ("policy:draft",)
CONTENT = {
    name: value
    for name, value in ground.rule("R-NEW", "deny", {"is": ["licensee.id", "acme"]}).items()
    if name not in ("ref", "version", "order")
}


def draft(send: Ask, ref: str = "R-NEW", **members: Any) -> Any:
    body = {"content": CONTENT, "order": "LETTER-1", "because": "Asked by counsel.", **members}
    return send(f"/api/v1/rules/{ref}/drafts", body, scopes=SCOPES)


def test_a_draft_changes_nothing_in_force(send: Ask) -> None:
    response = draft(send)
    assert response.status_code == 201, response.content
    assert json.loads(response.content)["state"] == "draft"
    assert Release.objects.count() == 1
    event = AuditEvent.objects.get(kind="rule.drafted")
    assert json.loads(event.payload)["actor"]["type"] == "token"


@pytest.mark.parametrize(
    ("when", "pointer", "code"),
    [
        ({"is": ["licensee.hq_contry", "CN"]}, "/content/when", "unknown_attribute"),
        ({"all": [{"is": ["licensee.country", "China"]}]}, "/content/when/all/0", "bad_value"),
        ({"is": ["request.activity", "use_apy"]}, "/content/when", "bad_value"),
        ({"like": ["licensee.id", "x"]}, "/content/when", "unknown_operator"),
        ({"at_least": ["licensee.country", 3]}, "/content/when", "wrong_operator"),
        ({"in_group": ["licensee.country", "Z:9"]}, "/content/when", "unknown_group"),
        ({"all": []}, "/content/when", "bad_shape"),
        ("text", "/content/when", "bad_shape"),
    ],
)
def test_a_malformed_rule(send: Ask, when: Any, pointer: str, code: str) -> None:
    response = draft(send, content={**CONTENT, "when": when})
    document = json.loads(response.content)
    assert response.status_code == 400
    assert document["errors"][0]["pointer"].startswith(f"#{pointer}")
    assert document["code"] == code
    assert not RuleVersion.objects.filter(rule__ref="R-NEW").exists()


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"content": []}, "/content"),
        ({"order": "NONE"}, "/order"),
        ({"order": None}, "/order"),
        ({"order": 7}, "/order"),
        ({"because": ""}, "/because"),
        ({"because": 7}, "/because"),
    ],
)
def test_what_else_can_be_wrong(send: Ask, members: Any, pointer: str) -> None:
    response = draft(send, **members)
    assert response.status_code == 400, response.content
    assert json.loads(response.content)["errors"][0]["pointer"] == f"#{pointer}"


def test_duplicate_members_in_a_rule(send: Ask) -> None:
    raw = b'{"content": {"when": 1, "when": 2}, "because": "x"}'
    response = send("/api/v1/rules/R-NEW/drafts", raw, scopes=SCOPES)
    assert json.loads(response.content)["code"] == "not_json"


def test_no_scope_of_a_token_approves_or_publishes() -> None:
    from accesscontrol import access

    assert not [scope for scope in access.SCOPES if "approve" in scope or "publish" in scope]
