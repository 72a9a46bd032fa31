"""A database of its own with the stage on it, a server before it, and a browser, once a module."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections
from django.test import override_settings
from django.test.testcases import LiveServerThread

from tests.conftest import _administer, _drop, _migrated, _rename
from tests.dashboard import browser
from tests.worlds import stage


@contextmanager
def copied(django_db_blocker: Any, what: str) -> Iterator[str]:
    """A copy of the migrated database in its place while the block runs; yields its name."""
    template = _migrated(django_db_blocker)
    name = f"{template}_{what}_{os.getpid()}"
    with django_db_blocker.unblock():
        connections.close_all()
        _administer("CREATE DATABASE {} TEMPLATE {}", name, template)
        _rename(name)
        try:
            yield name
        finally:
            connections.close_all()
            _rename(template)
            _drop(name)


@pytest.fixture(scope="module")
def staged(django_db_setup: None, django_db_blocker: Any) -> Iterator[stage.Stage]:
    """The stage on a database of its own, for all tests of a module."""
    if browser.executable() is None:
        reason = "no chromium on this machine: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with copied(django_db_blocker, "screens"):
        yield stage.build()


@pytest.fixture(scope="module")
def address(staged: stage.Stage) -> Iterator[str]:
    """Where the staged product listens."""
    plain = {
        "SECURE_SSL_REDIRECT": False,
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
    }
    with override_settings(**plain):
        server = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        yield f"http://127.0.0.1:{server.port}"
        server.terminate()


@pytest.fixture(scope="module")
def chromium(address: str) -> Iterator[Any]:
    """The browser, ended before the server."""
    with browser.browser() as started:
        yield started
