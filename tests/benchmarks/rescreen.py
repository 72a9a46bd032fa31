"""Everyone is screened again: the first load, then three changes of a rule, full and narrowed.

Through the real tables: standings, the log of changes, sheets, findings, holds, cases, chunks, audit
events, each chunk durable when it commits. The changes touch at most 1 %, about 8 % and about 37 %
of the licensees; each is published and taken back in turn, once narrowed and once with nobody left
out. Beside each run, in the same round, the **limit**: a binary COPY of all screening columns out,
and of as many change rows as the run wrote into an equal table without index or constraint.

- ``full_vs_limit`` is the worst of the four runs that leave nobody out (the first load among them).
- ``small_``, ``medium_``, ``large_vs_limit`` are the narrowed runs.
- ``full_vs_cedarpy``: cedarpy judges a sample, its time for all pairs over the first load's.
- ``sample_differences``: of 2,000 licensees × 100 offerings against judging one by one from the
  dated facts and papers.
- ``storage_vs_row_per_pair``: findings, sheets, standings and changes after the first load, against
  a row with a finding's number for each pair (measured on the sample, extrapolated).
- ``worker_rss_mb``: the most memory that a process of a real Celery worker had over a full run.
"""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import cedar, harness, policy, server
from tests.benchmarks.population import populate

SIZES = "10000,100000,1000000"
SHARES = ("small", "medium", "large")
OFFERINGS = len(policy.MODELS) * len(policy.ACTIVITIES)
OURS = ("finding", "sheet", "standing", "standingchange")


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = harness.options(
        __doc__,
        sizes=(SIZES, "licensees, the last one is what the keys are about"),
        rules=(60, "rules in force"),
        entitled=(0.1, "share of licensees with an entitlement"),
        workers=(0, "worker processes; 0: this one"),
        state=("", "folder to keep the filled databases in"),
    )
    args = parser.parse_args(arguments)
    if args.small:
        args.sizes, args.rounds = "3000", 1
    sizes = [int(each) for each in args.sizes.split(",")]
    with server.running(args.state) as state:
        harness.say(f"PostgreSQL {server.version()}, {args.rules} rules, {OFFERINGS} offerings")
        found = [Size(state, args, size).measure() for size in sizes]
    _growth(sizes, found)
    keys = found[-1].keys()
    harness.last(keys)
    return keys


class Size:
    """The measurements over one number of licensees."""

    def __init__(self, state: Path, args: Any, size: int) -> None:
        self.state, self.args, self.size = state, args, size
        self.took: dict[str, list[Any]] = {}
        self.floors: dict[str, list[Any]] = {}
        self.pairs = self.different = 0
        self.storage: dict[str, float] = {}
        self.rss: float | None = None
        self.peer: dict[str, Any] | None = None

    def measure(self) -> "Size":
        from tests.benchmarks.register import filled

        register = filled(
            self.state, self.size, rules=self.args.rules, entitled=self.args.entitled
        )  # fmt: skip
        self.sample = register.sample
        for _ in range(self.args.rounds):
            server.copy(self.state, register.name, "bench")
            server.use("bench")
            self._with_workers(self._first_load)
        self.storage = self._storage()
        self._compare()
        self._with_workers(self._changes)
        self._compare()
        self.rss = self._worker_memory()
        self.peer = self._against_cedar()
        server.drop_ours(self.state, "bench")
        self._tell()
        return self

    def _with_workers(self, part: Any) -> None:
        from tests.benchmarks import screenings

        if not self.args.workers:
            part(None)
            return
        with screenings.workers(self.args.workers, self._environment()) as workers:
            part(workers)

    def _environment(self) -> dict[str, str]:
        return server.environment(self.state, "bench")

    # ------------------------------------------------------------ the runs

    def _first_load(self, workers: Any) -> None:
        self._run("first load", narrowed=False, workers=workers)

    def _changes(self, workers: Any) -> None:
        """Each change is published and taken back; in which of the two runs, alternates."""
        from tests.benchmarks import screenings

        for n in range(self.args.rounds):
            for share in SHARES:
                for narrowed in (True, False) if n % 2 else (False, True):
                    on = narrowed == bool(n % 2)
                    release = screenings.publish(policy.touching(share) if on else None)
                    name = f"{share}, {'narrowed' if narrowed else 'full'}"
                    self._run(name, narrowed=narrowed, workers=workers, release=release)

    def _run(self, name: str, *, narrowed: bool, workers: Any, release: Any = None) -> None:
        from tests.benchmarks import screenings

        server.settle(self.state)
        run = screenings.screened(narrowed=narrowed, release=release, workers=workers)
        server.settle(self.state)
        floor = screenings.Limit().measure(run.changed)
        self.took.setdefault(name, []).append(run)
        self.floors.setdefault(name, []).append(floor)
        harness.say(
            f"  {self.size:>9,} {name:<16} {run.seconds:8.3f} s, {run.judged:,} judged,"
            f" {run.changed:,} changed; limit {floor.limit:.3f} s"
            f" (rows {floor.rows:.3f}, arrays {floor.arrays:.3f}, changes {floor.changed:.3f})"
        )

    def _compare(self) -> None:
        from tests.benchmarks import screenings

        pairs, different = screenings.differences(self.sample)
        self.pairs += pairs
        self.different += different

    # ------------------------------------------------------------ storage and memory

    def _storage(self) -> dict[str, float]:
        """Bytes of our four tables, and of a row per pair by the sample's."""
        from django.db import connection

        with connection.cursor() as cursor:
            ours = {}
            for table in OURS:
                cursor.execute("SELECT pg_total_relation_size(%s)", [f"accesscontrol_{table}"])
                ours[table] = cursor.fetchone()[0]
            cursor.execute(
                "CREATE TABLE bench_pair (licensee_id bigint, offering_id bigint,"
                " finding_id integer, run_id bigint, since timestamptz,"
                " PRIMARY KEY (licensee_id, offering_id))"
            )
            cursor.execute(
                "INSERT INTO bench_pair SELECT s.licensee_id, n, h.findings[n], c.run_id,"
                " c.finished_at FROM accesscontrol_standing s"
                " JOIN accesscontrol_screeningchunk c ON c.id = s.chunk_id"
                " JOIN accesscontrol_sheet h ON h.id = s.sheet_id,"
                " generate_series(1, cardinality(h.findings)) AS n"
                " WHERE s.licensee_id = ANY(%s::bigint[])", [self.sample],
            )  # fmt: skip
            rows = cursor.rowcount
            cursor.execute("SELECT pg_total_relation_size('bench_pair')")
            a_pair = cursor.fetchone()[0] / rows
            cursor.execute("DROP TABLE bench_pair")
            cursor.execute("SELECT count(*) FROM accesscontrol_sheet")
            sheets = cursor.fetchone()[0]
        return {
            **{f"{name} mb": size / 2**20 for name, size in ours.items()},
            "sheets": sheets,
            "row per pair mb": a_pair * self.size * OFFERINGS / 2**20,
            "ratio": sum(ours.values()) / (a_pair * self.size * OFFERINGS),
        }

    def _worker_memory(self) -> float | None:
        from tests.benchmarks import screenings
        from tests.benchmarks.celery_worker import CeleryWorker

        if not sys.platform.startswith("linux"):
            return None
        with CeleryWorker(self.state, self._environment()) as worker:
            run = screenings.start(narrowed=False)
            worker.wake()
            worker.until_ended(run)
            return worker.most_memory_mb()

    # ------------------------------------------------------------ the peer

    def _against_cedar(self) -> dict[str, Any] | None:
        """A sample of licensees for every offering, in batches as large as one licensee's pairs."""
        from accesscontrol import releases

        cedarpy = cedar.library()
        if cedarpy is None:
            return None
        release = releases.current().policy
        peer = cedar.Peer(cedarpy, cedar.Translation(release.to_json()))
        people = populate(self.size)
        models = {m: {"model.id": m, **policy.model_facts(m)} for m in policy.MODELS}
        known = peer.entities(*models.values())
        step = max(self.size // (20 if self.args.small else 150), 1)
        seconds = decisions = compared = different = 0.0
        for position in range(0, self.size, step):
            facts = people.facts(position)
            asked = [
                {**facts, **about, "request.activity": activity}
                for about in models.values()
                for activity in policy.ACTIVITIES
            ]
            asked = [each for each in asked if peer.translation.comparable(each, {})]
            if not asked:
                continue
            began = harness.seconds(lambda a=asked, f=facts: self._ask(peer, known, f, a))
            seconds, decisions = seconds + began, decisions + len(asked)
            results = self._ask(peer, known, facts, asked)
            for each, result in zip(asked, results, strict=True):
                ours = _reasons(release, each)
                compared += 1
                different += ours != peer.translation.reasons(result)
        everybody = seconds / decisions * self.size * OFFERINGS
        return {
            "us a pair": seconds / decisions * 1e6,
            "hours for all pairs": everybody / 3600,
            "pairs compared": int(compared),
            "pairs that differ": int(different),
            "ratio": everybody / self._median("first load"),
        }

    def _ask(self, peer: cedar.Peer, known: Any, facts: Any, asked: Sequence[Any]) -> Any:
        entities = known.with_added_json_str(peer.licensee(facts))
        return peer.ask_many([peer.translation.request(each, {}) for each in asked], entities)

    # ------------------------------------------------------------ what came out

    def _median(self, name: str) -> float:
        return statistics.median(run.seconds for run in self.took[name])

    def _ratio(self, name: str, floor: str = "limit") -> float:
        ours = [run.seconds for run in self.took[name]]
        return harness.ratio(ours, [getattr(each, floor) for each in self.floors[name]])

    def keys(self) -> dict[str, Any]:
        full = [name for name in self.took if not name.endswith("narrowed")]
        return {
            "full_vs_limit": max(self._ratio(name) for name in full),
            **{f"{share}_vs_limit": self._ratio(f"{share}, narrowed") for share in SHARES},
            "full_vs_cedarpy": self.peer["ratio"] if self.peer else None,
            "sample_differences": self.different,
            "storage_vs_row_per_pair": self.storage["ratio"],
            "worker_rss_mb": self.rss,
        }

    def medians(self) -> dict[str, float]:
        return {name: self._median(name) for name in self.took}

    def _tell(self) -> None:
        harness.table(f"{self.size:,} licensees: seconds (median)", self.medians())
        harness.table("over the limit", {name: self._ratio(name) for name in self.took})
        harness.table(
            "over the limit, its columns read as arrays",
            {name: self._ratio(name, "strictest") for name in self.took},
        )
        harness.table("storage after the first load", self.storage)
        harness.say(f"  {self.pairs:,} pairs compared with one by one, {self.different} differ")
        if self.peer is None:
            harness.say("  cedarpy is not installed: pip install -e .[bench]")
        else:
            harness.table("cedarpy", self.peer)


def _reasons(release: Any, facts: dict[str, Any]) -> tuple[str, ...]:
    from accesscontrol.policy import judge
    from tests.benchmarks.register import now

    return tuple(each.rule for each in judge(release, facts=facts, at=now()).reasons)


def _growth(sizes: Sequence[int], found: Sequence[Size]) -> None:
    rows = {
        name: harness.exponent(sizes, [each.medians()[name] for each in found])
        for name in found[-1].medians()
    }
    harness.table("grows with the number of licensees to the power of", rows)


if __name__ == "__main__":
    main()
