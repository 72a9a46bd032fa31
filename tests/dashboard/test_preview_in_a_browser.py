"""The impact preview in a real browser: it moves by itself, by keys alone, and without a script."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from accesscontrol.screening.preview import lifecycle as screening
from tests.dashboard import browser
from tests.worlds import stage, stage_previews
from tests.worlds.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = f"/rules/{stage_previews.READY}/preview"
RUNNING = f"/rules/{stage_previews.RUNNING}/preview"


def work() -> None:
    """Do what a worker does, on connections of its own, beside the browser's loop."""

    def until_none_waits() -> None:
        while screening.work(at=datetime.now(UTC)):
            pass
        connections.close_all()

    thread = threading.Thread(target=until_none_waits)
    thread.start()
    thread.join()


def test_by_keys_alone_a_tile_filters_and_the_fact_to_ask_for_names_its_licensees(
    chromium: Any, address: str, staged: Stage
) -> None:
    page = chromium.new_context().new_page()
    browser.sign_in(page, address, "olivia", stage.PASSWORD)
    page.goto(f"{address}{READY}")
    everyone = page.locator("table.whom tbody tr").count()
    page.focus("#tile-lose_access")
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tile-cant_decide"
    page.keyboard.press("Enter")
    page.wait_for_selector("#tile-cant_decide[aria-current]")
    open_ = page.locator("table.whom tbody tr").count()
    assert 0 < open_ < everyone
    page.focus(".ask a")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ask a[aria-current]")
    assert page.locator("table.whom tbody tr").count() == open_


def test_without_a_script_everything_is_a_link_or_a_form(
    chromium: Any, address: str, staged: Stage
) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    browser.sign_in(page, address, "olivia", stage.PASSWORD)
    page.goto(f"{address}{READY}?group=lose_access")
    assert page.locator("#tile-lose_access[aria-current]").count() == 1
    page.goto(f"{address}/rules/{stage_previews.NONE}/preview")
    page.click("text=Calculate the impact")
    assert page.locator('text="Being calculated."').count() == 1
    assert page.locator("noscript a").is_visible()  # refresh it


def test_the_page_moves_by_itself_until_everyone_is_evaluated(
    chromium: Any, address: str, staged: Stage
) -> None:
    page = chromium.new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    browser.sign_in(page, address, "olivia", stage.PASSWORD)
    page.goto(f"{address}{RUNNING}")
    assert page.locator("text=Submit once everyone is evaluated").count() == 1
    work()
    page.wait_for_selector("text=Impact up to date", timeout=15_000)
    assert page.locator("button:text('Submit for approval')").is_enabled()
    step = page.locator("#steps [aria-current]")
    assert "Submit" in step.inner_text()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2_500)
    assert asked == []  # 286 ended the polling
    assert [line for line in said if "286" not in line] == []
