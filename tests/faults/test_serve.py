"""`make run` starts everything, brings back what is killed, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINUX = Path("/proc/self/environ").exists()

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not LINUX, reason="looks for processes in /proc"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Product:
    """`manage.py serve` on a folder and a port of its own."""

    def __init__(self, state: Path) -> None:
        self.state, self.port = state, free_port()
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}
        }
        self.env = {**clean, "STATE_DIR": str(state), "PORT": str(self.port)}
        self.out = state.parent / "serve.out"
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--no-demo"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def ready(self) -> bool:
        assert self.process.poll() is None, self.out.read_text()
        return self.status("/readyz") == 200

    def status(self, path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except (URLError, OSError):
            return 0

    def pids(self, word: str = "") -> set[int]:
        """Its processes whose command line has this word, the supervisor itself left out."""
        return {
            pid for pid, words in self._processes() if word in words and pid != self.process.pid
        }

    def _processes(self) -> Iterator[tuple[int, str]]:
        mark = f"STATE_DIR={self.state}"
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words and (mark in environment or str(self.state) in words):
                yield int(folder.name), words

    def told(self) -> str:
        """What still runs, for the reader of a failure."""
        return "\n".join(f"{pid}: {words}" for pid, words in self._processes())

    def parents(self, word: str) -> set[int]:
        """Those of its processes that the supervisor started itself."""
        return {
            pid
            for pid in self.pids(word)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
            == str(self.process.pid)
        }

    def ends(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(120)


def until(
    condition: Callable[[], bool], seconds: float = 300, says: Callable[[], str] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come about in time {says()}"
        time.sleep(0.2)


@pytest.fixture
def started() -> Iterator[Product]:
    """A product that still starts."""
    # A short folder: its sockets then lie in it, and its processes are known by its name.
    folder = Path(tempfile.mkdtemp(prefix="eg-serve-"))
    product = Product(folder / "state")
    try:
        yield product
    finally:
        if product.process.poll() is None:
            product.ends(signal.SIGTERM)
        for pid in product.pids():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def product(started: Product) -> Product:
    until(started.ready)
    return started


def test_it_serves_brings_back_what_is_killed_and_ends_cleanly(product: Product) -> None:
    assert product.status("/livez") == 200
    assert product.status("/metrics") == 200
    assert product.status("/") == 200  # by way of the sign-in page

    for word in (" worker ", " beat ", "valkey-server", "granian"):
        until(lambda word=word: len(product.parents(word)) == 1)
        (killed,) = product.parents(word)
        os.kill(killed, signal.SIGKILL)
        until(lambda word=word, killed=killed: bool(product.parents(word) - {killed}))
    until(product.ready)
    with urlopen(f"http://127.0.0.1:{product.port}/readyz", timeout=10) as answer:
        assert json.loads(answer.read())["warnings"] == []

    assert product.ends(signal.SIGINT) == 0, product.out.read_text()
    until(lambda: not product.pids(), 10)
    assert product.out.read_text().rstrip().endswith("stopped")


def test_a_second_one_on_the_same_folder_or_port_says_what_to_do(product: Product) -> None:
    for env, words in (
        ({"PORT": str(free_port())}, "already runs"),
        ({"STATE_DIR": f"{product.state}-other"}, "is taken"),
    ):
        second = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**product.env, **env},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert second.returncode == 1
        assert words in second.stderr
    assert product.status("/readyz") == 200


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_serves(product: Product) -> None:
    product.ends(signal.SIGKILL)
    again = Product(product.state)  # at once: what is still ending is waited for
    try:
        until(again.ready)
    finally:
        assert again.ends(signal.SIGTERM) == 0, again.out.read_text()
    until(lambda: not again.pids() and not product.pids(), 90, says=lambda: again.told())


def test_nothing_outlives_a_supervisor_killed_while_its_web_workers_load(started: Product) -> None:
    """They are told to end before they can hear it, which granian by itself waits out for ever."""
    until(lambda: len(started.pids("granian")) >= 3)  # the server and both its workers
    started.ends(signal.SIGKILL)
    until(lambda: not started.pids(), 90, says=lambda: started.told())
