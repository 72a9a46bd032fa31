"""Child processes: they die with their parent, stop as a whole group, and leave a log."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class CannotStart(RuntimeError):
    """A server or a process of ours did not start. The message has the end of its log."""


class Child:
    """One running program. Its log is under STATE_DIR/logs."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        state: Path,
        *,
        cwd: Path,
        env: dict[str, str] | None = None,
        wrap: Sequence[str] = (),
        stop_with: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name, self._stop_with = name, stop_with
        self._log = state / "logs" / f"{name}.log"
        self._log.parent.mkdir(mode=0o700, exist_ok=True)
        full = [*wrap, *dies_with_parent(stop_with), *command]
        with self._log.open("ab") as log:
            self._start = log.tell()
            self._process = subprocess.Popen(
                full,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: Ctrl-C reaches only the supervisor
            )
        self.pid = self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def said(self, characters: int = 1500) -> str:
        """The end of its log since it was started."""
        with self._log.open("rb") as log:
            log.seek(self._start)
            return log.read().decode(errors="replace")[-characters:].strip()

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end, wait, then kill its group, since a killed parent leaves its workers."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(self._stop_with)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def dies_with_parent(stop_with: signal.Signals) -> list[str]:
    """The words before a command that make Linux stop it when its parent dies."""
    if shutil.which("setpriv") is None:
        return []  # macOS: a plain child, which only a clean stop ends
    return ["setpriv", "--pdeathsig", stop_with.name.removeprefix("SIG")]


def until(condition: Callable[[], bool], name: str, children: Sequence[Child]) -> None:
    """Wait for the condition, up to three minutes. Raises CannotStart if a child ends meanwhile."""
    deadline = time.monotonic() + 180
    while not condition():
        for child in children:
            if not child.alive():
                raise CannotStart(f"{child.name} ended while starting. It said:\n{child.said()}")
        if time.monotonic() > deadline:
            raise CannotStart(f"{name} does not answer after three minutes; see STATE_DIR/logs.")
        time.sleep(0.03)


def own(folder: Path) -> None:
    """Refuse a folder that another user could have made, since short paths are shared."""
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise CannotStart(
            f"{folder} belongs to another user or is open to others. Remove it, or set STATE_DIR "
            "to a shorter path, and start again."
        )


def end_orphan(pid_file: Path, program: str, folder: Path) -> None:
    """End a server that a killed supervisor left behind, and remove its pid file.

    Process ids recur; in a container they start at 1 each time. A process counts as that server
    only if it runs this program in this folder.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        pid_file.unlink(missing_ok=True)
        return
    if runs(pid, program, folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if program == "postgres" else signal.SIGTERM)
        deadline = time.monotonic() + 30
        while runs(pid, program, folder):
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"An older {program} (process {pid}) still runs on {folder} and does not end. "
                    "Stop it, then start again."
                )
            time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def runs(pid: int, program: str, folder: Path) -> bool:
    """Whether the process with this id runs this program in this folder."""
    if not Path("/proc/self").exists():
        listed = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
        )
        return program in listed.stdout and str(folder) in listed.stdout
    try:
        in_folder = Path(os.readlink(f"/proc/{pid}/cwd")) == folder.resolve()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return in_folder and state != "Z" and program in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
