"""Who stands how: what the queries find is what going through every standing finds."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accesscontrol import screening
from accesscontrol.models import AIModel, Finding, Licensee, Offering, Standing
from accesscontrol.policy import OUTCOMES
from tests.worlds import ground
from tests.worlds import register as world
from tests.worlds.register import AT, DAY, EMBARGO, FOREIGN_USER, HOUR, HQ_IN_CHINA, publish, rule

pytestmark = pytest.mark.django_db

CYBER = {"contains": ["model.capability_tags", "cyber"]}
ONLY_FRONTIER = {"all": [{"is": ["model.id", "frontier-5"]}, HQ_IN_CHINA]}
RULES = (
    rule("R-1", "deny", EMBARGO),
    rule("R-2", "license_required", {"all": [HQ_IN_CHINA, FOREIGN_USER]}),
    rule("R-3", "review", ONLY_FRONTIER),
)


@pytest.fixture
def everyone() -> list[Licensee]:
    world.model()
    world.model("mini-1")
    publish(*RULES)
    places = [("CU", "CU"), ("SG", "CN"), ("US", "US"), (None, "US"), ("US", None), ("CU", "CN")]
    rows = []
    for n, (country, seat) in enumerate(places):
        known = {"country": country, "hq_country": seat}
        rows.append(world.licensee(f"l-{n}", **{k: v for k, v in known.items() if v}))
    world.screened()
    return rows


def every_standing() -> dict[tuple[str, str, str], str]:
    """(licensee, model, activity) → outcome, one by one."""
    outcome = dict(Finding.objects.values_list("pk", "outcome"))
    offerings = list(Offering.objects.select_related("model"))
    return {
        (row.licensee.ref, each.model.ref, each.activity): outcome[
            row.sheet.findings[each.position]
        ]
        for row in Standing.objects.select_related("licensee", "sheet")
        for each in offerings
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("model", ["", "frontier-5", "mini-1", "nothing"])
@pytest.mark.parametrize("activity", ["", "use_api", "hosted"])
def test_whoever_stands_so(
    everyone: list[Licensee], outcome: str, model: str, activity: str
) -> None:
    found = screening.licensees_with(outcome, model=model, activity=activity)
    expected = {
        who
        for (who, of, doing), how in every_standing().items()
        if how == outcome and model in ("", of) and activity in ("", doing)
    }
    assert {row.ref for row in found} == expected


@pytest.mark.parametrize("model", ["frontier-5", "mini-1"])
def test_how_many_stand_how(everyone: list[Licensee], model: str) -> None:
    expected = Counter(
        (doing, how) for (_, of, doing), how in every_standing().items() if of == model
    )
    found = screening.outcome_counts(AIModel.objects.get(ref=model))
    assert {(each.activity, each.outcome): each.licensees for each in found} == dict(expected)


def test_how_somebody_stood_at_an_instant(everyone: list[Licensee]) -> None:
    cuban = everyone[0]
    publish(*RULES[1:], at=AT + DAY)
    world.screened(AT + DAY)

    def stood(at: Any) -> set[str]:
        return {each.outcome for each in screening.standing_at(cuban, at=at)}

    assert stood(AT - HOUR) == set()
    assert stood(AT) == stood(AT + DAY - HOUR) == {"deny"}
    assert stood(AT + DAY) == stood(AT + 9 * DAY) == {"permit"}
    now = {key[1:]: how for key, how in every_standing().items() if key[0] == cuban.ref}
    said = screening.standing_at(cuban, at=AT + DAY)
    assert {(each.model, each.activity): each.outcome for each in said} == now


def test_more_licensees_need_no_more_statements(everyone: list[Licensee]) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            list(screening.licensees_with("deny", model="frontier-5")[:5])
            screening.outcome_counts(AIModel.objects.get(ref="frontier-5"))
            screening.standing_at(everyone[0], at=AT)
        return len(seen)

    before = asked()
    for n in range(20):
        world.licensee(f"more-{n}", country="CU")
    world.screened(AT + HOUR)
    assert asked() == before


# ---------------------------------------------------------------- on screen and over the API


def read(path: str, *scopes: str) -> Any:
    token = ground.token(*scopes).text
    return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})


def test_the_list_shows_who_is_denied_a_model(everyone: list[Licensee], client: Client) -> None:
    client.force_login(world.person("mina"))

    def listed(**asked: str) -> set[str]:
        page = client.get(reverse("dashboard:licensees"), asked).content.decode()
        return {row.ref for row in everyone if f">{row.ref}<" in page}

    def expected(outcome: str, model: str) -> set[str]:
        return {row.ref for row in screening.licensees_with(outcome, model=model)}

    assert (
        listed(standing="review", model="frontier-5") == expected("review", "frontier-5") != set()
    )
    assert listed(standing="review", model="mini-1") == set()
    world.grant(everyone[2], Offering.objects.get(model__ref="mini-1", activity="use_api"))
    assert listed(model="mini-1") == {"l-2"}
    page = client.get(reverse("dashboard:model", args=["frontier-5"])).content.decode()
    assert "standing=deny&amp;model=frontier-5" in page


def test_the_api_tells_the_same(everyone: list[Licensee]) -> None:
    rows = read("licensees/?standing=deny&model=frontier-5&activity=use_api", "licensees:read")
    expected = screening.licensees_with("deny", model="frontier-5", activity="use_api")
    assert {row["ref"] for row in rows.json()["results"]} == {row.ref for row in expected}
    counted = read("models/frontier-5/standings/", "models:read", "licensees:read").json()
    assert sum(row["licensees"] for row in counted) == len(everyone) * len(
        {row["activity"] for row in counted}
    )
    stood = read(f"licensees/l-0/standings/?at={AT:%Y-%m-%dT%H:%M:%SZ}", "licensees:read")
    assert {row["outcome"] for row in stood.json()} == {"deny"}
    early = f"{AT - HOUR:%Y-%m-%dT%H:%M:%SZ}"
    assert read(f"licensees/l-0/standings/?at={early}", "licensees:read").json() == []


@pytest.mark.parametrize(
    "path",
    [
        "licensees/?standing=maybe",
        "licensees/l-0/standings/?at=yesterday",
        "licensees/l-0/standings/?at=2026-06-12",
    ],
)
def test_what_cannot_be_read_is_said(everyone: list[Licensee], path: str) -> None:
    problem = read(path, "licensees:read")
    assert (problem.status_code, problem.json()["code"]) == (400, "bad_value")


def test_counts_need_both_scopes(everyone: list[Licensee]) -> None:
    assert read("models/frontier-5/standings/", "models:read").status_code == 403
