"""One real PostgreSQL and one real Valkey for a whole test session; a database for each worker."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from project import embedded

_running: list[tuple[embedded.Servers, Path]] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the controlling process; workers find them in the environment."""
    if not hasattr(config, "workerinput"):
        _start()
    _point_django_at_them()


def _start() -> None:
    database = not os.environ.get("DATABASE_URL")
    broker = not os.environ.get("CELERY_BROKER_URL")
    if not (database or broker):
        return
    state = Path(tempfile.mkdtemp(prefix="eg-tests-"))
    servers = embedded.Servers(state, database=database, broker=broker, durable=False)
    servers.start()
    _running.append((servers, state))
    if database:
        os.environ["DATABASE_URL"] = embedded.database_url(state)
    if broker:
        os.environ["CELERY_BROKER_URL"] = embedded.broker_url(state)


def _point_django_at_them() -> None:
    """pytest-django has read the settings by now, before the servers had an address."""
    from celery import current_app
    from django.conf import settings
    from django.db import connections

    from project import config as settings_of

    given = settings_of.database(os.environ["DATABASE_URL"])
    for alias in connections:
        connections[alias].settings_dict.update(given)
    settings.SECURE_SSL_REDIRECT = False  # a given database looks like production; tests speak http
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    current_app.conf.update(
        broker_url=os.environ["CELERY_BROKER_URL"],
        task_default_queue=f"eg-test-{worker}.work",
    )
    current_app.conf.broker_transport_options["global_keyprefix"] = f"eg-test-{worker}."


def pytest_unconfigure(config: pytest.Config) -> None:
    while _running:
        servers, state = _running.pop()
        servers.stop()
        shutil.rmtree(state, ignore_errors=True)
