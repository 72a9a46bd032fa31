"""A confidential order: its effect is visible to everybody, its text and its rules' by right only."""

import pytest
from django.urls import reverse

from accesscontrol.models import AuditEvent, RuleVersion
from tests.worlds.officers import letter, person, sign_in, submitted

pytestmark = pytest.mark.django_db(databases=["default", "audit"])

SECRET = b"No headquarters in China"


@pytest.fixture
def version() -> RuleVersion:
    letter(confidential=True)
    return submitted(person("olivia", "officer"))


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_who_lacks_the_right_reads_no_title_condition_or_citation(client, version, role) -> None:
    sign_in(client, "vera", role)
    rules = client.get(reverse("dashboard:rules"))
    assert b"Restricted by an order in force." in rules.content
    assert SECRET not in rules.content
    for name, of in (("rule", version.rule.ref), ("approval", version.pk)):
        answer = client.get(reverse(f"dashboard:{name}", args=[of]))
        assert answer.status_code == 403
        assert SECRET not in answer.content
    assert SECRET not in client.get(reverse("dashboard:approvals") + "?whose=all").content
    assert AuditEvent.objects.filter(kind="access.refused", actor_id="vera").count() == 2


def test_the_page_of_the_order_does_not_give_its_rules_away(client, version) -> None:
    sign_in(client, "vera", "viewer")
    page = client.get(reverse("dashboard:order", args=[version.rule.order.reference]))
    assert page.status_code == 200
    assert version.rule.ref.encode() in page.content
    assert SECRET not in page.content
    sign_in(client, "audrey", "auditor")
    page = client.get(reverse("dashboard:order", args=[version.rule.order.reference]))
    assert SECRET in page.content


def test_a_search_by_title_does_not_give_it_away(client, version) -> None:
    sign_in(client, "vera", "viewer")
    found = client.get(reverse("dashboard:rules") + "?q=headquarters")
    assert version.rule.ref.encode() + b"</a>" not in found.content


@pytest.mark.parametrize("asked", ["Frontier", "headquarters", "L-"])
def test_the_search_over_everything_gives_neither_subject_nor_title_away(
    client, version, asked
) -> None:
    sign_in(client, "vera", "viewer")
    found = client.get(reverse("dashboard:search") + f"?q={asked}").content
    assert b"Frontier models" not in found
    assert (version.rule.order.reference.encode() + b"</" in found) is (asked == "L-")
    assert reverse("dashboard:rule", args=[version.rule.ref]).encode() not in found
    sign_in(client, "audrey", "auditor")
    assert b"L-1" in client.get(reverse("dashboard:search") + "?q=Frontier").content


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_the_overview_does_not_name_what_waits(client, version, role) -> None:
    sign_in(client, "vera", role)
    assert SECRET not in client.get(reverse("dashboard:overview")).content
    sign_in(client, "priya", "approver")
    assert SECRET in client.get(reverse("dashboard:overview")).content


@pytest.mark.parametrize("role", ["auditor", "officer", "approver"])
def test_who_has_the_right_reads_it(client, version, role) -> None:
    sign_in(client, "audrey", role)
    assert SECRET in client.get(reverse("dashboard:rules")).content
    assert client.get(reverse("dashboard:rule", args=[version.rule.ref])).status_code == 200
    assert client.get(reverse("dashboard:approval", args=[version.pk])).status_code == 200
