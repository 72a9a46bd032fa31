"""The read endpoints: pages, filters, ETags, neutral words, problem documents."""

import json
from typing import Any

import pytest

from accesscontrol.models import AuditEvent
from tests.api.conftest import Ask
from tests.worlds import ground

US = {"user": {"us_person": True}, "context": {"end_use": "civil", "location_country": "US"}}


@pytest.mark.parametrize(
    ("path", "scope", "ids"),
    [
        ("orders", "policy:read", ["SECRET-1", "LETTER-1"]),
        ("rules", "policy:read", ["R-USER", "R-USE", "R-SEEN", "R-PLACE", "R-HQ"]),
        ("releases", "policy:read", [1]),
        ("models", "models:read", ["mini-1", "frontier-5"]),
        ("licensees", "licensees:read", ["murk", "zhong", "acme"]),
    ],
)
def test_lists(read: Any, path: str, scope: str, ids: list[Any]) -> None:
    rows = read(f"/api/v1/{path}/", scope).json()["results"]
    name = next(each for each in ("reference", "ref", "number") if each in rows[0])
    assert sorted(str(row[name]) for row in rows) == sorted(map(str, ids))
    one = read(f"/api/v1/{path}/{ids[0]}/", scope)
    assert one.json()[name] == ids[0]
    assert one["ETag"].startswith('"')
    again = read(f"/api/v1/{path}/{ids[0]}/", scope, If_None_Match=one["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["runs", "cases"])
def test_lists_of_work(read: Any, path: str) -> None:
    assert read(f"/api/v1/{path}/", "cases:read").status_code == 200


def test_pages_are_followed_to_the_end(read: Any) -> None:
    seen, url = [], "/api/v1/licensees/?limit=2"
    while url:
        page = read(url, "licensees:read")
        seen += [row["ref"] for row in page.json()["results"]]
        url = page.json()["next"]
        assert (f'<{url}>; rel="next"' == page.get("Link")) == bool(url)
    assert seen == ["murk", "zhong", "acme"]


@pytest.mark.parametrize(
    "path",
    [
        "orders/none/",
        "releases/99/",
        "releases/x/",
        "decisions/none/",
        "licensees/?cursor=garbage",
        "nothing/",
    ],
)
def test_what_is_not_there_is_a_problem(read: Any, path: str) -> None:
    response = read(f"/api/v1/{path}", "policy:read", "decisions:read", "licensees:read")
    assert response.status_code == 404


def test_who_leaves_out_the_last_slash_is_sent_on(read: Any) -> None:
    assert read("/api/v1/orders?limit=1", "policy:read")["Location"] == "/api/v1/orders/?limit=1"


def test_a_problem_of_the_read_endpoints_is_a_problem_document(read: Any) -> None:
    response = read("/api/v1/orders/none/", "policy:read", X_Request_ID="r 1")
    assert response["Content-Type"] == "application/problem+json"
    assert response["X-Request-ID"] == "r 1"
    assert response.json()["status"] == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_is_written_here(send: Ask, method: str) -> None:
    response = send("/api/v1/orders/", {}, method=method.upper(), scopes=("policy:read",))
    assert response.status_code in {403, 405}


class TestConfidential:
    def test_an_orders_text_needs_the_scope_and_reading_it_is_logged(self, read: Any) -> None:
        plain = read("/api/v1/orders/SECRET-1/", "policy:read").json()
        assert (plain["text"], plain["subject"], plain["rules"]) == (None, None, [])
        assert not AuditEvent.objects.filter(kind="order.confidential_read").exists()
        full = read("/api/v1/orders/SECRET-1/", "policy:read", "decisions:explain").json()
        assert full["text"] == "The secret project."
        assert AuditEvent.objects.filter(kind="order.confidential_read").count() == 1

    def test_a_rules_words(self, read: Any) -> None:
        plain = read("/api/v1/rules/R-USER/", "policy:read")
        assert b"secret project" not in plain.content
        full = read("/api/v1/rules/R-USER/", "policy:read", "decisions:explain")
        assert b"secret project" in full.content

    def test_a_releases_text(self, read: Any) -> None:
        assert read("/api/v1/releases/1/", "policy:read").json()["canonical"] is None

    def test_an_order_open_to_all_is_open(self, read: Any) -> None:
        assert read("/api/v1/orders/LETTER-1/", "policy:read").json()["rules"]


def test_a_decision_is_told_again_as_it_was(send: Ask, read: Any) -> None:
    answer = json.loads(send("/access/v1/evaluation", ground.question("zhong", **US)).content)
    id_ = answer["context"]["evaluation_id"]
    told = read(f"/api/v1/decisions/{id_}/", "decisions:read").json()
    assert told["outcome"] == "license_required"
    assert told["answer"]["reasons"] == answer["context"]["reasons"]
    rows = read("/api/v1/decisions/?licensee_ref=zhong", "decisions:read").json()["results"]
    assert [row["decision_id"] for row in rows] == [id_]
    assert read("/api/v1/decisions/?licensee_ref=acme", "decisions:read").json()["results"] == []


def test_events_are_told_as_the_texts_that_were_hashed(send: Ask, read: Any) -> None:
    send("/access/v1/evaluation", ground.question("zhong", **US))
    event = read("/api/v1/audit-events/?kind=decision.made", "audit:read").json()["results"][0]
    assert AuditEvent.objects.get(pk=event["id"]).payload == event["payload"]
    assert len(event["leaf_hash"]) == 64


def test_a_licensees_facts_have_sources(read: Any) -> None:
    facts = read("/api/v1/licensees/zhong/", "licensees:read").json()["facts"]
    assert {"attribute": "licensee.hq_country", "value": "CN", "source": "register"} in facts
