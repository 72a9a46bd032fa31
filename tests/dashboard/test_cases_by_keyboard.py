"""The review queue by keyboard, in a real browser, on the stage's own database."""

import re
from typing import Any

import pytest
from django.db import connections

from accesscontrol.models import Case, User
from tests.worlds import stage


def crowd_the_queue(more: int) -> None:
    """The stage's queue and as many reviews again, so that there are twenty to decide."""
    like = Case.objects.filter(kind="review").first()
    assert like is not None
    for number in range(more):
        like.pk, like.subject = None, f"MORE-{number} v1"
        like.save(force_insert=True)
    connections.close_all()  # the browser's loop has connections of its own


@pytest.mark.browser
@pytest.mark.slow
def test_twenty_items_by_keyboard_alone(chromium: Any, address: str, staged: Any) -> None:
    """Focus, keys and Ctrl+Enter, never a click; and no key acts while somebody types."""
    from tests.dashboard.browser import sign_in as sign_in_by_form

    crowd_the_queue(14)
    page = chromium.new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    sign_in_by_form(page, address, "olivia", stage.PASSWORD)
    page.goto(f"{address}/cases?whose=all")
    before = int(page.locator(".head p").inner_text().split()[0])
    page.keyboard.press("j")
    page.wait_for_url("**/cases/*")
    page.keyboard.press("a")
    page.wait_for_selector("text=Give it back")
    for number in range(20):
        keep = re.compile("Keep refused|The same party")
        refuse = page.locator("#decide button", has_text=keep).get_attribute("data-key")
        page.keyboard.press(refuse)
        page.keyboard.type(f"just keeping neat as number {number}")
        assert page.locator("textarea[name=because]").input_value().startswith("just keeping neat")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
    assert int(page.locator(".head p").inner_text().split()[0]) == before - 20
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert [text for text in said if "favicon" not in text] == []


@pytest.mark.browser
@pytest.mark.slow
def test_keys_that_are_switched_off_do_nothing(chromium: Any, address: str, staged: Any) -> None:
    from tests.dashboard.browser import sign_in as sign_in_by_form

    User.objects.filter(username="omar").update(shortcuts=False)
    connections.close_all()  # the browser's loop has connections of its own
    page = chromium.new_context().new_page()
    sign_in_by_form(page, address, "omar", stage.PASSWORD)
    page.goto(f"{address}/cases?whose=all")
    here = page.url
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.wait_for_timeout(300)
    assert page.url == here
