"""What only shows with real commits: other processes, other connections, a database that refuses."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client

from accesscontrol import decisions, releases
from accesscontrol.models import ApiToken, AuditEvent, Decision, LicenseUse, Term
from tests.worlds import ground

ROOT = Path(__file__).resolve().parents[2]
US = {"user.us_person": True, "request.end_use": "civil", "request.location_country": "US"}


@pytest.fixture
def token(own_database: str) -> str:
    ground.lay()
    return ground.token().text


def post(token: str, body: Any) -> HttpResponse:
    return Client().post(  # type: ignore[return-value]
        "/access/v1/evaluation",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture
def other_process(own_database: str, token: str) -> Iterator[Callable[[], list[Any]]]:
    """Ask in another process, which keeps its caches between questions."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.api.asker", token],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DATABASE_URL": own_database, "EG_HTTPS": "off"},
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None

    def ask() -> list[Any]:
        child.stdin.write("\n")
        child.stdin.flush()
        answer: list[Any] = json.loads(child.stdout.readline())
        return answer

    yield ask
    child.stdin.close()
    child.wait(20)
    child.stdout.close()


def test_no_process_answers_by_an_older_release(
    token: str, other_process: Callable[[], list[Any]]
) -> None:
    assert other_process() == [200, "license_required", 1]
    now = datetime.now(UTC)
    Term.objects.filter(rule__ref="R-HQ").update(period=(ground.LONG_AGO, now - timedelta(days=1)))
    releases.publish_next(by=None, at=now, because="The letter is lifted.")
    assert other_process() == [200, "permit", 2]
    Term.objects.filter(rule__ref="R-HQ").update(period=(ground.LONG_AGO, None))
    releases.publish_next(by=None, at=datetime.now(UTC), because="And back.")
    assert other_process() == [200, "license_required", 3]


@pytest.mark.parametrize("table", ["accesscontrol_decision", "audit.event"])
def test_what_cannot_be_recorded_is_503_and_no_permit(token: str, table: str) -> None:
    body = ground.question(user={"us_person": True}, context={"end_use": "civil"})
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_insert() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no space left on device'; END $$;"
            f"CREATE TRIGGER no_insert BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION no_insert()"
        )
    response = post(token, body)
    assert response.status_code == 503
    document = json.loads(response.content)
    assert document["code"] == "not_recorded"
    assert "decision" not in document
    assert not Decision.objects.exists()
    assert not AuditEvent.objects.filter(kind="decision.made").exists()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER no_insert ON {table}")
    assert post(token, body).status_code == 200


def test_a_failure_at_the_very_commit_is_503(token: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_commit() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;"
            "CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON accesscontrol_decision"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_commit()"
        )
    response = post(token, ground.question(user={"us_person": True}, context={"end_use": "civil"}))
    assert response.status_code == 503
    assert not Decision.objects.exists()


def test_a_recorded_answer_survives_its_request(token: str) -> None:
    post(token, ground.question("zhong"))
    connections.close_all()
    assert Decision.objects.count() == 1
    assert AuditEvent.objects.filter(kind="decision.made").count() == 1


def test_the_last_unit_goes_to_exactly_one_of_many(token: str) -> None:
    ground.license_for("zhong", quantity=1)
    by = ApiToken.objects.get()
    together = threading.Barrier(4)
    outcomes: list[str] = []

    def ask(key: str) -> None:
        asked = decisions.Asked(
            "zhong", "frontier-5", "use_api", stated=US, idempotency_key=key, request_sha256=key
        )
        together.wait(20)
        try:
            outcomes.append(decisions.decide(asked=asked, by=by, at=ground.AT).outcome)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(f"key-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["license_required"] * 3 + ["permit"]
    assert LicenseUse.objects.count() == 1


def test_concurrent_refusals_stop_the_orders_clock_at_one_instant(token: str) -> None:
    from accesscontrol.models import Order

    by = ApiToken.objects.get()
    together = threading.Barrier(4)

    def ask(minute: int) -> None:
        asked = decisions.Asked("zhong", "frontier-5", "use_api", stated=US)
        together.wait(20)
        try:
            decisions.decide(asked=asked, by=by, at=ground.AT + timedelta(minutes=minute))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Decision.objects.count() == 4
    assert Order.objects.get(reference="LETTER-1").first_refusal_at is not None
