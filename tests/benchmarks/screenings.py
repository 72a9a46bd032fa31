"""What the benchmarks of screening do to a database: publish, screen, and the limit beside it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection, transaction

from accesscontrol import policy, releases, screening
from accesscontrol.models import Release, ScreeningRun
from accesscontrol.screening.register import binary_copy
from tests.benchmarks import harness
from tests.benchmarks.register import now

ROOT = Path(__file__).resolve().parents[2]


def publish(with_rule: dict[str, Any] | None = None) -> Release:
    """The next release: what is in force, and one rule more where told."""
    at = now()
    number = Release.objects.order_by("-number").values_list("number", flat=True)[0] + 1
    parsed = policy.parse_release(releases.build(number=number, at=at, with_rule=with_rule))
    return Release.objects.create(
        number=number, canonical=parsed.canonical, sha256=parsed.digest, published_at=at,
        because="A benchmark goes on.",
    )  # fmt: skip


def start(*, narrowed: bool, release: Release | None = None) -> ScreeningRun:
    """Begin a run over everyone, as a change of a rule does; or one that leaves nobody out."""
    at = release.published_at if release else now()  # one transaction's instant
    cause = "rule" if narrowed else "manual"
    with transaction.atomic():
        run = screening.start(cause=cause, by=None, at=at, release=release, because="Measured.")
    assert run is not None
    return run


def work() -> None:
    """What a worker does."""
    while screening.next_chunk(at=now()):
        pass


@dataclass
class Measured:
    """A run's seconds, and what it did."""

    seconds: float
    changed: int
    judged: int
    outcome_changes: dict[str, int] = field(default_factory=dict)


def screened(*, narrowed: bool, release: Release | None = None, workers: Any = None) -> Measured:
    """A whole run, from its start to its last event."""
    runs: list[ScreeningRun] = []

    def part() -> None:
        runs.append(start(narrowed=narrowed, release=release))
        if workers is None:
            work()
        else:
            workers.work()

    took = harness.seconds(part)
    run = ScreeningRun.objects.get(pk=runs[0].pk)
    assert run.state == "done", f"the run is {run.state}, {_problems(run)}"
    assert run.changed + run.unchanged == run.total
    return Measured(took, run.changed, run.judged, run.outcome_changes)


def _problems(run: ScreeningRun) -> list[str]:
    return list(run.chunks.exclude(problem="").values_list("problem", flat=True)[:3])


# ---------------------------------------------------------------- the limit

FACTS = "accesscontrol_currentfacts"
CHANGES = "accesscontrol_standingchange"
TYPES = {"bigint": "i8", "integer": "i4", "boolean": "?", "timestamp with time zone": "i8"}


class Limit:
    """Read every screening column and write the changed rows, by binary COPY, and nothing else."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS bench_limit (LIKE {CHANGES})")
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = 'bench_limit' ORDER BY ordinal_position"
            )
            self.columns = {name: TYPES[type_] for name, type_ in cursor.fetchall()}

    def rows(self) -> int:
        """COPY OUT, row by row as every client gets them; returns the bytes."""
        read = 0
        statement = f"COPY {FACTS} TO STDOUT (FORMAT binary)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in copy:
                read += len(part)
        return read

    def arrays(self) -> int:
        """The same columns as one array each, the fastest way that is known."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [FACTS],
            )  # fmt: skip
            types = {name: TYPES[type_] for name, type_ in cursor.fetchall()}
        return len(binary_copy.columns(f"FROM {FACTS}", types))

    def changed(self, count: int) -> None:
        """COPY IN and commit the rows that the log of changes would get."""
        numbers = np.arange(1, count + 1)
        filler = {name: numbers.astype(type_) for name, type_ in self.columns.items()}
        with transaction.atomic():
            binary_copy.insert("bench_limit", filler, count)

    def measure(self, changed: int) -> "Floor":
        """Seconds of each part; the table is emptied again."""
        floor = Floor(
            harness.seconds(self.rows),
            harness.seconds(self.arrays),
            harness.seconds(lambda: self.changed(changed)),
        )
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE bench_limit")
        return floor


@dataclass(frozen=True)
class Floor:
    """Seconds to read every column, by rows or by arrays, and to write the changed rows."""

    rows: float
    arrays: float
    changed: float

    @property
    def limit(self) -> float:
        return self.rows + self.changed

    @property
    def strictest(self) -> float:
        return min(self.rows, self.arrays) + self.changed


# ---------------------------------------------------------------- workers


class Workers:
    """Processes of their own that take chunks when told, as many as asked for."""

    def __init__(self, count: int, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.worker"]
        self.processes = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(count)
        ]  # fmt: skip
        for process in self.processes:
            self._hear(process)

    def _hear(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        heard = process.stdout.readline().strip()
        assert heard, f"a worker ended with {process.wait()}"
        return heard

    def work(self) -> None:
        """Let all of them take chunks until none is left."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("work\n")
            process.stdin.flush()
        for process in self.processes:
            self._hear(process)

    def stop(self) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


@contextmanager
def workers(count: int, environment: dict[str, str]) -> Iterator[Workers]:
    """Worker processes, ended afterwards."""
    found = Workers(count, environment)
    try:
        yield found
    finally:
        found.stop()


# ---------------------------------------------------------------- against the oracle


def differences(ids: Sequence[int]) -> tuple[int, int]:
    """(pairs compared, pairs that differ): stored standings against judging one by one."""
    from accesscontrol.models import Finding, Sheet, Standing
    from accesscontrol.screening.judge.one_by_one import Judge

    judge = Judge(releases.current().policy, at=now())
    judged = judge.findings(list(ids))
    sheet_of = dict(
        Standing.objects.filter(licensee__in=ids).values_list("licensee_id", "sheet_id")
    )
    sheets = dict(Sheet.objects.filter(id__in=set(sheet_of.values())).values_list("id", "findings"))
    wanted = {pk for findings in sheets.values() for pk in findings}
    stored = {row.pk: (row.outcome, row.verdict) for row in Finding.objects.filter(id__in=wanted)}
    pairs = different = 0
    for pk in ids:
        findings = sheets.get(sheet_of.get(pk, 0), [])
        for offering in judge.offerings:
            said = judged[pk][offering.position]
            assert said is not None
            at = offering.position
            found = stored.get(findings[at]) if at < len(findings) else None
            pairs += 1
            different += found != (said.outcome, dict(said.verdict))
    return pairs, different
