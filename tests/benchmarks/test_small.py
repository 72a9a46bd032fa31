"""Each benchmark at a small size: it runs, and what it compares is equal. No time is looked at."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import cedar, population

ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "engine": {"us_60", "us_1000", "vs_cedarpy"},
    "rescreen": {
        "full_vs_limit", "small_vs_limit", "medium_vs_limit", "large_vs_limit", "full_vs_cedarpy",
        "sample_differences", "storage_vs_row_per_pair", "worker_rss_mb",
    },
    "preview": {"vs_full_rescreen", "groups_add_up"},
    "publish": {"stale_permits", "to_first_new_answer_ms", "to_last_standing_s"},
    "trace": {"decision_files", "decision_calls", "publication_files", "publication_calls"},
}  # fmt: skip
NULL_WITHOUT_PEER = {"vs_cedarpy", "full_vs_cedarpy"}


def run(name: str) -> tuple[list[str], dict[str, Any]]:
    """The lines that a benchmark prints, and its last one read; servers of its own."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_URL", "CELERY_BROKER_URL", "STATE_DIR")
    }
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", "--small"],
        cwd=ROOT, env=clean, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    keys: dict[str, Any] = json.loads(lines[-1])
    assert keys.keys() == KEYS[name]
    null = {key for key, value in keys.items() if value is None}
    assert null == (NULL_WITHOUT_PEER & keys.keys() if cedar.library() is None else set())
    return lines, keys


def differing(lines: list[str]) -> list[str]:
    return [line for line in lines if line.endswith("differ") and not line.endswith(" 0 differ")]


@pytest.mark.slow
def test_the_engine_answers_as_the_oracle_does() -> None:
    lines, _ = run("engine")
    assert sum(line.endswith(" 0 differ") for line in lines) == 2
    assert not differing(lines)
    assert not [line for line in lines if "cedarpy_different" in line and line.split()[-1] != "0"]


@pytest.mark.slow
def test_a_rescreening_finds_what_judging_one_by_one_finds() -> None:
    lines, keys = run("rescreen")
    assert keys["sample_differences"] == 0
    assert not [line for line in lines if "pairs that differ" in line and line.split()[-1] != "0"]


@pytest.mark.slow
def test_the_groups_of_a_preview_add_up() -> None:
    _, keys = run("preview")
    assert keys["groups_add_up"] is True


@pytest.mark.slow
def test_nobody_is_permitted_by_a_release_that_was_replaced() -> None:
    _, keys = run("publish")
    assert keys["stale_permits"] == 0


@pytest.mark.slow
def test_a_warm_decision_can_be_read_from_its_beginning_to_its_end() -> None:
    """No time but two counts, the same on every machine."""
    _, keys = run("trace")
    assert keys["decision_files"] <= 20
    assert keys["decision_calls"] <= 500


def test_the_population_is_the_same_each_time() -> None:
    assert population.digest(population.populate(2_000)) == population.digest(
        population.populate(2_000)
    )


def test_the_population_lacks_a_fact_in_one_of_twenty() -> None:
    assert population.populate(50_000).lacking() == pytest.approx(0.05, abs=0.005)
