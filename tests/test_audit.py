"""The log's one writer: canonical, hashed in the database, inserts only, in the verb's transaction."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accesscontrol import audit
from accesscontrol.errors import NotRecorded
from accesscontrol.ledger.canonical import by_definition, canonical_json, leaf_hash
from accesscontrol.models import AuditEvent, Order, Rule, User

AT = datetime(2026, 6, 12, 21, 21, 0, 123456, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> User:
    return User.objects.create_user("mina", password="x", role="officer")


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_event_is_canonical_text_with_its_leaf_hash(officer: User) -> None:
    pk = audit.record("order.entered", officer, by=officer, at=AT, because="Letter received")
    event = AuditEvent.objects.get(pk=pk)
    assert bytes(event.leaf_hash) == leaf_hash(event.payload.encode())
    assert json.loads(event.payload)["because"] == "Letter received"
    assert (event.kind, event.actor_id, event.subject_id) == ("order.entered", "mina", "mina")
    assert event.at_us == 1781299260123456


def test_an_event_about_a_rule_names_it_and_its_order(officer: User) -> None:
    order = Order.objects.create(
        reference="L-1", kind="rule", authority="BIS", citation="C", subject="S",
        received_at=AT, effective_at=AT, entered_at=AT,
    )  # fmt: skip
    rule = Rule.objects.create(ref="R-1", order=order, created_at=AT)
    said = [
        json.loads(audit.payload("x.y", subject, by=officer, at=AT)) for subject in (rule, order)
    ]
    assert [(each["order"], each.get("rule")) for each in said] == [("L-1", "R-1"), ("L-1", None)]


def test_numbers_that_json_readers_round_are_written_as_text(officer: User) -> None:
    pk = audit.record("fact.edited", None, by=officer, at=AT, details={"training_ops": 10**26})
    assert json.loads(AuditEvent.objects.get(pk=pk).payload)["details"] == {
        "training_ops": "1" + "0" * 26
    }


def test_every_event_waits_to_be_integrated(officer: User) -> None:
    pk = audit.record("x.y", officer, by=None, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM audit.pending WHERE event_id = %s", [pk])
        assert cursor.fetchone()


def test_the_order_of_a_batch_is_kept() -> None:
    texts = [audit.payload("x.y", str(n), by=None, at=AT) for n in range(50)]
    ids = audit.append(texts)
    assert ids == sorted(ids)
    assert [AuditEvent.objects.get(pk=pk).subject_id for pk in ids] == [str(n) for n in range(50)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.event SET payload = payload",
        "DELETE FROM audit.event",
        "TRUNCATE audit.event",
    ],
)
def test_the_log_takes_inserts_only(statement: str) -> None:
    audit.record("x.y", None, by=None, at=AT)
    with pytest.raises(DatabaseError, match=r"inserts only|permission denied"):
        run(statement)


def test_a_wrong_leaf_hash_is_refused_by_the_database() -> None:
    text = audit.payload("x.y", None, by=None, at=AT)
    with pytest.raises(DatabaseError, match="leaf_hash"):
        run(f"INSERT INTO audit.event (payload, leaf_hash) VALUES ('{text}', '\\x00')")


def test_what_cannot_be_recorded_is_an_error_never_silence(officer: User) -> None:
    with pytest.raises(NotRecorded):
        audit.record("x.y", None, by=officer, at=AT, because="y" * 70_000)


def test_a_rolled_back_verb_leaves_no_event(officer: User) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("x.y", officer, by=officer, at=AT)
        raise RuntimeError
    assert AuditEvent.objects.count() == before


def test_a_request_is_named_in_its_events(officer: User) -> None:
    with audit.context(request_id="req-1", ip="203.0.113.9"):
        pk = audit.record("x.y", officer, by=officer, at=AT)
    payload = json.loads(AuditEvent.objects.get(pk=pk).payload)
    assert (payload["request_id"], payload["ip"]) == ("req-1", "203.0.113.9")


def test_floats_never_enter_the_log(officer: User) -> None:
    with pytest.raises(TypeError, match="float"):
        audit.record("x.y", officer, by=officer, at=AT, details={"score": 0.5})


def plain_one_by_one(value: Any) -> Any:
    """Each part made plain, whether or not it has to be."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): plain_one_by_one(each) for name, each in value.items()}
        case frozenset():
            return sorted(plain_one_by_one(each) for each in value)
        case list() | tuple():
            return [plain_one_by_one(each) for each in value]
        case str():
            return value.replace("\x00", "\ufffd")
        case int() if abs(value) > 2**53 - 1:
            return str(value)
        case _:
            return value


PARTS = (
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([2**53, -(2**53), ""])
    | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.frozensets(st.text())
)  # fmt: skip
DETAILS = st.dictionaries(
    st.text() | st.integers(0, 9),
    st.recursive(
        PARTS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9
    ),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DETAILS)
@example({"a": "\x00", "b": [10**26, {"\U0001f600": AT, "\ufb33": None}]})
def test_details_are_written_as_if_each_part_were_made_plain(details: dict[Any, Any]) -> None:
    assert canonical_json(audit.plain(details)) == by_definition(plain_one_by_one(details))
