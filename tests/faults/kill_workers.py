"""SIGKILL of workers at random moments of many runs, while the register is kept: what is left of it.

``python -m tests.faults.kill_workers --licensees 100000 --kills 50`` screens a made-up population
under one changed policy after the other, kills workers (real processes) at random moments until
there were enough kills, and then compares everything with what it has to be. Without DATABASE_URL
it starts servers of its own under STATE_DIR. Prints one JSON object as its last line.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.workers import Process, Workers

PATIENCE_S = 900
EDITED = 40


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--licensees", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=5_000, help="licensees a chunk")
    parser.add_argument("--rules", type=int, default=60)
    parser.add_argument("--sample", type=int, default=2_000, help="compared with one by one")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="eg-kill-") as folder, servers():
        found = Trial(args, Path(folder)).found()
    print(json.dumps(found))
    return found


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """Those that are given, else embedded ones with an empty database."""
    import django

    if os.environ.get("DATABASE_URL"):
        django.setup()
        yield
        return
    from project import embedded

    with embedded.Servers(embedded.state_dir()):
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        yield


class Trial:
    """One population, many runs over it, and the kills."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        from tests.benchmarks import filling, population

        self.args, self.folder = args, folder
        self.draw = random.Random(args.seed)
        filled = filling.fill(
            population.populate(args.licensees), rules=args.rules, sample=args.sample
        )
        self.sample = filled.sample
        self.runs: list[int] = []
        self.kills = self.retried = 0
        self.edits: dict[str, int] = {}
        self._say("filled")

    def found(self) -> dict[str, Any]:
        """Screen and kill, then look at what is left of it."""
        from tests.faults.aftermath import aftermath

        began = time.monotonic()
        with Workers(self.args.workers, self.folder / "workers.log") as workers:
            self._screen_everyone(workers, kill=False)
            with self._somebody_edits():
                while self.kills < self.args.kills:
                    self._screen_everyone(workers, kill=True)
            self._until_nothing_waits()
        took = time.monotonic() - began
        problems = (self.folder / "workers.log").read_text()
        return {
            "licensees": self.args.licensees,
            "seed": self.args.seed,
            "kills": self.kills,
            "runs_over_everyone": len(self.runs),
            "retried_by_hand": self.retried,
            "edits": self.edits["edits"],
            "seconds": round(took, 1),
            "workers_said": problems[-1_000:],
            **aftermath(self.runs, self.sample),
        }

    def _screen_everyone(self, workers: Workers, *, kill: bool) -> None:
        """One run from its start to its end, with kills in between."""
        self.runs.append(self._begin())
        while not self._ended():
            time.sleep(self.draw.uniform(0, 0.4) if kill else 0.05)
            if kill and self.kills < self.args.kills:
                workers.kill(self.draw.randrange(self.args.workers))
                self.kills += 1
        self._say(f"run {self.runs[-1]} over everyone has ended, {self.kills} kills so far")

    def _begin(self) -> int:
        """Another rule is in force than before: that few, some or many are touched by."""
        from django.db import transaction

        from accesscontrol import screening
        from tests.benchmarks import policy, screenings

        turn = len(self.runs) % 4
        rule = [None, policy.touching("large"), policy.touching("medium"), None][turn]
        # The population came without the runs that verbs start: the first leaves nobody out.
        cause = "rule" if self.runs and self.draw.random() < 0.5 else "manual"
        with transaction.atomic():
            release = screenings.publish(rule)
            run = screening.start(
                cause=cause, by=None,
                at=release.published_at, release=release, chunk=self.args.chunk,
            )  # fmt: skip
        assert run is not None
        return run.pk

    def _ended(self) -> bool:
        """Whether the run has; one whose chunks were killed five times is retried by hand."""
        from accesscontrol import screening
        from accesscontrol.models import ScreeningRun

        run = ScreeningRun.objects.get(pk=self.runs[-1])
        if run.state == "failed":
            screening.retry_failed(run, by=None, at=datetime.now(UTC), because="Killed too often.")
            self.retried += 1
            return False
        assert run.state in ("queued", "running", "done"), run.state
        return run.state == "done"

    @contextlib.contextmanager
    def _somebody_edits(self) -> Iterator[None]:
        whom = [str(pk) for pk in self.sample[:: max(len(self.sample) // EDITED, 1)]]
        log = self.folder / "editor.log"
        editor = Process("tests.faults.editor", str(self.args.seed), *whom, log=log).until_ready()
        try:
            yield
            told = editor.go_on().says()
            assert told, log.read_text()[-3_000:]
            self.edits = json.loads(told)
        finally:
            editor.kill()

    def _until_nothing_waits(self) -> None:
        """Failed runs of edits are retried by hand too."""
        from accesscontrol import screening
        from accesscontrol.models import ScreeningRun

        deadline = time.monotonic() + PATIENCE_S
        while True:
            states = Counter(
                ScreeningRun.objects.exclude(state="done").values_list("state", flat=True)
            )
            if not states:
                return
            assert time.monotonic() < deadline, f"Runs do not end: {states}"
            for run in ScreeningRun.objects.filter(state="failed"):
                screening.retry_failed(
                    run, by=None, at=datetime.now(UTC), because="Killed too often."
                )
                self.retried += 1
            time.sleep(0.1)

    def _say(self, words: str) -> None:
        print(f"[{datetime.now(UTC):%H:%M:%S}] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
