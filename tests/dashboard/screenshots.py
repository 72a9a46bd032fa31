"""Pictures of every screen in light, dark and at phone width: python -m tests.dashboard.screenshots [name …]

Starts servers of its own on a throw-away folder, builds the stage, and writes
<screen>-{light,dark,390}.png to .local/screenshots, which git ignores. A picture that README or a
document shows is copied to docs/pictures as well.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.documents import PICTURES, ROOT, pictures_shown

SCREENSHOTS = ROOT / ".local" / "screenshots"
TALLEST = 2400


def main(names: list[str]) -> None:
    with _product() as (address, staged):
        from tests.dashboard.browser import LOOKS, Visitor, browser
        from tests.dashboard.screens import SCREENS
        from tests.worlds.stage import PASSWORD

        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        wanted = [screen for screen in SCREENS if not names or screen.name in names]
        with browser() as started:
            for look in LOOKS:
                visitor = Visitor(started, address, look, PASSWORD)
                for screen in wanted:
                    _take(visitor, screen, staged, look)


def _take(visitor: Any, screen: Any, staged: Any, look: str) -> None:
    page, _ = visitor.open(screen, staged)
    width = page.viewport_size["width"]
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(844, min(height, TALLEST))})
    taken = SCREENSHOTS / f"{screen.name}-{look}.png"
    page.screenshot(path=str(taken))
    if PICTURES / taken.name in pictures_shown():
        PICTURES.mkdir(exist_ok=True)
        shutil.copyfile(taken, PICTURES / taken.name)
    page.set_viewport_size({"width": width, "height": 844 if width < 500 else 900})
    sys.stdout.write(f"{screen.name}-{look}\n")


@contextmanager
def _product() -> Iterator[tuple[str, Any]]:
    """The product with the stage, on servers that end with the block."""
    from project import embedded

    state = Path(tempfile.mkdtemp(prefix="eg-pictures-"))
    os.environ["STATE_DIR"] = str(state)
    servers = embedded.Servers(state, database=True, broker=True, durable=False)
    servers.start()
    try:
        os.environ["DATABASE_URL"] = embedded.database_url(state)
        os.environ["CELERY_BROKER_URL"] = embedded.broker_url(state)
        os.environ["EG_HTTPS"] = "false"
        os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
        with _serve() as serving:
            yield serving
    finally:
        servers.stop()
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def _serve() -> Iterator[tuple[str, Any]]:
    import django

    django.setup()
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.db import connections
    from django.test.testcases import LiveServerThread

    from tests.worlds import stage

    call_command("migrate", verbosity=0)
    staged = stage.build()
    server = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    yield f"http://127.0.0.1:{server.port}", staged
    server.terminate()
    connections.close_all()


if __name__ == "__main__":
    main(sys.argv[1:])
