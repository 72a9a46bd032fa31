"""A fresh installation: every screen opens for every role and says what to do first."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accesscontrol.models import Licensee, User

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


@pytest.fixture
def people() -> dict[str, User]:
    return {
        role: User.objects.create_user(username=role, password=None, role=role)
        for role in ("viewer", "auditor", "officer", "approver", "admin")
    }


@pytest.fixture
def as_(client: Client) -> Any:
    def signed_in(user: User) -> Client:
        client.force_login(user)
        return client

    return signed_in


def text(response: Any) -> str:
    return response.content.decode()


def test_an_empty_installation_shows_the_first_steps(as_: Any, people: Any) -> None:
    page = text(as_(people["admin"]).get("/"))
    assert "To the first answer" in page
    assert "Nothing can be decided until a rule is published." in page


@pytest.mark.parametrize("path", ["/", "/licensees", "/models", "/decisions", "/audit", "/lists", "/people", "/look-up", "/search", "/account"])  # fmt: skip
def test_every_role_reads_every_screen_of_an_empty_installation(
    as_: Any, people: Any, path: str
) -> None:
    for user in people.values():
        assert as_(user).get(path).status_code == 200


def test_the_pages_of_a_list_show_each_row_once(as_: Any, people: Any) -> None:
    Licensee.objects.bulk_create(
        Licensee(
            ref=f"l{n}", name=f"Name {n % 7}", normalized_name="x", created_at=NOW, changed_at=NOW
        )
        for n in range(120)
    )
    client, address, seen = as_(people["viewer"]), "/licensees", []
    while address:
        response = client.get(address)
        page = response.context["page"]
        seen += [one.ref for one in page]
        last, address = address, page.next
    assert len(seen) == len(set(seen)) == 120
    back = client.get(client.get(last).context["page"].previous).context["page"]
    assert [one.ref for one in back] == seen[50:100]
