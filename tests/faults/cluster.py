"""A cluster of its own for tests that kill: real servers, real Celery processes, SIGKILL."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from project import embedded, processes

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


class Cluster:
    """PostgreSQL, Valkey, a worker and beat under one folder; each can be killed and comes back."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.servers = embedded.Servers(state)
        self.celery: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **{
                k: v
                for k, v in os.environ.items()
                if k not in ("DATABASE_URL", "CELERY_BROKER_URL")
            },
            "STATE_DIR": str(state),
        }

    def start_servers(self) -> None:
        self.servers = embedded.Servers(self.state)
        self.servers.start()

    def run(self, *command: str) -> str:
        """Run one of our programs in the cluster and return what it printed."""
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True,
            text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start_celery(self, name: str, *words: str) -> None:
        with (self.state / f"{name}.log").open("ab") as log:
            self.celery[name] = subprocess.Popen(
                [
                    *processes.dies_with_parent(signal.SIGKILL),
                    *(sys.executable, "-m", "celery", "-A", "project", *words),
                    *("--loglevel", "WARNING"),
                ],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def start_worker(self) -> None:
        words = ("worker", "--concurrency", "2", "--without-gossip", "--without-mingle")
        self.start_celery("worker", *words)

    def start_beat(self) -> None:
        schedule = str(self.state / "beat-schedule")
        self.start_celery("beat", "beat", "--schedule", schedule, "--pidfile", "")

    def revive(self) -> None:
        """Start again what ended by itself, as the supervisor of `make run` does.

        A worker ends when its broker dies under it (kombu 5.7 on a unix socket: AttributeError
        'hostname' while it restores what was unacknowledged).
        """
        for name, process in list(self.celery.items()):
            if process.poll() is not None:
                {"worker": self.start_worker, "beat": self.start_beat}[name]()

    def kill(self, name: str) -> None:
        """SIGKILL a Celery process with its children, in the middle of whatever it does."""
        process = self.celery.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_server(self, name: str) -> None:
        child = next(child for child in self.servers.children if child.name == name)
        os.killpg(child.pid, signal.SIGKILL)
        while child.alive():
            time.sleep(0.01)

    def restart_broker(self) -> None:
        self.servers.children = [child for child in self.servers.children if child.alive()]
        self.servers.children.append(embedded.start_broker(self.state))

    def kill_everything(self) -> None:
        for child in self.servers.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        for name in list(self.celery):
            self.kill(name)
        self.servers.stop()

    def stop(self) -> None:
        for name in list(self.celery):
            self.kill(name)
        self.servers.stop()

    def ask(self, statement: str) -> Any:
        """The first column of the first row."""
        with psycopg.connect(embedded.database_url(self.state)) as connection:
            row = connection.execute(statement).fetchone()
        return row[0] if row else None

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.revive()
            if time.monotonic() > deadline:
                logs = "\n".join(
                    path.read_text(errors="replace")[-1500:] for path in self.state.glob("*.log")
                )
                raise AssertionError(f"{what}: not within {PATIENCE_S} s.\n{logs}")
            time.sleep(0.05)

    # ------------------------------------------------------------ screening

    def begin_run(self) -> int:
        """Publish a release that turns every outcome, and start its screening."""
        return int(json.loads(self.run("-m", "tests.faults.register", "begin"))["run"])

    def caught_in_the_middle(self) -> int:
        """A run of which some chunks are done and some are not; a quick one is begun again."""
        for _ in range(5):
            run = self.begin_run()
            done = (
                "SELECT count(*) FILTER (WHERE state = 'done') FROM accesscontrol_screeningchunk"
                f" WHERE run_id = {run}"
            )
            self.until(lambda asked=done: self.ask(asked) >= 1, "a chunk done")
            if self.state_of(run) == "running":
                return run
            self.until_ended(run)
        raise AssertionError("The runs end before anything can be killed: make them larger.")

    def state_of(self, run: int) -> str:
        return str(self.ask(f"SELECT state FROM accesscontrol_screeningrun WHERE id = {run}"))

    def until_ended(self, run: int) -> dict[str, Any]:
        self.until(lambda: self.state_of(run) not in ("queued", "running"), "the run ended")
        found: dict[str, Any] = json.loads(
            self.run("-m", "tests.faults.register", "check", str(run))
        )
        return found


@contextlib.contextmanager
def running(state: Path) -> Iterator[Cluster]:
    """A migrated cluster with a register in it, its worker and beat at work."""
    cluster = Cluster(state)
    cluster.start_servers()
    try:
        cluster.run("manage.py", "migrate", "--verbosity", "0")
        cluster.run("-m", "tests.faults.register", "lay")
        cluster.start_worker()
        cluster.start_beat()
        yield cluster
    finally:
        cluster.stop()
