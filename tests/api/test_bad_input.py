"""What a caller can get wrong: each a clear problem document, nothing recorded, nothing permitted."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from accesscontrol.models import Decision
from tests.api.conftest import Ask
from tests.worlds import ground

SINGLE = "/access/v1/evaluation"
BATCH = "/access/v1/evaluations"
GOOD = ground.question(user={"us_person": True}, context={"end_use": "civil"})


def problem(response: HttpResponse) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    document = json.loads(response.content)
    assert document["status"] == response.status_code
    assert document["detail"]
    assert not Decision.objects.exists()
    return document


def changed(**members: Any) -> dict[str, Any]:
    return {**GOOD, **members}


RAW = [
    (b" ", "not_json"),
    (b"{", "not_json"),
    (b"[]", "bad_shape"),
    (b"null", "bad_shape"),
    (b'"text"', "bad_shape"),
    (b"\xff\xfe{}", "not_json"),
    (b'{"subject": 1, "subject": 2}', "not_json"),
    (b'{"context": {"x": NaN}}', "not_json"),
    (b'{"context": {"x": Infinity}}', "not_json"),
    (b'{"context": {"x": "\\u0000"}}', "not_json"),
    (b'{"context": {"\\u0000": 1}}', "not_json"),
    (b'{"context": {"x": "\\ud800"}}', "not_json"),
    (b'{"context": {"x": "a\x00b"}}', "not_json"),
    (b'{"context": ' + b"[" * 40 + b"]" * 40 + b"}", "too_deep"),
    (b'{"context": ' + b"[" * 200_000, "too_deep"),
    (b'{"n": ' + b"9" * 5000 + b"}", "not_json"),
]


@pytest.mark.parametrize(("raw", "code"), RAW, ids=[str(n) for n in range(len(RAW))])
def test_a_body_that_is_no_strict_json(send: Ask, raw: bytes, code: str) -> None:
    for path in (SINGLE, BATCH):
        response = send(path, raw)
        assert response.status_code == 400
        assert problem(response)["code"] == code


def test_ten_megabytes(send: Ask) -> None:
    response = send(SINGLE, {**GOOD, "context": {"x": "x" * 10_000_000}})
    assert (response.status_code, problem(response)["code"]) == (413, "too_large")


def test_ten_thousand_items(send: Ask) -> None:
    response = send(BATCH, {**GOOD, "evaluations": [{}] * 10_000})
    assert (response.status_code, problem(response)["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/subject"),
        (changed(subject="alice"), "/subject"),
        (changed(subject=None), "/subject"),
        (changed(subject={"type": "licensee"}), "/subject/id"),
        (changed(subject={"id": "acme"}), "/subject/type"),
        (changed(subject={"type": "licensee", "id": 7}), "/subject/id"),
        (changed(subject={"type": "licensee", "id": ""}), "/subject/id"),
        (changed(subject={"type": "licensee", "id": "x" * 201}), "/subject/id"),
        (changed(subject={"type": "licensee", "id": "a\tb"}), "/subject/id"),
        (changed(subject={"type": "licensee", "id": "acme", "properties": []}), "/subject/properties"),
        (changed(subject={"type": "licensee", "id": "acme", "properties": {"user": "jane"}}),
         "/subject/properties/user"),
        (changed(subject={"type": "licensee", "id": "acme", "properties": {"user": {"id": {}}}}),
         "/subject/properties/user/id"),
        (changed(subject={"type": "licensee", "id": "acme", "properties": {"user": {"us_persn": True}}}),
         "/subject/properties/user/us_persn"),
        (changed(resource={"id": "frontier-5"}), "/resource/type"),
        (changed(action={}), "/action/name"),
        (changed(action={"name": 123}), "/action/name"),
        (changed(context=None), "/context"),
        (changed(context=[1]), "/context"),
        (changed(context={"at": "2026-01-01T00:00:00Z"}), "/context/at"),
        (changed(context={"dry_run": True}), "/context/dry_run"),
        (changed(action={"name": "use_api", "properties": {"end_use": "military"}}), "/context/end_use"),
    ],
)  # fmt: skip
def test_a_part_that_is_wrong_is_pointed_at(send: Ask, body: Any, pointer: str) -> None:
    response = send(SINGLE, body)
    assert response.status_code == 400
    assert problem(response)["errors"][0]["pointer"] == f"#{pointer}"


def test_questions_about_then_are_sent_elsewhere(send: Ask) -> None:
    response = send(SINGLE, changed(context={"at": "2026-01-01T00:00:00Z"}))
    assert "/api/v1/what-if" in problem(response)["detail"]


def test_a_mistyped_name_about_a_person_gets_the_known_ones(send: Ask) -> None:
    response = send(SINGLE, ground.question(user={"us_persn": True}))
    assert "us_person" in problem(response)["detail"]


@pytest.mark.parametrize("semantic", ["bogus", 7, None, ["execute_all"], {}])
def test_an_unknown_semantic(send: Ask, semantic: Any) -> None:
    body = {**GOOD, "evaluations": [{}], "options": {"evaluations_semantic": semantic}}
    response = send(BATCH, body)
    assert response.status_code == 400
    assert problem(response)["errors"][0]["pointer"] == "#/options/evaluations_semantic"


@pytest.mark.parametrize("part", ["evaluations", "options"])
def test_batch_parts_of_a_wrong_shape(send: Ask, part: str) -> None:
    assert problem(send(BATCH, {**GOOD, "evaluations": [{}], part: "x"}))["status"] == 400


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", ""]
)
def test_another_content_type(send: Ask, content_type: str) -> None:
    response = send(SINGLE, GOOD, content_type=content_type)
    assert (response.status_code, problem(response)["code"]) == (400, "bad_content_type")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method(send: Ask, method: str) -> None:
    response = send(SINGLE, GOOD, method=method)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    problem(response)


@pytest.mark.parametrize("request_id", ["abc-123", "x", "with spaces / and (signs)", "a" * 500])
@pytest.mark.parametrize("body", [GOOD, {}, b"{"])
def test_the_callers_request_id_comes_back_as_it_was(send: Ask, body: Any, request_id: str) -> None:
    assert send(SINGLE, body, X_Request_ID=request_id)["X-Request-ID"] == request_id


def test_without_a_request_id_one_is_made(send: Ask) -> None:
    response = send(SINGLE, {})
    assert response["X-Request-ID"] == problem(response)["request_id"]


@pytest.mark.parametrize("key", ["x" * 300, "a\tb"])
def test_an_idempotency_key_within_bounds(send: Ask, key: str) -> None:
    response = send(SINGLE, GOOD, Idempotency_Key=key)
    assert response.status_code == 400
    problem(response)


@pytest.mark.parametrize("path", ["subject", "resource", "action"])
def test_search_is_not_served_yet(send: Ask, path: str) -> None:
    response = send(f"/access/v1/search/{path}", GOOD)
    assert (response.status_code, problem(response)["code"]) == (404, "not_found")
