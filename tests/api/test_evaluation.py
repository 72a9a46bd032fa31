"""POST /access/v1/evaluation and /evaluations: what a gateway sends, and what it gets."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from accesscontrol.models import AuditEvent, Decision
from tests.api.conftest import Ask
from tests.worlds import ground

US = {"user": {"us_person": True}, "context": {"end_use": "civil", "location_country": "US"}}
EXPLAIN = ("decisions:ask", "decisions:explain")
SINGLE = "/access/v1/evaluation"
BATCH = "/access/v1/evaluations"


def body(response: HttpResponse) -> Any:
    return json.loads(response.content)


def test_a_permit(ask: Any) -> None:
    answer = ask(**US)
    assert answer["decision"] is True
    context = answer["context"]
    assert (context["outcome"], context["reasons"], context["release"]) == ("permit", [], 1)
    decision = Decision.objects.get()
    assert context["evaluation_id"] == decision.decision_id
    assert AuditEvent.objects.filter(decision_id=decision.decision_id).count() == 1


def test_a_refusal_is_200_with_reason_citation_and_words(ask: Any) -> None:
    answer = ask("zhong", **US, scopes=EXPLAIN)
    assert answer["decision"] is False
    reason = answer["context"]["reasons"][0]
    assert (reason["rule"], reason["version"], reason["order"]) == ("R-HQ", 1, "LETTER-1")
    assert reason["citation"] == "15 CFR 744.22(b)"
    assert reason["facts"]["licensee.hq_country"] == "CN"
    assert len(reason["message"]) > 20


def test_what_is_missing_is_named(ask: Any) -> None:
    context = ask(context={"end_use": "civil"})["context"]
    assert context["outcome"] == "undetermined"
    assert context["undetermined"][0]["missing"] == ["user.us_person"]


def test_words_of_a_confidential_order_need_a_scope(ask: Any) -> None:
    question = {"user": {"us_person": False}, "context": {"end_use": "civil"}}
    plain, full = ask(**question), ask(**question, scopes=EXPLAIN)
    assert "SECRET-1" not in json.dumps(plain)
    assert "what_would_change" not in plain["context"]
    assert "SECRET-1" in json.dumps(full)
    assert "what_would_change" in full["context"]


def test_the_answer_is_not_to_be_stored(send: Ask) -> None:
    response = send(SINGLE, ground.question(**US))
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert response["X-Evaluation-Id"] == body(response)["context"]["evaluation_id"]


def test_a_users_id_is_no_name_in_the_record(ask: Any) -> None:
    ask(**(US | {"user": {"us_person": True, "id": "jane@example.com"}}))
    decision = Decision.objects.get()
    assert len(decision.user_digest) == 64
    assert "jane" not in AuditEvent.objects.get(kind="decision.made").payload


@pytest.mark.parametrize(
    "noise",
    [
        {"weight": 1.5, "a b/c~d\u2603": {"deep": [1, {"x": None}]}},
        {"blob": "x" * 1_000_000},
        {"": "", "id": "other", " ": []},
    ],
)
def test_properties_that_no_rule_reads_disturb_nothing(ask: Any, noise: dict[str, Any]) -> None:
    answer = ask(**US, **noise)
    assert answer["decision"] is True
    assert len(AuditEvent.objects.get(kind="decision.made").payload) < 5_000


@pytest.mark.parametrize(
    ("place", "name"),
    [("subject", "licensee.hq_country"), ("resource", "model.family")],
)
def test_a_caller_does_not_override_the_register(send: Ask, place: str, name: str) -> None:
    question = ground.question("zhong", **US)
    question[place].setdefault("properties", {})[name.split(".")[1]] = "US"
    answer = body(send(SINGLE, question))
    assert answer["decision"] is False
    assert name in answer["context"]["conflicts"]


def test_what_only_the_register_says_cannot_be_stated(ask: Any) -> None:
    answer = ask("nobody", **US, id="acme")
    assert answer["context"]["outcome"] == "undetermined"


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        (ground.question("nobody", **US), "licensee.id"),
        (ground.question(model="nothing", **US), "model.id"),
        (ground.question(activity="use_apy", **US), "request.activity"),
    ],
)
def test_what_nobody_knows_never_permits(send: Ask, question: Any, missing: str) -> None:
    answer = body(send(SINGLE, question))
    assert answer["decision"] is False
    assert answer["context"]["undetermined"][0]["missing"] == [missing]


@pytest.mark.parametrize("country", ["XX", "us", "", 7, ["US"]])
def test_a_mistyped_country_never_permits(send: Ask, country: Any) -> None:
    question = ground.question(activity="download_weights", **US)
    question["context"] = {"end_use": "civil", "location_country": country}
    answer = body(send(SINGLE, question))
    assert answer["context"]["outcome"] == "undetermined"
    assert answer["context"]["invalid"] == ["request.location_country"]


class TestBatch:
    def test_a_context_replaces_the_default_whole(self, send: Ask) -> None:
        whole = ground.question(**US)
        whole["evaluations"] = [{}, {"context": {"location_country": "US"}}]
        outcomes = [each["context"]["outcome"] for each in body(send(BATCH, whole))["evaluations"]]
        assert outcomes == ["permit", "undetermined"]

    def test_only_a_missing_type_is_inherited_within_an_entity(self, send: Ask) -> None:
        whole = ground.question(**US)
        whole["evaluations"] = [
            {"subject": {"id": "acme"}},
            {"subject": {"type": "licensee", "properties": {"user": {"us_person": True}}}},
        ]
        first, second = body(send(BATCH, whole))["evaluations"]
        assert first["context"]["undetermined"][0]["missing"] == ["user.us_person"]
        assert second["context"]["error"]["status"] == 400
        assert second["context"]["error"]["pointer"] == "#/evaluations/1/subject/id"

    def test_equal_batches_have_equal_bodies(self, send: Ask) -> None:
        whole = {
            **ground.question(**US),
            "evaluations": [{}, {"subject": {"type": "licensee", "id": "zhong"}}],
        }
        first, second = send(BATCH, whole), send(BATCH, whole)
        assert first.content == second.content
        assert first["X-Evaluation-Id"] != second["X-Evaluation-Id"]
        ids = set(Decision.objects.values_list("decision_id", flat=True))
        assert f"{first['X-Evaluation-Id']}.2" in ids

    def test_an_unknown_name_about_a_user_is_that_items_fault(self, send: Ask) -> None:
        whole = ground.question(**US)
        wrong = ground.question(user={"us_persn": True})["subject"]
        whole["evaluations"] = [{"subject": wrong}, {}]
        first, second = body(send(BATCH, whole))["evaluations"]
        assert first["context"]["error"]["code"] == "unknown_attribute"
        assert second["decision"] is True

    @pytest.mark.parametrize("item", [None, 7, "x", []])
    def test_an_item_that_is_no_object(self, send: Ask, item: Any) -> None:
        whole = {**ground.question(**US), "evaluations": [item]}
        response = send(BATCH, whole)
        assert response.status_code == 200
        assert body(response)["evaluations"][0]["decision"] is False

    def test_what_if_words_are_refused_item_by_item(self, send: Ask) -> None:
        whole = {
            **ground.question(**US),
            "evaluations": [{"context": {"at": "2026-01-01T00:00:00Z"}}],
        }
        assert (
            body(send(BATCH, whole))["evaluations"][0]["context"]["error"]["code"] == "use_what_if"
        )


class TestLicenseUnits:
    def test_a_retry_with_its_key_burns_nothing(self, send: Ask) -> None:
        ground.license_for("zhong", quantity=1)
        question = ground.question("zhong", **US)
        answers = [
            body(send(SINGLE, question, **headers))["decision"]
            for headers in (
                {"Idempotency_Key": '"k1"'},
                {"Idempotency_Key": "k1"},
                {"Idempotency_Key": "k2"},
                {},
            )
        ]
        assert answers == [True, True, False, False]

    def test_a_key_with_another_question_is_422(self, send: Ask) -> None:
        ground.license_for("zhong", quantity=3)
        send(SINGLE, ground.question("zhong", **US), Idempotency_Key="k1")
        other = ground.question("zhong", "mini-1", **US)
        response = send(SINGLE, other, Idempotency_Key="k1")
        assert response.status_code == 422
        assert body(response)["code"] == "idempotency_key_reused"
