"""Impact previews over the API: asked for, watched, read by pages, cancelled."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse

from accesscontrol import orders
from accesscontrol.models import AuditEvent, Order, Preview, RuleVersion, User
from accesscontrol.screening.preview import lifecycle as previews
from tests.api.conftest import Ask
from tests.worlds import ground

WHEN = {"is": ["licensee.hq_country", "CN"]}
READ = ("policy:read", "licensees:read")


@pytest.fixture
def version(world: None) -> RuleVersion:
    return drafted("LETTER-1")


def drafted(order: str) -> RuleVersion:
    """A draft that would deny whoever has its headquarters in China; all three hold something."""
    for licensee in ("acme", "zhong", "murk"):
        ground.entitle(licensee, "mini-1")
    return orders.draft(
        ref="R-NEW", order=Order.objects.get(reference=order), because="The letter.",
        content={"title": "T", "citation": "C", "effect": "deny", "when": WHEN,
                 "effective_from": "2026-01-01T00:00:00Z"},
        by=User.objects.create(username="olivia", role="officer"), at=ground.AT,
    )  # fmt: skip


def asked(send: Ask, *, ref: str = "R-NEW", number: int = 1) -> HttpResponse:
    return send(f"/api/v1/rules/{ref}/versions/{number}/previews", scopes=("policy:draft",))


def test_is_asked_for_worked_on_and_read(
    send: Ask, read: Callable[..., Any], version: RuleVersion
) -> None:
    response = asked(send)
    assert response.status_code == 202, response.content
    where = response["Location"]
    waiting = read(where, *READ).json()
    assert (waiting["state"], waiting["progress"]) == ("queued", {"done": 0, "total": 3})
    while previews.work(at=ground.AT):
        pass
    done = read(where, *READ).json()
    assert (done["state"], done["stale"]) == ("done", "")
    assert done["groups"] == {
        "lose_access": 1, "to_review": 0, "cant_decide": 1, "per_request": 0, "regain_access": 0,
        "no_change": 1,
    }  # fmt: skip
    assert done["ask_for"] == {"licensee.hq_country": 1}
    assert done["by_country"] == {"US": {"lose_access": 1, "cant_decide": 1}}
    assert (done["rule"], done["version"], done["compared_with"]) == ("R-NEW", 1, 1)
    assert AuditEvent.objects.filter(kind="rule.preview_asked", actor_id__gt="").count() == 1


def test_whom_it_affects_by_pages_and_groups(
    send: Ask, read: Callable[..., Any], version: RuleVersion
) -> None:
    where = asked(send)["Location"]
    previews.work(at=ground.AT)
    first = read(f"{where}licensees/?limit=1", *READ).json()
    second = read(first["next"], *READ).json()
    assert second["next"] is None
    rows = {row["licensee"]: row for row in first["results"] + second["results"]}
    assert rows["zhong"] == {
        "licensee": "zhong", "group": "lose_access", "country": "US", "entitlements": 1,
        "model": "mini-1", "activity": "use_api", "before": {"outcome": "per_request", "rules": ["R-USE"]},
        "after": {"outcome": "deny", "rules": ["R-NEW"]},
    }  # fmt: skip
    assert rows["murk"]["after"] == {"outcome": "undetermined", "rules": ["R-NEW", "R-USE"]}
    only = read(f"{where}licensees/?group=cant_decide", *READ).json()["results"]
    assert [row["licensee"] for row in only] == ["murk"]
    assert read(f"{where}licensees/?group=all", *READ).json()["code"] == "bad_value"
    assert read(f"{where}licensees/", "policy:read").status_code == 403


def test_is_cancelled_once(send: Ask, version: RuleVersion) -> None:
    where = asked(send)["Location"].rstrip("/") + "/cancel"
    response = send(where, scopes=("policy:draft",))
    assert response.status_code == 200
    assert Preview.objects.get().state == "cancelled"
    again = send(where, scopes=("policy:draft",))
    assert (again.status_code, again["Content-Type"]) == (409, "application/problem+json")


def test_what_cannot_be_asked_for(
    send: Ask, read: Callable[..., Any], version: RuleVersion
) -> None:
    assert asked(send, number=2).status_code == 404
    assert asked(send, ref="R-HQ").json()["code"] == "cannot_preview"  # type: ignore[attr-defined]
    assert send("/api/v1/previews/99/cancel", scopes=("policy:draft",)).status_code == 404
    assert send("/api/v1/rules/R-NEW/versions/1/previews", scopes=READ).status_code == 403
    assert read("/api/v1/previews/99/", *READ).status_code == 404
    assert not Preview.objects.exists()


def test_a_confidential_order_shows_counts_only(
    send: Ask, read: Callable[..., Any], world: None
) -> None:
    drafted("SECRET-1")
    where = asked(send)["Location"]
    previews.work(at=ground.AT)
    told = read(where, *READ).json()
    assert told["groups"]["lose_access"] == 1
    assert (told["ask_for"], told["by_country"], told["not_evaluated"]) == (None, None, None)
    assert read(f"{where}licensees/", *READ).status_code == 403
    explained = read(f"{where}licensees/", *READ, "decisions:explain")
    assert len(explained.json()["results"]) == 2
