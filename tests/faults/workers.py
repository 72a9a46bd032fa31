"""Worker processes that are killed and replaced at once by others that wait, already loaded."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from project import processes

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A program of ours that says "ready", and begins its work when it reads a line."""

    def __init__(self, *words: str, log: Path) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*processes.dies_with_parent(signal.SIGKILL), sys.executable, "-m", *words],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings"},
            )  # fmt: skip
        self.log = log

    def until_ready(self) -> "Process":
        assert self.says() == "ready", self.log.read_text()[-3_000:]
        return self

    def go_on(self) -> "Process":
        assert self.process.poll() is None, self.log.read_text()[-3_000:]
        assert self.process.stdin
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()
        return self

    def says(self) -> str:
        """The next line that it prints, '' once it has ended."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Workers:
    """So many at work, and as many that wait to replace them."""

    def __init__(self, count: int, log: Path) -> None:
        self.log = log
        self.waiting = [self._another() for _ in range(2 * count)]
        self.at_work = [self._begin() for _ in range(count)]

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: Any) -> None:
        for each in (*self.at_work, *self.waiting):
            each.kill()

    def kill(self, which: int) -> None:
        """SIGKILL a worker in the middle of whatever it does; another one takes its place."""
        self.at_work[which].kill()
        self.at_work[which] = self._begin()
        self.waiting.append(self._another())

    def alive(self) -> Sequence[Process]:
        return [each for each in self.at_work if each.process.poll() is None]

    def _another(self) -> Process:
        return Process("tests.faults.worker", log=self.log)

    def _begin(self) -> Process:
        return self.waiting.pop(0).until_ready().go_on()
