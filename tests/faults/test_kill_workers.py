"""Workers killed in the middle of runs while the register is kept: nothing lost, nothing twice.

The long version, by hand: ``python -m tests.faults.kill_workers`` (100,000 licensees, 50 kills).
"""

import json
import os
import subprocess
import sys

import pytest

from tests.faults.workers import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SMALL = ("--licensees", "2000", "--chunk", "250", "--sample", "200", "--kills", "4")
NOTHING_WRONG = {
    "runs_not_done": [],
    "runs_that_do_not_add_up": [],
    "broken_chains": 0,
    "chunks_told_otherwise": [],
    "runs_not_closed_once": [],
    "gaps_in_feed": 0,
    "doubled_holds": [],
    "one_by_one_differs": 0,
    "recount_changes": 0,
}


def test_killed_workers_and_edits_leave_what_judging_one_by_one_finds(own_database: str) -> None:
    """Two worker processes over everyone, others' runs over few licensees in between, four kills."""
    tried = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_workers", *SMALL],
        cwd=ROOT, capture_output=True, text=True, timeout=900,
        env={**os.environ, "DATABASE_URL": own_database, "EG_QUEUE_PREFIX": "eg-test-kill.",
             "DJANGO_SETTINGS_MODULE": "project.settings"},
    )  # fmt: skip
    assert tried.returncode == 0, tried.stderr[-3_000:]
    found = json.loads(tried.stdout.splitlines()[-1])
    assert {name: found[name] for name in NOTHING_WRONG} == NOTHING_WRONG, found
    assert found["kills"] == 4
    assert found["change_rows"] >= 2_000
