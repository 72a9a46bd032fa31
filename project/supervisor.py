"""Keeps the processes web, worker and beat running, and ends them cleanly."""

import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from project import processes

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 5  # starts of a program within a minute; one more and it is given up


@dataclass
class Program:
    """A process to keep running: how to start it, and the times of its last starts."""

    name: str
    start: Callable[[], processes.Child]
    child: processes.Child | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=PATIENCE))

    def ensure(self) -> str | None:
        """Start it if it is not running. Returns the words to print if it had ended."""
        if self.child is not None and self.child.alive():
            return None
        ended = None
        if self.child is not None:
            ended = f"{self.name} ended and is started again."
            self.child.stop()  # the rest of its group
            if len(self.starts) == PATIENCE and time.monotonic() - self.starts[0] < 60:
                raise processes.CannotStart(
                    f"{self.name} keeps ending. It said:\n{self.child.said()}"
                )
        self.starts.append(time.monotonic())
        self.child = self.start()
        return ended


def programs(state: Path, host: str, port: int, env: dict[str, str]) -> list[Program]:
    """The product's own processes, in the order in which they start."""
    binaries = Path(sys.executable).parent
    beat = state / "beat-schedule"
    commands = {
        "web": [
            str(binaries / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port),
            # Granian's default is dozens of threads, each with a database connection, for no speed.
            # With four a worker, the questions of 16 clients took half as long again as with two.
            "--workers", "2", "--blocking-threads", "2", "--no-ws", "--log-level", "warning",
            # A worker that is told to end while it still loads the product misses the signal.
            # Granian would wait for it for ever, and nothing ends them if the supervisor is killed.
            "--workers-kill-timeout", "10", "--respawn-failed-workers", "project.wsgi:application",
        ],
        "worker": [
            str(binaries / "celery"), "-A", "project", "worker", "--concurrency", "2",
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        ],
        "beat": [
            str(binaries / "celery"), "-A", "project", "beat", "--loglevel", "WARNING",
            "--schedule", str(beat), "--pidfile", "",
        ],
    }  # fmt: skip

    def starter(name: str, command: list[str]) -> Callable[[], processes.Child]:
        return lambda: processes.Child(name, command, state, cwd=ROOT, env=env)

    return [Program(name, starter(name, command)) for name, command in commands.items()]


class Stopping:
    """Turns Ctrl-C and SIGTERM into a wish that the loop reads."""

    def __init__(self) -> None:
        self.wished = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._wish)

    def _wish(self, number: int, frame: FrameType | None) -> None:
        self.wished = True


def keep(running: list[Program], stopping: Stopping, say: Callable[[str], None]) -> None:
    """Watch the programs and start an ended one again, until the wish to stop."""
    while not stopping.wished:
        for program in running:
            words = program.ensure()
            if words:
                say(words)
        time.sleep(0.2)


def stop(running: list[Program]) -> None:
    for program in reversed(running):
        if program.child is not None:
            program.child.stop()


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/livez", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
