"""POST /api/v1/what-if: then, as known then, and under a draft; nothing to act on, nothing decided."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accesscontrol.models import AuditEvent, Decision, Licensee, Order, Rule, RuleVersion
from tests.api.conftest import Ask
from tests.worlds import ground

URL = "/api/v1/what-if"
SCOPES = ("decisions:whatif",)
US = {"user": {"us_person": True}, "context": {"end_use": "civil", "location_country": "US"}}


def what_if(send: Ask, *args: Any, **members: Any) -> Any:
    return send(URL, {**ground.question(*args, **US), **members}, scopes=SCOPES)


def test_the_answer_has_no_decision_and_none_is_recorded(send: Ask) -> None:
    response = what_if(send, "zhong")
    answer = json.loads(response.content)
    assert response.status_code == 200
    assert "decision" not in answer
    assert (answer["outcome"], answer["what_if"]) == ("license_required", True)
    assert not Decision.objects.exists()
    assert AuditEvent.objects.filter(kind="decision.what_if").count() == 1
    assert Order.objects.get(reference="LETTER-1").first_refusal_at is None


@pytest.mark.parametrize("where", ["body", "context"])
def test_then(send: Ask, where: str) -> None:
    licensee = Licensee.objects.get(ref="murk")
    ground.state(licensee, "licensee.hq_country", "US", at=datetime(2026, 6, 1, tzinfo=UTC))
    question = ground.question("murk", **US)
    answers = []
    for at in ("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z"):
        target = (
            question if where == "body" else {**question, "context": {**US["context"], "at": at}}
        )
        sent = {**target, "at": at} if where == "body" else target
        answers.append(json.loads(send(URL, sent, scopes=SCOPES).content)["outcome"])
    assert answers == ["undetermined", "permit"]


def test_under_a_draft(send: Ask) -> None:
    draft = {**ground.rule("R-NEW", "deny", {"is": ["licensee.id", "acme"]})}
    version = RuleVersion.objects.create(
        rule=Rule.objects.create(
            ref="R-NEW", order=Order.objects.get(reference="LETTER-1"), created_at=ground.LONG_AGO
        ),
        version=1, title="New", effect="deny", content=draft, canonical="x", digest="x",
        created_at=ground.LONG_AGO, edited_at=ground.LONG_AGO,
    )  # fmt: skip
    assert json.loads(what_if(send).content)["outcome"] == "permit"
    named = {"rule": "R-NEW", "version": 1}
    answer = json.loads(what_if(send, draft=named).content)
    assert (answer["outcome"], answer["draft"]) == ("deny", named)
    assert answer["reasons"][0]["rule"] == "R-NEW"
    assert version.state == "draft"


@pytest.mark.parametrize(
    ("members", "status", "pointer"),
    [
        ({"at": "yesterday"}, 400, "/at"),
        ({"at": "2026-05-01T00:00:00"}, 400, "/at"),
        ({"at": 7}, 400, "/at"),
        ({"known_at": "2999-01-01T00:00:00Z"}, 400, "/known_at"),
        ({"draft": "R-NEW"}, 400, "/draft"),
        ({"draft": {"rule": "R-NEW", "version": "1"}}, 400, "/draft/version"),
        ({"draft": {"rule": "R-NEW", "version": 7}}, 404, "/draft"),
        ({"subject": "acme"}, 400, "/subject"),
    ],
)
def test_what_cannot_be_asked(send: Ask, members: Any, status: int, pointer: str) -> None:
    response = what_if(send, **members)
    document = json.loads(response.content)
    assert response.status_code == status, document
    assert document["errors"][0]["pointer"] == f"#{pointer}"


def test_before_the_first_release_nothing_is_answered(send: Ask) -> None:
    response = what_if(send, at="2025-01-01T00:00:00Z")
    assert response.status_code == 503
    assert json.loads(response.content)["code"] == "no_release"
