"""What every test finds: no network, one transaction, and where asked a database of its own."""

import os
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connections
from psycopg import sql
from pytest_socket import socket_allow_hosts

LOOPBACK = ["127.0.0.1", "::1", "localhost"]


def pytest_runtest_setup() -> None:
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


def _uses_database(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("django_db") is not None or bool(
        {"db", "transactional_db", "client", "admin_client"} & set(request.fixturenames)
    )


@pytest.fixture(autouse=True)
def audit_in_the_same_transaction(request: pytest.FixtureRequest) -> Iterator[None]:
    """Inside a test's transaction the connection "audit" is the test's own: it must see its rows.

    A test about the separate connection takes `own_database`, where the two are two.
    """
    if "own_database" in request.fixturenames or not _uses_database(request):
        yield
        return
    request.getfixturevalue("_django_db_helper")
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        yield
        return
    separate = connections["audit"]
    connections["audit"] = connections["default"]
    yield
    connections["audit"] = separate


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """The migrated database of this worker; it is dropped only once nobody is connected."""
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def own_database(
    django_db_setup: None, django_db_blocker, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A copy of the migrated database for one test that must commit; yields its DATABASE_URL.

    Threads and other processes may connect to it. Afterwards it is dropped, with whoever is in it.
    """
    template = _migrated(django_db_blocker)
    name = f"{template}_own_{os.getpid()}"
    with django_db_blocker.unblock():
        connections.close_all()
        _administer("CREATE DATABASE {} TEMPLATE {}", name, template)
        _rename(name)
        try:
            yield _url(name)
        finally:
            connections.close_all()
            _rename(template)
            _drop(name)


def _migrated(django_db_blocker) -> str:
    """The test database; made here where no collected test asked pytest-django for it."""
    default = connections["default"]
    if not default.settings_dict["NAME"].startswith("test_"):
        with django_db_blocker.unblock():
            default.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    return default.settings_dict["NAME"]


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _drop(name: str) -> None:
    """Drop a database; a vacuum by the server itself, which nobody may end, is waited for."""
    for _ in range(120):
        try:
            return _administer("DROP DATABASE {} WITH (FORCE)", name)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
            time.sleep(0.5)
    return _administer("DROP DATABASE {} WITH (FORCE)", name)


def _administer(statement: str, *names: str) -> None:
    """Run a statement on databases from outside them (no database can be copied from within)."""
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _rename(name: str) -> None:
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
