"""The impact preview's page: what it shows in each state, its filters, and the gate to submission."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accesscontrol import orders
from accesscontrol.models import AuditEvent, Licensee, Preview, RuleVersion, User
from accesscontrol.screening.preview import lifecycle as screening
from accesscontrol.screening.register import current_facts
from tests.worlds import register as world
from tests.worlds.officers import NOW, content, drafted, letter, person, sign_in

pytestmark = pytest.mark.django_db
BEFORE = NOW - timedelta(days=3)


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


@pytest.fixture
def register(db) -> None:
    """One headquartered in China, one in the US, one nobody knows; nothing is forbidden yet."""
    world.model(at=BEFORE)
    world.customer("acme", BEFORE, country="DE", hq_country="CN")
    world.customer("bolt", BEFORE, country="US", hq_country="US")
    world.customer("cove", BEFORE, country="FR")
    world.publish(at=BEFORE)


@pytest.fixture
def version(olivia, register) -> RuleVersion:
    return drafted(olivia, ref="R/1")


def at(name: str = "preview", ref: str = "R/1") -> str:
    return reverse(f"dashboard:{name}", args=[ref])


def calculated(version: RuleVersion) -> Preview:
    return orders.preview_now(version=version, by=person("olivia", "officer"), at=NOW)


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def names(response: Any) -> list[str]:
    return [row.affected.licensee.ref for row in response.context["rows"]]


# ---------------------------------------------------------------- states


def test_before_anybody_looked_it_offers_to_calculate_and_says_what_that_does(
    client, version
) -> None:
    page = words(client.get(at()))
    assert "Nobody has looked yet" in page
    assert "judges 3 licensees twice" in page
    assert "Calculate the impact" in page
    assert "Submit for approval" not in page


def test_before_the_first_release_it_compares_with_nothing_restricted(client, olivia) -> None:
    calculated(drafted(olivia, ref="R/1"))
    assert "against no release: nothing is restricted yet" in words(client.get(at()))


def test_calculating_polls_until_it_is_complete(client, version) -> None:
    client.post(at("preview-calculate"))
    page = words(client.get(at()))
    assert 'hx-trigger="every 2s"' in page
    assert "<noscript>" in page
    assert "so far 0 of 3" in page
    assert "disabled>Submit for approval" in page
    assert client.get(at("preview-live")).status_code == 200
    while screening.work(at=NOW):
        pass
    live = client.get(at("preview-live"))
    assert live.status_code == 286
    assert b"<html" not in live.content
    assert "3 of 3 evaluated" in words(live)
    assert "every 2s" not in words(client.get(at()))


def test_a_calculation_that_no_worker_begins_says_so(client, version) -> None:
    orders.preview(version=version, by=version.created_by, at=NOW - timedelta(hours=1))
    assert "No worker has begun it" in words(client.get(at()))


def test_the_six_groups_add_up_and_name_who_changes_and_why(client, version) -> None:
    calculated(version)
    page = client.get(at())
    counts = {tile["group"]: tile["count"] for tile in page.context["tiles"]}
    assert counts == {"lose_access": 1, "to_review": 0, "cant_decide": 1, "per_request": 0,
                      "regain_access": 0, "no_change": 1}  # fmt: skip
    text = words(page)
    assert "1 + 0 + 1 + 0 + 0 + 1 = 3 licensees" in text
    assert "1 loses access, 1 can't be decided." in text.replace("&#x27;", "'")
    assert names(page) == ["acme", "cove"]
    lost, open_ = page.context["rows"]
    assert (lost.before, lost.after, lost.is_this) == ("permit", "deny", True)
    assert lost.why == "The licensee is headquartered in China."
    assert open_.why == "Missing: licensee's headquarters country"
    assert "against release 1" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"group": "lose_access"}, ["acme"]),
        ({"group": "cant_decide"}, ["cove"]),
        ({"group": "cant_decide", "missing": "licensee.hq_country"}, ["cove"]),
        ({"group": "to_review"}, []),
        ({"country": "DE"}, ["acme"]),
        ({"country": "DE", "group": "cant_decide"}, []),
        ({"group": "nonsense", "country": "ZZ", "missing": "x'y"}, ["acme", "cove"]),
    ],
)
def test_tiles_countries_and_facts_filter_by_their_links(client, version, query, found) -> None:
    calculated(version)
    assert names(client.get(at(), query)) == found


def test_each_tile_leads_to_its_list_and_the_chosen_one_back_to_all(client, version) -> None:
    calculated(version)
    for tile in client.get(at()).context["tiles"]:
        page = client.get(at() + tile["query"])
        (chosen,) = [each for each in page.context["tiles"] if each["current"]]
        assert chosen["group"] == tile["group"]
        again = client.get(at() + chosen["query"])
        assert not any(each["current"] for each in again.context["tiles"])
    assert "keep what they have today" in words(client.get(at(), {"group": "no_change"})).replace(
        "keeps", "keep"
    )


def test_facts_to_ask_for_lead_to_the_licensees_they_would_help(client, version) -> None:
    calculated(version)
    page = client.get(at())
    (fact,) = page.context["missing"]
    assert fact["helps"] == "1 licensee"
    assert names(client.get(at() + fact["query"])) == ["cove"]
    assert "Licensee&#x27;s headquarters country" in words(page)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"is": ["licensee.hq_country", "AQ"]}, "1 can't be decided"),
        ({"is": ["model.id", "frontier-6"]}, "The rule matches no licensee"),
    ],
)
def test_a_zero_always_says_what_the_rule_matches(client, olivia, register, when, said) -> None:
    calculated(drafted(olivia, ref="R/1", when=when))
    page = words(client.get(at())).replace("&#x27;", "'")
    assert said in page
    assert ("The register holds no model “frontier-6”" in page) == ("model.id" in str(when))


def test_who_is_denied_already_is_said_to_be(client, olivia, register) -> None:
    first = drafted(olivia, ref="R-0", when={"is": ["licensee.country", "DE"]},
                    effective_from=f"{NOW - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}")  # fmt: skip
    published(first)
    calculated(drafted(olivia, ref="R/1", when={"is": ["licensee.country", "DE"]}))
    page = words(client.get(at()))
    assert "No licensee changes" in page
    assert "The rule matches 1 licensee, all already denied." in page


# ---------------------------------------------------------------- out of date


def test_an_edit_puts_it_out_of_date_and_nothing_is_submitted_with_it(client, version) -> None:
    calculated(version)
    orders.edit(version=version, content=content(title="Another"), by=version.created_by, at=NOW)
    page = words(client.get(at()))
    assert "Out of date" in page
    assert "The rule was edited after this preview." in page
    assert "disabled>Recalculate before submitting" in page
    refused = client.post(at("preview-submit"), {"because": "Ready"})
    assert refused.status_code == 422
    assert "The rule was edited after this preview." in words(refused)
    assert RuleVersion.objects.get().state == "draft"
    calculated(RuleVersion.objects.get())
    assert "Out of date" not in words(client.get(at()))


def test_a_newer_release_puts_it_out_of_date_and_says_which(client, version) -> None:
    calculated(version)
    world.publish(at=NOW)
    page = words(client.get(at()))
    assert "compares with release 1; release 2 is in force now" in page
    assert client.post(at("preview-submit"), {"because": "Ready"}).status_code == 422


def test_an_up_to_date_preview_is_submitted_with_a_reason(client, version) -> None:
    preview = calculated(version)
    assert client.post(at("preview-submit"), {"because": " "}).status_code == 422
    done = client.post(at("preview-submit"), {"because": "The letter asks for it"})
    assert done.url == reverse("dashboard:approval", args=[version.pk])
    version.refresh_from_db()
    assert (version.state, version.submitted_preview_id) == ("submitted", preview.pk)


# ---------------------------------------------------------------- acts and rights


def test_cancelling_says_that_nothing_changed_and_offers_to_calculate_again(
    client, version
) -> None:
    client.post(at("preview-calculate"))
    preview = Preview.objects.get()
    page = client.post(at("preview-cancel"), {"preview": preview.pk}, follow=True)
    assert "Nothing was changed by it" in words(page)
    assert "Recalculate before submitting" in words(page)
    assert Preview.objects.get().state == "cancelled"
    assert client.post(at("preview-cancel"), {"preview": preview.pk}).status_code == 409


def test_a_failed_calculation_says_why_and_offers_another(client, version) -> None:
    client.post(at("preview-calculate"))
    Preview.objects.update(state="failed", problem="The judge broke on acme.")
    page = words(client.get(at()))
    assert "The calculation stopped after 0 of 3 licensees" in page
    assert "The judge broke on acme." in page
    assert "Recalculate</button>" in page


def test_the_export_has_every_row_of_the_filter_and_is_logged(client, version) -> None:
    preview = calculated(version)
    found = client.post(at("preview-csv"), {"preview": preview.pk, "group": "cant_decide"})
    text = b"".join(found.streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["licensee"], row["before"], row["after"]) == ("cove", "permit", "undetermined")
    assert row["why"] == "Missing: licensee's headquarters country"
    assert AuditEvent.objects.filter(kind="rule.impact_exported").count() == 1


def test_a_viewer_looks_and_changes_nothing(client, version) -> None:
    preview = calculated(version)
    sign_in(client, "victor", "viewer")
    page = words(client.get(at()))
    assert "Submit for approval" not in page
    assert "Recalculate" not in page
    for name, said in (("calculate", {}), ("cancel", {"preview": preview.pk}),
                       ("submit", {"because": "x"}), ("csv", {"preview": preview.pk})):  # fmt: skip
        assert client.post(at(f"preview-{name}"), said).status_code == 403
    assert RuleVersion.objects.get().state == "draft"


def test_a_confidential_rule_is_previewed_by_right_only(client, olivia, register) -> None:
    letter(confidential=True)
    calculated(drafted(olivia, ref="R/1"))
    sign_in(client, "victor", "viewer")
    for name in ("preview", "preview-live"):
        assert client.get(at(name)).status_code == 403


def test_a_rule_without_an_open_version_has_no_preview(client, version) -> None:
    orders.withdraw(version=version, by=version.created_by, at=NOW, because="No")
    assert client.get(at()).status_code == 404
    assert client.get(at(), {"preview": "99999999999999"}).status_code == 404
    other = drafted(version.created_by, ref="R-2")
    stored = calculated(other)
    assert client.get(at(), {"preview": stored.pk}).status_code == 404


def test_no_query_grows_with_the_licensees(client, version, django_assert_max_num_queries) -> None:
    calculated(version)
    with django_assert_max_num_queries(60) as few:
        client.get(at())
    for number in range(8):
        world.customer(f"more-{number}", BEFORE, country="DE", hq_country="CN")
    calculated(version)
    with django_assert_max_num_queries(len(few)):
        assert len(names(client.get(at()))) == 10


# ---------------------------------------------------------------- where else it shows


def test_the_rule_and_the_list_say_how_far_the_preview_is(client, version) -> None:
    rule, rules = reverse("dashboard:rule", args=["R/1"]), reverse("dashboard:rules")
    for said in ("No impact preview", "Impact up to date"):
        for address in (rule, rules):
            page = words(client.get(address))
            assert said in page
            assert f'href="{at()}"' in page
        calculated(version)
    orders.edit(version=version, content=content(title="Another"), by=version.created_by, at=NOW)
    for address in (rule, rules):
        assert "Impact out of date" in words(client.get(address))


def test_the_change_against_the_version_in_force_is_marked(client, olivia, register) -> None:
    begun = f"{NOW - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"
    published(drafted(olivia, ref="R/1", effective_from=begun))
    orders.draft(
        ref="R/1", content=content(when={"all": [{"is": ["licensee.hq_country", "RU"]}]}),
        by=olivia, at=NOW, because="The other country",
    )  # fmt: skip
    text = words(client.get(at()))
    assert "<del>China," in text
    assert "<ins>Russia," in text
    assert "against version 1 in force" in text


def published(version: RuleVersion) -> None:
    calculated(version)
    orders.submit(version=version, by=version.created_by, at=NOW, because="Ready")
    orders.approve(version=version, by=person("alice", "approver"), at=NOW)
    orders.publish(version=version, by=version.created_by, at=NOW, because="Now")


# ---------------------------------------------------------------- at approval


@pytest.fixture
def waiting(version) -> RuleVersion:
    calculated(version)
    return orders.submit(version=version, by=version.created_by, at=NOW, because="Ready")


def approval(version: RuleVersion, verb: str = "") -> str:
    return reverse(f"dashboard:approval{verb}", args=[version.pk])


def test_the_approver_sees_the_impact_as_it_was_submitted(client, waiting) -> None:
    sign_in(client, "alice", "approver")
    page = client.get(approval(waiting))
    assert "Impact as submitted" in words(page)
    assert "3 of 3 evaluated" in words(page)
    assert page.context["differs"] is None
    lost = page.context["stored"]["tiles"][0]
    assert lost["count"] == 1
    assert names(client.get(at() + lost["query"])) == ["acme"]


def test_an_approval_shows_who_came_went_and_moved_and_takes_a_confirmation_that_names_it(
    client, waiting
) -> None:
    learned = {each.ref: each for each in Licensee.objects.all()}
    world.learn(learned["acme"], "licensee.hq_country", "US", NOW)
    world.learn(learned["bolt"], "licensee.hq_country", "CN", NOW)
    world.learn(learned["cove"], "licensee.hq_country", "CN", NOW)
    refresh(*learned.values())
    sign_in(client, "alice", "approver")
    page = client.post(approval(waiting, "-approve"))
    assert page.status_code == 422
    assert RuleVersion.objects.get().state == "submitted"
    differs = page.context["differs"]
    kinds = {
        one["licensee"].ref: (one["kind"], one["was"], one["now"]) for one in differs["licensees"]
    }
    assert kinds == {
        "acme": ("removed", "Lose access", "No change"),
        "bolt": ("added", "No change", "Lose access"),
        "cove": ("moved", "Can't decide", "Lose access"),
    }
    assert "The impact is not what was submitted" in words(page)
    assert "Approve as it is now: 2 lose access" in words(page)
    again = client.get(approval(waiting))  # a page that is loaded again shows the same
    assert again.context["differs"]["preview"] == differs["preview"]
    client.post(approval(waiting, "-approve"), {"confirmed": differs["preview"].pk})
    approved = RuleVersion.objects.get()
    assert approved.state == "approved"
    assert approved.approved_preview.lose_access == 2
    assert "Impact as approved" in words(client.get(approval(waiting)))


def test_the_end_of_a_rule_is_shown_with_what_it_frees(client, olivia, register) -> None:
    begun = f"{NOW - timedelta(hours=5):%Y-%m-%dT%H:%M:%SZ}"
    first = drafted(olivia, ref="R/1", effective_from=begun)
    published(first)
    ending = orders.retire(
        rule=first.rule, by=olivia, at=NOW + timedelta(seconds=5), because="Over"
    )
    sign_in(client, "alice", "approver")
    page = words(client.get(approval(ending)))
    assert "2 regain access." in page
    assert "This ends R/1" in words(client.get(at()))


def refresh(*licensees: Licensee) -> None:
    """Bring what screening reads up to date, as the verb that edits a fact does."""
    current_facts.refresh([each.pk for each in licensees], at=NOW)
