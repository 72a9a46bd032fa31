"""The screens of approvals: who may, what changes, and each button's consequence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accesscontrol import orders
from accesscontrol.models import RuleVersion, ScreeningRun, User
from tests.worlds.officers import NOW, content, drafted, letter, person, sign_in, submit, submitted

pytestmark = pytest.mark.django_db
APPROVE, PUBLISH = "dashboard:approval-approve", "dashboard:approval-publish"


@pytest.fixture
def olivia(db) -> User:
    return person("olivia", "officer")


def act(client, verb: str, version: RuleVersion, **said):
    return client.post(reverse(f"dashboard:approval-{verb}", args=[version.pk]), said)


def test_nothing_waits_for_you(client) -> None:
    sign_in(client, "alice", "approver")
    text = client.get(reverse("dashboard:approvals")).content.decode()
    assert "Nothing waits for you" in text


def test_the_inbox_holds_what_others_submitted(client, olivia) -> None:
    submitted(olivia)
    sign_in(client, "alice", "approver")
    assert b"R-1" in client.get(reverse("dashboard:approvals")).content


def test_the_inbox_leaves_out_what_i_edited(client) -> None:
    alice = sign_in(client, "alice", "approver")
    submitted(alice)
    assert b"R-1 version" not in client.get(reverse("dashboard:approvals")).content
    assert b"R-1 version" in client.get(reverse("dashboard:approvals"), {"whose": "mine"}).content


def test_an_author_cannot_approve(client) -> None:
    alice = sign_in(client, "alice", "approver")
    version = submitted(alice)
    page = client.get(reverse("dashboard:approval", args=[version.pk]))
    assert "somebody else must approve it" in page.content.decode()
    assert reverse(APPROVE, args=[version.pk]) not in page.content.decode()
    refused = act(client, "approve", version, because="I like it")
    assert refused.status_code == 422
    assert "You edited R-1" in refused.content.decode()
    assert "I like it" in refused.content.decode()
    assert RuleVersion.objects.get().state == "submitted"


def test_who_edited_an_earlier_draft_cannot_approve_either(client, olivia) -> None:
    version = drafted(olivia)
    alice = sign_in(client, "alice", "approver")
    orders.edit(
        version=version, content=content(title="Hers"), by=alice, at=NOW - timedelta(hours=1)
    )
    submit(version=version, by=olivia, at=NOW, because="Ready")
    assert act(client, "approve", version).status_code == 422


@pytest.mark.parametrize("role", ["viewer", "auditor", "officer", "admin"])
def test_only_an_approver_approves(client, olivia, role) -> None:
    version = submitted(olivia)
    sign_in(client, role, role)
    page = act(client, "approve", version, because="Fine")
    assert page.status_code == 422
    assert "This needs the role approver" in page.content.decode()
    assert RuleVersion.objects.get().state == "submitted"


def test_the_button_names_the_consequence_and_publishing_is_its_own_step(client, olivia) -> None:
    version = submitted(olivia)
    sign_in(client, "alice", "approver")
    text = client.get(reverse("dashboard:approval", args=[version.pk])).content.decode()
    assert "Approve, to take effect" in text
    act(client, "approve", version)
    assert RuleVersion.objects.get().state == "approved"
    assert not ScreeningRun.objects.exists()
    text = client.get(reverse("dashboard:approval", args=[version.pk])).content.decode()
    assert "Publish and screen 0 licensees" in text
    act(client, "publish", version)
    assert RuleVersion.objects.get().state == "published"
    assert ScreeningRun.objects.count() == 1


def test_past_its_time_approving_asks_once_more(client, olivia) -> None:
    version = submitted(olivia, effective_from="2026-01-01T00:00:00Z")
    sign_in(client, "alice", "approver")
    page = act(client, "approve", version)
    assert page.status_code == 422
    assert "it takes effect at publication instead" in page.content.decode()
    act(client, "approve", version, late="on")
    assert RuleVersion.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("verb", "state"),
    [("request-changes", "draft"), ("reject", "rejected"), ("withdraw", "withdrawn")],
)
def test_other_decisions(client, olivia, verb, state) -> None:
    version = submitted(olivia)
    sign_in(client, "alice", "approver")
    act(client, verb, version, because="Name the model.")
    assert RuleVersion.objects.get().state == state
    text = client.get(reverse("dashboard:approval", args=[version.pk])).content.decode()
    assert "Name the model." in text


@pytest.mark.parametrize("verb", ["request-changes", "reject", "comment"])
def test_a_decision_without_a_reason_is_refused(client, olivia, verb) -> None:
    version = submitted(olivia)
    sign_in(client, "alice", "approver")
    page = act(client, verb, version, because=" ")
    assert page.status_code == 422
    assert "Say why" in page.content.decode()
    assert RuleVersion.objects.get().state == "submitted"


def test_a_comment_decides_nothing(client, olivia) -> None:
    version = submitted(olivia)
    sign_in(client, "victor", "viewer")
    act(client, "comment", version, because="Which clause?")
    assert RuleVersion.objects.get().state == "submitted"
    text = client.get(reverse("dashboard:approval", args=[version.pk])).content.decode()
    assert "Which clause?" in text


def test_the_page_shows_what_changes_against_what_is_in_force(client, olivia) -> None:
    alice = sign_in(client, "alice", "approver")
    first = submitted(olivia, effective_from="2026-01-01T00:00:00Z")
    orders.approve(version=first, by=alice, at=NOW - timedelta(minutes=30))
    orders.publish(version=first, by=olivia, at=NOW - timedelta(minutes=20))
    second = orders.draft(
        ref="R-1", content=content(when={"all": [{"is": ["licensee.hq_country", "RU"]}]}), by=olivia,
        at=NOW - timedelta(minutes=10), because="The other country",
    )  # fmt: skip
    submit(version=second, by=olivia, at=NOW - timedelta(minutes=9), because="Ready")
    text = client.get(reverse("dashboard:approval", args=[second.pk])).content.decode()
    assert "<del>the licensee is headquartered in China" in text
    assert "<ins>the licensee is headquartered in Russia" in text


def test_an_unapproved_draft_cannot_be_published(client, olivia) -> None:
    version = submitted(olivia)
    sign_in(client, "omar", "officer")
    page = act(client, "publish", version)
    assert page.status_code == 422
    assert "Only an approved version is published" in page.content.decode()
    assert not ScreeningRun.objects.exists()


def test_a_lift_waits_in_the_inbox(client, olivia) -> None:
    notice = orders.Notice(
        reference="L-1 lift", received_at=NOW - timedelta(hours=1), effective_at=NOW
    )
    orders.lift(order=letter(), notice=notice, by=olivia, at=NOW, because="Lifted")
    sign_in(client, "alice", "approver")
    assert b"Lift of L-1" in client.get(reverse("dashboard:approvals")).content
