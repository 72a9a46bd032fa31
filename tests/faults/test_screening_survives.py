"""SIGKILL of a worker, of the broker, of everything, in the middle of a run: it ends the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import cluster as clusters
from tests.faults.cluster import Cluster
from tests.faults.register import CHUNK, LICENSEES

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    state: Path = tmp_path_factory.mktemp("cluster")
    with clusters.running(state) as running:
        yield running


def assert_ended_once(found: dict[str, Any]) -> None:
    chunks = -(-LICENSEES // CHUNK)
    assert found == {
        "state": "done",
        "total": LICENSEES,
        "reconciles": True,
        "failed": 0,
        "changed": LICENSEES,
        "change_rows": LICENSEES,
        "chunks": chunks,
        "chunk_events": chunks,
        "doubled_chunk_events": [],
        "end_events": 1,
        "completed_messages": 1,
        "doubled_holds": [],
        "doubled_cases": [],
        "sample_is_as_judged": True,
    }


def test_a_run_survives_the_death_of_its_worker(cluster: Cluster) -> None:
    run = cluster.caught_in_the_middle()
    cluster.kill("worker")
    cluster.start_worker()
    assert_ended_once(cluster.until_ended(run))


def test_a_run_survives_the_death_of_the_broker(cluster: Cluster) -> None:
    run = cluster.caught_in_the_middle()
    cluster.kill_server("valkey")
    cluster.restart_broker()
    assert_ended_once(cluster.until_ended(run))
    again = cluster.begin_run()  # and worker and beat still hear each other
    assert_ended_once(cluster.until_ended(again))


def test_a_run_survives_the_death_of_everything(cluster: Cluster) -> None:
    run = cluster.caught_in_the_middle()
    cluster.kill_everything()
    cluster.start_servers()
    cluster.start_worker()
    cluster.start_beat()
    assert_ended_once(cluster.until_ended(run))
