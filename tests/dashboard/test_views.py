"""The screens answer what they must, refuse what they must, and keep what was typed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesscontrol import audit
from accesscontrol.dashboard.shell import explanations, qualifiers
from accesscontrol.models import (
    ApiToken,
    AuditEvent,
    Decision,
    Entitlement,
    Fact,
    Hold,
    Licensee,
    User,
)
from tests.dashboard.conftest import copied
from tests.worlds import cast as the_cast

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[the_cast.Cast]:
    """The cast in a database of this module's own, so that it is loaded once; tests roll back."""
    with copied(django_db_blocker, "views"):
        yield the_cast.load(at=NOW - timedelta(hours=1))


@pytest.fixture
def cast(loaded: the_cast.Cast, db: None) -> Any:
    """A copy a test, since the rows may be changed."""
    return the_cast.Cast(
        at=loaded.at,
        people={name: User.objects.get(pk=user.pk) for name, user in loaded.people.items()},
        licensees=dict(loaded.licensees),
        token=ApiToken.objects.get(pk=loaded.token.pk) if loaded.token else None,
    )


@pytest.fixture
def as_(client: Client) -> Any:
    def signed_in(user: User) -> Client:
        client.force_login(user)
        return client

    return signed_in


def text(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def people() -> dict[str, User]:
    return {
        role: User.objects.create_user(
            username=role, password="a long enough word" if role == "viewer" else None, role=role
        )
        for role in ("viewer", "auditor", "officer", "approver", "admin")
    }


# ---------------------------------------------------------------- signing in


def test_nobody_sees_a_screen_without_signing_in(client: Client) -> None:
    response = client.get("/licensees?q=a")
    assert response.status_code == 302
    assert response.url == "/sign-in?next=/licensees%3Fq%3Da"


def test_signing_in_returns_to_the_page_that_was_asked_for(client: Client, people: Any) -> None:
    given = {"username": "viewer", "password": "a long enough word", "next": "/models"}
    response = client.post("/sign-in", given)
    assert (response.status_code, response.url) == (302, "/models")


def test_signing_in_never_leads_to_another_site(client: Client, people: Any) -> None:
    given = {
        "username": "viewer",
        "password": "a long enough word",
        "next": "https://evil.example/",
    }
    assert client.post("/sign-in", given).url == "/"


def test_a_wrong_password_is_said_in_words_and_the_sixth_try_is_locked_out(
    client: Client, people: Any
) -> None:
    for _ in range(5):
        response = client.post("/sign-in", {"username": "viewer", "password": "wrong"})
        assert response.status_code == 422
        assert "The name or the password is wrong." in text(response)
    response = client.post("/sign-in", {"username": "viewer", "password": "a long enough word"})
    assert "Too many failed attempts" in text(response)
    assert 'value="viewer"' in text(response), "the name is kept"


def test_the_theme_is_drawn_by_the_server(as_: Any, people: Any) -> None:
    client = as_(people["viewer"])
    client.post("/account", {"theme": "dark", "shortcuts": "on"})
    assert 'data-theme="dark"' in text(client.get("/account"))


# ---------------------------------------------------------------- rights


@pytest.mark.parametrize(
    "path",
    ["/licensees/add", "/licensees/meridian-labs/fact", "/look-up/record"],
)
def test_a_viewer_is_refused_in_words_and_it_is_logged(as_: Any, people: Any, path: str) -> None:
    response = as_(people["viewer"]).get(path)
    assert response.status_code == 403
    assert "This needs the role" in text(response)
    assert AuditEvent.objects.filter(kind="access.refused", actor_id="viewer").exists()


def test_the_policy_of_the_page_allows_no_inline_script(as_: Any, people: Any) -> None:
    response = as_(people["viewer"]).get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "style=" not in text(response)
    assert "<script>" not in text(response)


# ---------------------------------------------------------------- look up


def test_an_answer_says_why_and_why_not_and_is_no_decision(as_: Any, cast: Any) -> None:
    before = Decision.objects.count()
    query = {"q": cast.caribe.ref, "model": "frontier-5", "activity": "use_api"}
    page = text(as_(cast.vera).get("/look-up", query))
    assert "All other rules, and why they did not decide" in page
    assert "EMBARGO" in page
    assert Decision.objects.count() == before
    assert AuditEvent.objects.filter(kind="decision.what_if", actor_id="vera").count() == 1


def test_a_missing_fact_is_named_and_never_permits(as_: Any, cast: Any) -> None:
    query = {"q": cast.unknown.ref, "model": "frontier-5", "activity": "download_weights"}
    page = text(as_(cast.vera).get("/look-up", query))
    assert "verdict allow" not in page
    assert "headquarters country" in page


def test_an_unknown_name_offers_to_add_it(as_: Any, cast: Any) -> None:
    page = text(as_(cast.olivia).get("/look-up", {"q": "Nobody & Sons"}))
    assert "No such licensee" in page
    assert "Nobody%20%26%20Sons" in page


def test_a_mistyped_country_is_said_next_to_its_field(as_: Any, cast: Any) -> None:
    query = {"q": cast.meridian.ref, "model": "frontier-5", "nationalities": "Germany"}
    response = as_(cast.vera).get("/look-up", query)
    assert response.status_code == 422
    assert "is no country code" in text(response)
    assert 'value="Germany"' in text(response)


def test_recording_makes_a_decision(as_: Any, cast: Any) -> None:
    given = {"q": cast.meridian.ref, "model": "frontier-5", "activity": "use_api"}
    response = as_(cast.olivia).post("/look-up/record", given)
    made = Decision.objects.get()
    assert response.url == reverse("dashboard:decision", args=[made.decision_id])
    page = text(as_(cast.olivia).get(response.url))
    assert "Same verdict" in page


@pytest.mark.parametrize(
    ("outcome", "missing", "said"),
    [
        ("permit", [], "every rule comes to the same result"),
        ("undetermined", ["user.us_person"], "nothing is permitted on either alone"),
        ("deny", [], "No rule takes either for certain"),
    ],
)
def test_a_conflict_is_said_to_do_no_more_than_it_did(
    outcome: str, missing: Any, said: str
) -> None:
    answer = {"outcome": outcome, "undetermined": [{"missing": missing}]}
    sentence = explanations.conflict("user.us_person", answer)
    assert said in sentence
    assert ("nothing is permitted" in sentence) == bool(missing)


# ---------------------------------------------------------------- licensees


def test_a_filter_is_in_the_address_and_can_be_removed(as_: Any, cast: Any) -> None:
    page = text(as_(cast.vera).get("/licensees?standing=deny&q=delta-compute"))
    assert "Delta Compute FZE" in page
    assert 'href="/licensees?q=delta-compute"' in page
    assert 'href="/licensees?standing=deny"' in page


def test_a_licensee_shows_facts_with_their_source(as_: Any, cast: Any) -> None:
    page = text(as_(cast.vera).get("/licensees/delta-compute"))
    for words in ("United Arab Emirates (AE)", "demo", "Declared complete", "Denied"):
        assert words in page


def test_adding_a_licensee(as_: Any, cast: Any) -> None:
    given = {"name": "New Lab Ltd", "ref": "new-lab", "country": "GB", "source": "Contract, 1 Nov"}
    response = as_(cast.olivia).post("/licensees/add", given)
    assert response.url == "/licensees/new-lab"
    added = Licensee.objects.get(ref="new-lab")
    assert (added.country, added.hq_country) == ("GB", "")


def test_a_reference_that_is_taken_is_said_at_its_field(as_: Any, cast: Any) -> None:
    given = {"name": "Another", "ref": "meridian-labs", "source": "Contract"}
    response = as_(cast.olivia).post("/licensees/add", given)
    assert response.status_code == 422
    assert "There is already a licensee" in text(response)
    assert 'value="Another"' in text(response)


def test_a_fact_that_loosens_waits_for_a_second_person(as_: Any, cast: Any) -> None:
    licensee = Licensee.objects.get(ref="jade-harbor")
    given = {
        "attribute": "licensee.ultimate_parent_country",
        "value": "Singapore",
        "source": "Register extract",
        "version": licensee.version,
    }
    response = as_(cast.olivia).post("/licensees/jade-harbor/fact", given)
    assert response.status_code == 302, text(response)
    row = Fact.objects.get(licensee=licensee, waits=True, superseded_at=None)
    address = f"/licensees/jade-harbor/fact/{row.pk}/confirm"
    assert as_(cast.olivia).post(address).status_code in (403, 409), "not the same person"
    assert as_(cast.omar).post(address).status_code == 302
    licensee.refresh_from_db()
    assert licensee.ultimate_parent_country == "SG"


def test_a_stale_edit_changes_nothing(as_: Any, cast: Any) -> None:
    given = {"attribute": "licensee.hq_country", "value": "CN", "source": "x", "version": 999}
    response = as_(cast.olivia).post("/licensees/meridian-labs/fact", given)
    assert response.status_code == 422
    assert "Somebody else changed this licensee" in text(response)


def test_a_value_that_is_none_is_said_at_its_field(as_: Any, cast: Any) -> None:
    given = {"attribute": "licensee.hq_country", "value": "Narnia", "source": "x", "version": 1}
    response = as_(cast.olivia).post("/licensees/meridian-labs/fact", given)
    assert "Narnia is no country" in text(response)


def test_one_officer_holds_and_two_release_without_a_script(as_: Any, cast: Any) -> None:
    row = Entitlement.objects.filter(licensee=cast.meridian).first()
    base = "/licensees/meridian-labs"
    assert "Reason" in text(as_(cast.olivia).post(f"{base}/hold/{row.pk}", {"because": ""}))
    as_(cast.olivia).post(f"{base}/hold/{row.pk}", {"because": "Odd traffic"})
    held = Hold.objects.get(entitlement=row, cause="officer")
    as_(cast.olivia).post(f"{base}/ask-release/{held.pk}", {"because": "Explained"})
    response = as_(cast.olivia).post(f"{base}/release/{held.pk}", {"because": "Explained"})
    assert "a second person has to agree" in text(response)
    as_(cast.omar).post(f"{base}/release/{held.pk}", {"because": "I agree"})
    held.refresh_from_db()
    assert held.released_by == cast.omar


# ---------------------------------------------------------------- search


def test_a_pasted_id_goes_straight_there(as_: Any, cast: Any) -> None:
    made = cast.ask(cast.meridian, NOW)
    client = as_(cast.vera)
    assert client.get("/search", {"q": made.decision_id}).url == f"/decisions/{made.decision_id}"
    assert client.get("/search", {"q": "frontier-5"}).url == "/models/frontier-5"
    assert "Meridian Labs Inc." in text(client.get("/search", {"q": "meridian"}))


@pytest.mark.parametrize("bad", ["\0", "'", "<script>alert(1)</script>", "%", "a" * 5000])
def test_odd_searches_break_nothing(as_: Any, people: Any, bad: str) -> None:
    for path in ("/search", "/licensees", "/audit", "/look-up", "/models"):
        response = as_(people["viewer"]).get(path, {"q": bad, "after": bad})
        assert response.status_code in (200, 422)
        assert "<script>alert" not in text(response)


# ---------------------------------------------------------------- decisions, log


def test_decisions_by_outcome(as_: Any, cast: Any) -> None:
    cast.ask(cast.meridian, NOW)
    cast.ask(cast.captured, NOW)
    page = as_(cast.audrey).get("/decisions?outcome=deny")
    assert [one.licensee_ref for one in page.context["page"]] == ["delta-compute"]


def test_an_unknown_decision_is_not_found(as_: Any, people: Any) -> None:
    assert as_(people["viewer"]).get("/decisions/nothing").status_code == 404


def test_the_log_is_searched_by_qualifiers(as_: Any, people: Any) -> None:
    officer = people["officer"]
    audit.record("order.entered", "A-1", by=officer, at=NOW, because="By courier")
    audit.record("rule.drafted", "R-1", by=people["approver"], at=NOW)
    audit.record("rule.drafted", "R-0", by=officer, at=NOW - timedelta(days=90))
    client = as_(people["auditor"])

    def found(query: str) -> list[str]:
        return [one.subject_id for one in client.get("/audit", {"q": query}).context["events"]]

    assert found("actor:officer") == ["A-1"], "the last thirty days unless told"
    assert found("action:rule.* -actor:officer") == ["R-1"]
    assert found("courier") == ["A-1"]
    assert found(f"action:rule.* after:{NOW - timedelta(days=100):%Y-%m-%d}") == ["R-0", "R-1"]
    assert "is no qualifier" in text(client.get("/audit", {"q": "colour:red"}))
    assert "is no date" in text(client.get("/audit", {"q": "after:yesterday"}))


def test_the_tabs_of_the_audit_log_lead_somewhere(as_: Any, cast: Any) -> None:
    page = text(as_(cast.olivia).get("/audit?tab=policy"))
    assert 'href="?tab=policy" aria-current="page"' in page
    assert 'href="?tab=all"' in page


def test_the_export_holds_the_exact_bytes_and_is_an_event_itself(as_: Any, people: Any) -> None:
    audit.record("order.entered", "=1+1", by=people["officer"], at=NOW, because="=HYPERLINK()")
    client = as_(people["auditor"])
    response = client.post("/audit/export", {"format": "jsonl", "q": "", "tab": "all"})
    lines = b"".join(response.streaming_content).decode().splitlines()
    stored = list(AuditEvent.objects.order_by("id").values_list("payload", flat=True))
    assert lines == stored[:-1]
    assert json.loads(stored[-1])["kind"] == "audit.exported", "it comes after what it took away"
    response = client.post("/audit/export", {"format": "csv", "q": "action:order.*", "tab": "all"})
    rows = b"".join(response.streaming_content).decode()
    assert "'=HYPERLINK()" in rows, "a spreadsheet must not run it"
    assert "audit.exported" not in rows


def test_a_viewer_cannot_export(as_: Any, people: Any) -> None:
    assert as_(people["viewer"]).post("/audit/export").status_code == 403


def test_the_search_reads_quotes_and_minus() -> None:
    search = qualifiers.read('actor:"j. brandt" -action:access.* letter', now=NOW)
    assert search.since is not None
    assert not search.problems


def test_only_an_administrator_revokes_a_token(as_: Any, cast: Any) -> None:
    address = f"/people/tokens/{cast.token.key_id}/revoke"
    assert as_(cast.olivia).post(address).status_code == 403
    assert as_(cast.adam).post(address).status_code == 302
    cast.token.refresh_from_db()
    assert cast.token.revoked_at is not None


def test_error_pages_speak(client: Client, people: Any) -> None:
    assert "There is no such page" in text(client.get("/nothing-here"))
