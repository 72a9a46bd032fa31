"""`python -m tests.conformance`: the AuthZEN suite against the running product, on its fixture.

Starts the product on a free port with a STATE_DIR of its own and runs the suite's cases against
it. The cases are no part of this repository; RUNNER says where they are looked for. `--serve` keeps it up instead and prints
{"base_url", "token", "renames"} as one JSON line, until Ctrl-C.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT.parent / "shared" / "data" / "authzen" / "run_cases.py"
RENAMES = ROOT / "tests" / "conformance_renames.json"
# There are no search endpoints yet; their cases are named, not counted.
LATER = re.compile(r"FAIL (suite:search/\S+|scenario:search_\S+|scenario:spec_extra x-page-\S+) ?")


@dataclass(frozen=True)
class Running:
    """The product, up and filled with the fixture."""

    base_url: str
    token: str


@contextmanager
def running(state: Path) -> Iterator[Running]:
    """The product with embedded servers in `state`, until the block ends."""
    from project import embedded

    base_url = f"http://127.0.0.1:{_free_port()}"
    os.environ.update(
        STATE_DIR=str(state),
        DJANGO_SETTINGS_MODULE="project.settings",
        EG_BASE_URL=base_url,
        EG_LOG_LEVEL="WARNING",
    )
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    with embedded.Servers(state, durable=False):
        token = _fill()
        web = _serve(base_url)
        try:
            _wait(base_url, web)
            yield Running(base_url, token)
        finally:
            os.killpg(web.pid, signal.SIGTERM)
            web.wait(20)


def check(product: Running, which: str) -> bool:
    """Run the cases and print what the runner prints; whether all that apply so far are green."""
    said = subprocess.run(
        [sys.executable, str(RUNNER), product.base_url, which, str(RENAMES)],
        env={**os.environ, "AUTH": f"Bearer {product.token}"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout
    lines = said.splitlines()
    later = [line for line in lines if LATER.match(line)]
    failed = [line for line in lines if line.startswith("FAIL") and line not in later]
    print("\n".join(line for line in lines if line not in later))
    print(f"{len(later)} cases of the search endpoints, which do not exist yet")
    print(
        "conformance: all green" if lines and not failed else f"conformance: {len(failed)} failed"
    )
    return bool(lines) and not failed


def _fill() -> str:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connections

    from tests import conformance_fixture

    token = conformance_fixture.install(datetime.now(UTC))
    connections.close_all()
    return token


def _serve(base_url: str) -> subprocess.Popen[bytes]:
    from project import processes

    port = base_url.rsplit(":", 1)[1]
    command = [
        *processes.dies_with_parent(signal.SIGTERM),
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "project.wsgi:application"),
        *("--host", "127.0.0.1", "--port", port, "--workers", "2", "--blocking-threads", "4"),
        *("--no-ws", "--log-level", "warning"),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr, start_new_session=True)


def _wait(base_url: str, web: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if web.poll() is not None:
            raise SystemExit("The web server ended before it answered; its last words are above.")
        try:
            urllib.request.urlopen(f"{base_url}/livez", timeout=2)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not answer within two minutes.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_interrupted(product: Running) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    renames = json.loads(RENAMES.read_text())
    print(
        json.dumps({"base_url": product.base_url, "token": product.token, "renames": renames}),
        flush=True,
    )
    with suppress(KeyboardInterrupt):
        signal.pause()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="?", default="both", choices=["suite", "scenario", "both"])
    parser.add_argument("--serve", action="store_true", help="keep the product up until Ctrl-C")
    options = parser.parse_args()
    if not options.serve and not RUNNER.exists():
        print(f"The cases are not here: {RUNNER}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="eg-conformance-") as state, running(Path(state)) as it:
        if options.serve:
            _until_interrupted(it)
            return 0
        return 0 if check(it, options.which) else 1


if __name__ == "__main__":
    sys.exit(main())
