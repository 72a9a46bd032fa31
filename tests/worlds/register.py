"""A small register and releases written straight into the tables, for tests of what follows."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from accesscontrol import facts, policy, releases, screening
from accesscontrol.models import (
    Entitlement,
    Fact,
    Finding,
    Licensee,
    Offering,
    Release,
    ScreeningRun,
    Sheet,
    Standing,
)
from accesscontrol.screening.register import current_facts
from tests.worlds import parts
from tests.worlds.parts import person as person  # worlds hand these two on
from tests.worlds.rules import rule as rule

AT = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ACTIVITIES = ("use_api", "download_weights")

EMBARGO = {"is": ["licensee.country", "CU"]}
HQ_IN_CHINA = {"is": ["licensee.hq_country", "CN"]}
FOREIGN_USER = {"not": {"is": ["user.us_person", True]}}
RED_FLAG = {"at_least": ["licensee.red_flags_open", 1]}


def licensee(ref: str, at: datetime = AT, **known: Any) -> Licensee:
    """A licensee with facts, ``hq_country="CN"`` being ``licensee.hq_country``."""
    return parts.licensee(ref, at, **known)


def customer(ref: str, at: datetime = AT, **known: Any) -> Licensee:
    """A licensee that was granted every offering there is."""
    row = licensee(ref, at, **known)
    for offering in Offering.objects.all():
        grant(row, offering, at)
    return row


def learn(row: Licensee, attribute: str, value: Any, at: datetime = AT, until: Any = None) -> Fact:
    return parts.learn(row, attribute, value, at, until)


def attest(row: Licensee, attribute: str, value: Any, until: Any = None, at: datetime = AT) -> None:
    mina, jonas = person("mina"), person("jonas", "approver")
    parts.attest(row, attribute, value, at, until, by=mina, and_by=jonas)


def model(ref: str = "frontier-5", at: datetime = AT) -> list[Offering]:
    """A model with an offering for each activity, at the next free positions."""
    return parts.model(ref, ACTIVITIES, at)[1]


def publish(
    *rules: dict[str, Any], at: datetime = AT, lists: Any = None, groups: Any = None
) -> Release:
    """Store the next release with these rules (no screening is started)."""
    newest = Release.objects.order_by("-number").first()
    document = {
        "release": newest.number + 1 if newest else 1,
        "vocabulary": policy.vocabulary(lists=["SDN"], regimes=releases.REGIMES, end_uses=[]),
        "territories": {"HK": "CN"},
        "groups": groups or {},
        "lists": lists or {},
        "rules": list(rules),
    }
    parsed = policy.parse_release(document)
    return Release.objects.create(
        number=parsed.number, canonical=parsed.canonical, sha256=parsed.digest, published_at=at,
        because="test",
    )  # fmt: skip


def known(at: datetime = AT, *rows: Licensee) -> None:
    """Bring what tests wrote straight into the tables to the rows that screening reads.

    The register's verbs do it by starting a screening of whom they change.
    """
    current_facts.refresh([row.pk for row in rows or Licensee.objects.all()], at=at)


def start(at: datetime = AT, **changes: Any) -> ScreeningRun:
    """A run that leaves nobody out, unless told a cause: no verb says what a test wrote."""
    with transaction.atomic():
        known(at)
        run = screening.start(**{"cause": "manual", "by": None, "at": at} | changes)
    assert run is not None
    return run


def work(at: datetime = AT) -> int:
    """Do what workers would: take chunks until none is left; returns how many."""
    taken = 0
    while screening.next_chunk(at=at):
        taken += 1
        assert taken < 1_000, "the chunks do not end"
    return taken


def screened(at: datetime = AT, **changes: Any) -> ScreeningRun:
    run = start(at, **changes)
    work(at)
    run.refresh_from_db()
    return run


def standing(row: Licensee, position: int = 0) -> str:
    sheet = Standing.objects.get(licensee=row).sheet
    return Finding.objects.get(pk=sheet.findings[position]).outcome


def grant(row: Licensee, offering: Offering, at: datetime = AT) -> Entitlement:
    return parts.grant(row, offering, at)


def stored() -> dict[str, list[str]]:
    """Every standing as outcomes with the rules named, by position."""
    finding = {row.pk: [row.outcome, _names(row.verdict)] for row in Finding.objects.all()}
    sheets = {row.pk: [finding.get(each) for each in row.findings] for row in Sheet.objects.all()}
    return {
        row.licensee.ref: sheets[row.sheet_id]
        for row in Standing.objects.select_related("licensee")
    }


def one_by_one(at: datetime = AT, refs: Collection[str] | None = None) -> dict[str, list[Any]]:
    """The same by asking the judge for each licensee and offering as a live question is asked.

    Nothing is remembered between two of them, so that a thousand take a while: ``refs`` names some.
    """
    release = releases.current().policy
    offerings = list(Offering.objects.select_related("model").order_by("position"))
    answers: dict[str, list[Any]] = {}
    rows = Licensee.objects.all() if refs is None else Licensee.objects.filter(ref__in=refs)
    for row in rows:
        answers[row.ref] = [None] * (offerings[-1].position + 1 if offerings else 0)
        for offering in offerings:
            asked = facts.question(
                licensee=row.ref, model=offering.model.ref, activity=offering.activity, at=at
            )
            verdict = policy.judge(
                release, facts=asked.facts, licenses=asked.licenses,
                dispositions=asked.dispositions, at=at, standing=True,
            )  # fmt: skip
            answers[row.ref][offering.position] = [verdict.outcome, _names(verdict.to_json())]
    return answers


def _names(verdict: Any) -> list[Any]:
    return [
        [(each["rule"], each["version"]) for each in verdict["reasons"]],
        [(each["rule"], each["missing"], each["deferred"]) for each in verdict["undetermined"]],
        [(each["rule"], each["by"]) for each in verdict["lifted"]],
        [(each["rule"], each["truth"]) for each in verdict["would_have"]],
    ]
