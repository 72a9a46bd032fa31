"""Every screen in light, dark and at phone width: accessible, silent, nothing scrolls sideways."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.dashboard.browser import LOOKS, Visitor
from tests.dashboard.screens import SCREENS, Screen
from tests.worlds import stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module", params=LOOKS)
def visitor(request: pytest.FixtureRequest, chromium: Any, address: str) -> Visitor:
    return Visitor(chromium, address, request.param, stage.PASSWORD)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen(visitor: Visitor, screen: Screen, staged: stage.Stage) -> None:
    page, status = visitor.open(screen, staged)
    assert status == screen.status
    assert visitor.console(status) == []
    assert _sideways(page) <= 0, "the page scrolls sideways"
    assert _findings(page) == []
    headings = page.locator("h1").count()
    assert headings == 1, "a page has one h1"


def _sideways(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def _findings(page: Any) -> list[str]:
    """axe's findings, each with its first place."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} at {one['nodes'][0]['html'][:200]}" for one in found]
