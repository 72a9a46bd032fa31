"""Debian's chromium under Playwright, with a fresh profile, its console listened to."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}},
    "390": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "has_touch": True},
}


def executable() -> str | None:
    """The browser, or None where none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A browser process that ends with the block."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread; Django would take it for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            yield started
            started.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


def sign_in(page: Any, base: str, who: str, password: str) -> None:
    """By the form, as a person does."""
    page.goto(f"{base}/sign-in")
    page.fill("#id_username", who)
    page.fill("#id_password", password)
    page.click("text='Sign in' >> nth=-1")
    page.wait_for_url(f"{base}/")


class Visitor:
    """One look (light, dark, 390) of many people, each signed in once; remembers the console."""

    def __init__(self, browser: Any, base: str, look: str, password: str) -> None:
        self.browser, self.base, self.look, self.password = browser, base, look, password
        self.pages: dict[str, Any] = {}
        self.said: list[str] = []

    def page_of(self, who: str) -> Any:
        """The tab of a person ("" = nobody signed in)."""
        if who not in self.pages:
            context = self.browser.new_context(**LOOKS[self.look])
            page = context.new_page()
            page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
            if who:
                sign_in(page, self.base, who, self.password)
            self.pages[who] = page
        return self.pages[who]

    def open(self, screen: Any, stage: Any) -> tuple[Any, int]:
        """The page of a screen and its status."""
        page = self.page_of(screen.who)
        self.said.clear()
        response = page.goto(f"{self.base}{screen.at(stage)}")
        page.wait_for_load_state("networkidle")
        return page, response.status

    def console(self, status: int) -> list[str]:
        """What the browser complained of; its own line about a status that was meant is none."""
        own = f"the server responded with a status of {status}"
        return [line for line in self.said if status == 200 or own not in line]
