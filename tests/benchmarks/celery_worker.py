"""A real Celery worker beside a benchmark, with the broker it needs, watched for its memory."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from accesscontrol.models import ScreeningRun
from project import embedded, processes
from tests.benchmarks.screenings import ROOT

TASK = "accesscontrol.tasks.screen"
PATIENCE_S = 3_600


class CeleryWorker:
    """One worker with one process of its pool; Linux only, for it reads /proc."""

    def __init__(self, state: Path, environment: dict[str, str]) -> None:
        self.environment = environment | {"CELERY_BROKER_URL": embedded.broker_url(state)}
        self.state = state
        self.most_kb = 0

    def __enter__(self) -> "CeleryWorker":
        self.broker = embedded.start_broker(self.state)
        words = ("worker", "--concurrency", "1", "--without-gossip", "--without-mingle")
        with (self.state / "bench-worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*processes.dies_with_parent(signal.SIGTERM), *self._celery(*words, "--loglevel", "WARNING")],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.broker.stop()

    def _celery(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "celery", "-A", "project", *words]

    def wake(self) -> None:
        """Send the message that a change sends."""
        subprocess.run(
            self._celery("call", TASK), cwd=ROOT, env=self.environment, check=True,
            capture_output=True,
        )  # fmt: skip

    def until_ended(self, run: ScreeningRun) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while run.state in ("queued", "running"):
            assert time.monotonic() < deadline, "the run does not end"
            time.sleep(0.1)
            self._look()
            run.refresh_from_db()
        assert run.state == "done", run.state
        self._look()

    def _look(self) -> None:
        """The highest that any process of the pool ever had, which the system remembers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    self.most_kb = max(self.most_kb, int(line.split()[1]))

    def most_memory_mb(self) -> float:
        assert self.most_kb, "the worker had no process"
        return self.most_kb / 1024
