"""The nightly proof trusts nothing that is stored, and its alarm is seen on the page and the metric."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accesscontrol import screening
from accesscontrol.models import AuditEvent, CurrentFacts, FactValue, Licensee, ScreeningRun, Sheet
from tests.worlds import register as world
from tests.worlds.register import DAY, EMBARGO, HQ_IN_CHINA, publish, rule

pytestmark = pytest.mark.django_db

AT = datetime.now(UTC).replace(microsecond=0) - 5 * DAY  # the pages and the metrics read the clock


@pytest.fixture
def settled() -> dict[str, Licensee]:
    world.model(at=AT)
    rows = {
        ref: world.licensee(ref, AT, country=country, hq_country="US")
        for ref, country in (("cuban", "CU"), ("american", "US"))
    }
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "deny", HQ_IN_CHINA), at=AT)
    world.screened(AT, cause="starter")
    return rows


def proof(at: datetime) -> ScreeningRun:
    run = screening.nightly(at=at)
    assert run is not None
    world.work(at)
    run.refresh_from_db()
    return run


def page(client: Client) -> str:
    client.force_login(world.person("mina"))
    return client.get(reverse("dashboard:overview")).content.decode()


def metrics(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").content.decode().splitlines()
    told = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in told}


UNEXPLAINED = "export_gate_nightly_proof_unexplained"
AGE = "export_gate_nightly_proof_age_seconds"


def sql(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount == 1


def wrong_standing(row: Licensee) -> None:
    other = Sheet.objects.exclude(id=row.standing.sheet_id).latest("id")
    sql("UPDATE accesscontrol_standing SET sheet_id = %s WHERE licensee_id = %s", other.pk, row.pk)


def wrong_fact_that_a_rule_reads(row: Licensee) -> None:
    china = FactValue.objects.get_or_create(text='"CN"')[0]
    sql("UPDATE accesscontrol_currentfacts SET hq_country = %s WHERE licensee_id = %s",
        china.pk, row.pk)  # fmt: skip


def wrong_fact_that_no_rule_reads(row: Licensee) -> None:
    bank = FactValue.objects.get_or_create(text='"bank"')[0]
    sql("UPDATE accesscontrol_currentfacts SET sector = %s WHERE licensee_id = %s",
        bank.pk, row.pk)  # fmt: skip


def test_a_proof_that_finds_nothing_raises_no_alarm(
    settled: dict[str, Licensee], client: Client
) -> None:
    assert AGE not in metrics(client)
    run = proof(AT + DAY)
    assert (run.alarm, run.changed, run.judged) == (0, 0, 2)
    assert "alarm" not in page(client)
    told = metrics(client)
    assert told[UNEXPLAINED] == 0
    assert told[AGE] == pytest.approx(timedelta(days=4).total_seconds(), abs=3_600)


@pytest.mark.parametrize(
    "corrupt", [wrong_standing, wrong_fact_that_a_rule_reads, wrong_fact_that_no_rule_reads]
)
def test_what_was_written_past_the_product_raises_the_alarm(
    settled: dict[str, Licensee], client: Client, corrupt: Any
) -> None:
    truth = CurrentFacts.objects.values().get(licensee=settled["american"])
    corrupt(settled["american"])
    run = proof(AT + DAY)
    assert run.alarm == 1
    assert world.standing(settled["american"]) == "permit"
    assert CurrentFacts.objects.values().get(licensee=settled["american"]) == truth
    shown = page(client)
    assert "The nightly proof raised an alarm." in shown
    assert reverse("dashboard:run", args=[run.pk]) in shown
    assert metrics(client)[UNEXPLAINED] == 1
    event = json.loads(AuditEvent.objects.filter(kind="run.chunk_done").latest("id").payload)
    assert event["details"]["unexplained"] == ["american"]
    assert AuditEvent.objects.filter(kind="run.alarm").count() == 1


def test_the_alarm_stands_until_a_proof_finds_nothing(
    settled: dict[str, Licensee], client: Client
) -> None:
    wrong_standing(settled["american"])
    first = proof(AT + DAY)
    wrong_standing(settled["cuban"])
    second = proof(AT + 2 * DAY)
    alarm = screening.alarm()
    assert alarm is not None
    assert (alarm.run, alarm.since) == (second, first.finished_at)
    proof(AT + 3 * DAY)
    assert screening.alarm() is None
    assert "alarm" not in page(client)
    assert metrics(client)[UNEXPLAINED] == 0


def test_what_a_narrowed_run_would_never_look_at_is_found(settled: dict[str, Licensee]) -> None:
    """A run after a change looks at whom the change touches; the proof at everybody, by the truth."""
    wrong_fact_that_a_rule_reads(settled["american"])
    publish(rule("R-1", "deny", EMBARGO), at=AT + DAY)
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "deny", HQ_IN_CHINA), at=AT + DAY)
    narrowed = screening.start(cause="rule", by=None, at=AT + DAY)
    world.work(AT + DAY)
    assert narrowed is not None
    assert narrowed.basis is not None
    assert world.standing(settled["american"]) == "deny"  # by the row that somebody wrote
    run = proof(AT + 2 * DAY)
    assert run.alarm == 1
    assert world.standing(settled["american"]) == "permit"


def test_a_fact_that_waits_for_its_run_is_no_alarm(settled: dict[str, Licensee]) -> None:
    at = AT + DAY
    world.learn(settled["american"], "licensee.country", "CU", at)
    world.start(at, cause="fact", licensees=[settled["american"].pk])
    late = screening.nightly(at=at)
    assert late is not None
    world.work(at)
    late.refresh_from_db()
    assert late.alarm == 0
    assert world.standing(settled["american"]) == "deny"
