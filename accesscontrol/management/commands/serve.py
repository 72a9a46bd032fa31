"""Runs the whole product on one machine until Ctrl-C: servers, web, worker and beat."""

import json
import os
import socket
import time
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from accesscontrol import access
from accesscontrol.errors import Refused
from accesscontrol.models import Licensee, User
from project import config, embedded, guard, postgres, processes, supervisor

QUESTION: dict[str, dict[str, Any]] = {
    "subject": {
        "type": "licensee",
        "id": "",
        "properties": {"user": {"id": "u-1", "us_person": True}},
    },
    "action": {"name": "use_api", "properties": {"location_country": "US"}},
    "resource": {"type": "model", "id": "frontier-5"},
}


class Command(BaseCommand):
    help = (
        "Serve the product here until Ctrl-C. Starts an embedded PostgreSQL and Valkey where "
        "DATABASE_URL and CELERY_BROKER_URL are not given, migrates, and loads the demo at first."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST_ADDRESS", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        parser.add_argument("--no-demo", action="store_true", help="only the starter policy")
        parser.add_argument("--empty", action="store_true", help="no policy and no demo at all")

    def handle(self, *args: Any, **options: Any) -> None:
        self.began = time.monotonic()
        _refuse_taken(options["host"], options["port"])
        servers = _servers()
        stopping = supervisor.Stopping()
        running: list[supervisor.Program] = []
        try:
            servers.start()
            if not servers.owned:
                raise CommandError(
                    f"Export Gate already runs on {servers.state}. Stop it, or set STATE_DIR (and "
                    "PORT) to run a second one beside it."
                )
            self._prepare(servers, options)
            running = self._start(servers, options)
            supervisor.keep([*_watched(servers), *running], stopping, self._say)
        except processes.CannotStart as problem:
            raise CommandError(str(problem)) from problem
        finally:
            self._say("stopping")
            supervisor.stop(running)
            servers.stop()
        self._say("stopped")

    def _say(self, words: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.began:6.1f} s] {words}")
        self.stdout.flush()

    def _prepare(self, servers: embedded.Servers, options: dict[str, Any]) -> None:
        if settings.EMBEDDED:
            _point_at(embedded.database_url(servers.state))
        self._say("servers are up")
        self._migrate(servers.state)
        if not options["empty"]:
            call_command("load_starter", stdout=self.stdout)
            if settings.EMBEDDED and not options["no_demo"]:
                call_command("load_demo", stdout=self.stdout)
        call_command("check", stdout=self.stdout, stderr=self.stderr)

    def _migrate(self, state: Path) -> None:
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        if settings.EMBEDDED:
            with _owner(state) as owner:
                guard.release(owner, embedded.ROLE)
        call_command("migrate", verbosity=0, interactive=False)
        if settings.EMBEDDED:
            with _owner(state) as owner:
                guard.prepare(owner, embedded.ROLE)
                guard.guard(owner, embedded.ROLE)
        self._say("database is migrated")

    def _start(
        self, servers: embedded.Servers, options: dict[str, Any]
    ) -> list[supervisor.Program]:
        host, port = options["host"], options["port"]
        address = f"http://{host}:{port}"
        curl = _curl(address, servers.state)
        connections.close_all()
        running = supervisor.programs(servers.state, host, port, _environment(servers, address))
        try:
            for program in running:
                program.ensure()
            children = [program.child for program in running if program.child]
            processes.until(lambda: supervisor.answers(address), "The web server", children)
        except BaseException:
            supervisor.stop(running)
            raise
        self._say(f"Export Gate answers on {address} (logs under {servers.state / 'logs'})")
        self._greet(curl)
        return running

    def _greet(self, curl: str) -> None:
        if settings.EMBEDDED and User.objects.exists():
            self.stdout.write(_sign_ins())
        if curl:
            self.stdout.write(f"\nAsk whether somebody may use a model now:\n\n{curl}\n")
        self.stdout.write("Ctrl-C stops everything; the data stays.")
        self.stdout.flush()
        connections.close_all()


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"{host}:{port} is taken ({error.strerror}). Choose another: PORT=8001 make run"
            ) from error


def _servers() -> embedded.Servers:
    return embedded.Servers(
        settings.STATE_DIR,
        database=settings.EMBEDDED,
        broker=not config.text("CELERY_BROKER_URL"),
    )


def _watched(servers: embedded.Servers) -> list[supervisor.Program]:
    """The embedded servers as programs to keep running, so that a killed one comes back."""
    starts = {
        "valkey": lambda: embedded.start_broker(servers.state),
        "postgres": lambda: postgres.start(servers.state, embedded.socket_dir, durable=True),
    }
    return [_Watched(child, servers, starts[child.name]) for child in servers.children]


class _Watched(supervisor.Program):
    """An embedded server. Its child is also in the list that stops the servers."""

    def __init__(self, child: processes.Child, servers: embedded.Servers, start: Any) -> None:
        super().__init__(child.name, start, child)
        self._servers = servers

    def ensure(self) -> str | None:
        before = self.child
        words = super().ensure()
        if self.child is not before and before in self._servers.children and self.child:
            place = self._servers.children.index(before)
            self._servers.children[place] = self.child
        return words


def _point_at(url: str) -> None:
    """Set the address of the embedded database: the settings were read before it was known."""
    given = config.database(url)
    for alias in connections:
        connections[alias].settings_dict.update(given)


def _owner(state: Path) -> psycopg.Connection:
    return psycopg.connect(
        host=str(embedded.socket_dir(state)),
        user="postgres",
        password=config.secret(state / "superuser_password"),
        dbname=embedded.DATABASE,
    )


def _environment(servers: embedded.Servers, address: str) -> dict[str, str]:
    """The children's environment. They find an embedded server by STATE_DIR."""
    return {
        **os.environ,
        "STATE_DIR": str(servers.state),
        "EG_BASE_URL": config.text("EG_BASE_URL") or address,
    }


def _sign_ins() -> str:
    from accesscontrol.management.commands.load_demo import DEMO_PASSWORD

    people = User.objects.filter(is_active=True).order_by("role", "username")[:12]
    lines = [f"  {person.role:<9} {person.username}" for person in people]
    return f"\nSign in as (password {DEMO_PASSWORD}):\n" + "\n".join(lines)


def _curl(address: str, state: Path) -> str:
    """A question ready to paste, with a token of its own. Empty if there is no demo."""
    licensee = Licensee.objects.order_by("id").first()
    if not settings.EMBEDDED or licensee is None:
        return ""
    question = {**QUESTION, "subject": {**QUESTION["subject"], "id": licensee.ref}}
    return (
        f"curl -s {address}/access/v1/evaluation \\\n"
        f"  -H 'Authorization: Bearer {_token(state)}' -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(question)}'"
    )


def _token(state: Path) -> str:
    """The demo's token. It is stored in a file and used again while it is valid."""
    file, now = state / "demo_token", datetime.now(UTC)
    if file.exists():
        try:
            access.authenticate(file.read_text().strip(), at=now)
            return file.read_text().strip()
        except Refused:
            file.unlink()
    issued = access.issue_token(
        name="demo curl",
        scopes=["decisions:ask"],
        expires_at=now + timedelta(days=30),
        by=None,
        at=now,
    )
    file.touch(mode=0o600)
    file.write_text(issued.text)
    return issued.text
