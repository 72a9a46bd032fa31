"""Runs over the API: progress, chunks, cancel and retry, and the feed of changed standings."""

import json
from typing import Any

import pytest

from accesscontrol import screening
from accesscontrol.models import AuditEvent, ScreeningRun
from tests.api.conftest import Ask
from tests.worlds import register
from tests.worlds.ground import AT


@pytest.fixture
def run(world: None) -> ScreeningRun:
    for installed in ScreeningRun.objects.filter(state__in=["queued", "running"]):
        screening.cancel(installed, by=None, at=AT)
    return register.start(AT, chunk=1, because="The secret project.")


def feed(read: Any, query: str = "", **headers: str) -> Any:
    return read(f"/api/v1/standing-changes{query}", "licensees:read", **headers)


def test_a_run_tells_how_far_it_is(read: Any, run: ScreeningRun) -> None:
    screening.next_chunk(at=AT)
    body = read(f"/api/v1/runs/{run.pk}/", "cases:read").json()
    assert (body["state"], body["judged"], body["changed"]) == ("running", 1, 1)
    progress = body["progress"]
    assert (progress["done"], progress["total"], progress["percent"]) == (1, 3, 33)
    assert (progress["chunks"], progress["chunks_waiting"]) == (3, 2)
    assert (body["failures"], body["changes"]) == ([], f"/api/v1/runs/{run.pk}/changes")
    assert "secret" not in json.dumps(body)


def test_its_chunks_and_what_failed(read: Any, run: ScreeningRun) -> None:
    run.chunks.update(attempts=5, problem="The judge broke.")
    register.work(AT)
    body = read(f"/api/v1/runs/{run.pk}/", "cases:read").json()
    assert body["state"] == "failed"
    assert [(each["attempts"], each["problem"]) for each in body["failures"]] == [
        (5, "The judge broke.")
    ] * 3
    page = read(f"/api/v1/runs/{run.pk}/chunks/?limit=2", "cases:read").json()
    assert [each["state"] for each in page["results"]] == ["failed", "failed"]
    assert page["next"]


def test_cancel_and_retry_are_the_tokens_own_acts(send: Ask, run: ScreeningRun) -> None:
    scopes = ("cases:read", "cases:write")
    path = f"/api/v1/runs/{run.pk}"
    nothing = send(f"{path}/retry/", {}, scopes=scopes)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_failed")
    cancelled = send(f"{path}/cancel/", {"because": "Wrong rule"}, scopes=scopes)
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    event = next(
        json.loads(text)
        for text in AuditEvent.objects.order_by("-id").values_list("payload", flat=True)
        if '"run.cancelled"' in text
    )
    assert (event["actor"]["type"], event["because"]) == ("token", "Wrong rule")
    again = send(f"{path}/cancel/", {}, scopes=scopes)
    assert (again.status_code, again.json()["code"]) == (409, "cannot_cancel")
    assert again["Content-Type"] == "application/problem+json"


def test_failed_chunks_are_retried(send: Ask, run: ScreeningRun) -> None:
    run.chunks.update(attempts=5)
    register.work(AT)
    retried = send(f"/api/v1/runs/{run.pk}/retry/", {}, scopes=("cases:write",))
    assert (retried.status_code, retried.json()["state"]) == (200, "running")
    register.work(AT)
    assert ScreeningRun.objects.get(pk=run.pk).state == "done"


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_who_only_reads_stops_nothing(send: Ask, run: ScreeningRun, verb: str) -> None:
    refused = send(f"/api/v1/runs/{run.pk}/{verb}/", {}, scopes=("cases:read", "licensees:read"))
    assert refused.status_code == 403
    assert ScreeningRun.objects.get(pk=run.pk).state == "queued"


def test_the_feed_is_read_to_its_end_and_on_from_there(read: Any, run: ScreeningRun) -> None:
    register.work(AT)
    seen, url = [], "/api/v1/standing-changes?limit=2"
    while url:
        page = read(url, "licensees:read")
        body = page.json()
        seen += body["results"]
        url = body["next"]
        assert (f'<{url}>; rel="next"' == page.get("Link")) == bool(url)
    assert [each["licensee"] for each in seen] == ["acme", "zhong", "murk"]
    zhong = seen[1]
    assert (zhong["run"], zhong["release"], zhong["outcome_changed"]) == (run.pk, 1, True)
    assert {"model": "frontier-5", "activity": "use_api", "before": None, "after":
            "license_required"} in zhong["offerings"]  # fmt: skip
    assert feed(read, f"?after={body['cursor']}").json() == {
        "results": [], "cursor": body["cursor"], "next": None,
    }  # fmt: skip
    after = feed(read, f"?after={seen[0]['cursor']}").json()["results"]
    assert [each["licensee"] for each in after] == ["zhong", "murk"]


def test_the_feed_says_nothing_of_rules(read: Any, run: ScreeningRun) -> None:
    """Three licensees turn under a rule of a confidential order: that they turn is all there is."""
    register.work(AT)
    text = feed(read, "?reasons=true").content.decode()
    assert "R-USER" not in text
    assert "secret" not in text.lower()


def test_a_runs_own_changes_and_lines(read: Any, run: ScreeningRun) -> None:
    register.work(AT)
    path = f"/api/v1/runs/{run.pk}/changes"
    lines = read(f"{path}?limit=2", "licensees:read", Accept="application/x-ndjson")
    assert lines["Content-Type"] == "application/x-ndjson; charset=utf-8"
    rows = [json.loads(line) for line in lines.content.decode().splitlines()]
    assert [row["licensee"] for row in rows] == ["acme", "zhong"]
    assert lines["X-Cursor"] == rows[-1]["cursor"]
    assert lines["Link"].endswith('; rel="next"')
    rest = read(f"{path}?after={lines['X-Cursor']}", "licensees:read").json()
    assert [row["licensee"] for row in rest["results"]] == ["murk"]
    assert read("/api/v1/runs/999/changes", "licensees:read").status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?after=garbage", "bad_cursor"),
        ("?after=1.2.3", "bad_cursor"),
        ("?after=-1.0", "bad_cursor"),
        ("?after=%00", "bad_cursor"),
        ("?after=99999999999999999999.1", "bad_cursor"),
        ("?limit=0", "bad_limit"),
        ("?limit=many", "bad_limit"),
        ("?limit=501", "bad_limit"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_bad_questions_are_problems(read: Any, query: str, code: str, accept: str) -> None:
    answer = feed(read, query, Accept=accept)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("scopes", [(), ("cases:read",), ("decisions:ask", "licensees:write")])
def test_the_feed_needs_its_scope(read: Any, run: ScreeningRun, scopes: tuple[str, ...]) -> None:
    for path in ("/api/v1/standing-changes", f"/api/v1/runs/{run.pk}/changes"):
        assert read(path, *scopes).status_code == (403 if scopes else 401)
