"""A PostgreSQL of the benchmark's own, with the settings of ``make run``, and databases copied in it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from project import config, embedded


@contextlib.contextmanager
def running(state: str = "", *, broker: bool = False) -> Iterator[Path]:
    """The embedded servers under ``state`` (kept), or in a folder that is thrown away.

    Django is set up for it, and the database migrated, when this yields. Durable: what commits is
    on the disk, as in production.
    """
    folder = Path(state).resolve() if state else Path(tempfile.mkdtemp(prefix="eg-bench-"))
    for name in ("DATABASE_URL", "DATABASE_URL_FILE"):
        os.environ.pop(name, None)
    os.environ["STATE_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    if not broker:  # nobody needs to be woken: the benchmark takes the chunks itself
        os.environ["CELERY_BROKER_URL"] = "memory://localhost/"
    else:
        os.environ.pop("CELERY_BROKER_URL", None)
    servers = embedded.Servers(folder, broker=broker)
    servers.start()
    try:
        _migrate()
        yield folder
    finally:
        _disconnect()
        servers.stop()
        if not state:
            shutil.rmtree(folder, ignore_errors=True)


def _migrate() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


def owner(state: Path, database: str = "postgres") -> psycopg.Connection[Any]:
    """A connection of the server's owner, who copies databases and asks for checkpoints."""
    return psycopg.connect(
        host=str(embedded.socket_dir(state)),
        user="postgres",
        password=config.secret(state / "superuser_password"),
        dbname=database,
        autocommit=True,
    )


def settle(state: Path) -> None:
    """Write down what earlier parts left, so that no part pays for another's writes."""
    with owner(state) as connection:
        connection.execute("CHECKPOINT")


def exists(state: Path, name: str) -> bool:
    with owner(state) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    return row is not None


def drop(state: Path, name: str) -> None:
    with owner(state) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def copy(state: Path, source: str, name: str) -> None:
    """A database that is equal to another one, files and all."""
    _disconnect()
    drop(state, name)
    with owner(state) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                *map(sql.Identifier, (name, source, embedded.ROLE))
            )
        )


def rename(state: Path, name: str, to: str) -> None:
    _disconnect()
    with owner(state) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (name, to)))
        )


def use(name: str) -> None:
    """Let Django speak to this database from now on."""
    from django.db import connections

    connections.close_all()
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name


def drop_ours(state: Path, name: str) -> None:
    """Drop the database that Django was using, and let it use the first one again."""
    use(embedded.DATABASE)
    drop(state, name)


def environment(state: Path, name: str) -> dict[str, str]:
    """What another process needs to work in a database of this server."""
    return {
        **os.environ,
        "STATE_DIR": str(state),
        "DATABASE_URL": url(state, name),
        "DJANGO_SETTINGS_MODULE": "project.settings",
    }


def url(state: Path, name: str) -> str:
    """The address of a database for another process."""
    whole = embedded.database_url(state)
    return whole.replace(f"/{embedded.DATABASE}?", f"/{name}?")


def version() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])
