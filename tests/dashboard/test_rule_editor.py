"""The rule editor in a real browser: a script makes it quicker, and the policy of scripts stays strict."""

from typing import Any

import pytest

from tests.dashboard import browser
from tests.worlds import stage


@pytest.mark.browser
@pytest.mark.slow
def test_with_a_script_choosing_a_fact_shows_its_tests_and_saves_nothing(
    chromium: Any, address: str, staged: Any
) -> None:
    page = chromium.new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    browser.sign_in(page, address, "olivia", stage.PASSWORD)
    page.goto(f"{address}/rules/new")
    page.fill("#id_title", "Typed before")
    page.select_option("#w-0-a", "licensee.hq_country")
    page.wait_for_selector("#w-0-o")
    page.fill("#w-0-v", "China")
    page.click("text=Read it back")
    page.wait_for_selector("text=If the licensee is headquartered in China")
    page.click("#w >> text=Add a group")
    page.wait_for_selector("#w-1-how")
    assert page.input_value("#id_title") == "Typed before"
    assert page.input_value("#w-0-v") in ("China", "CN")
    assert said == []
