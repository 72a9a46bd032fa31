"""The AuthZEN suite and the certification scenario, against a product of its own."""

import subprocess
import sys

import pytest

from tests import conformance


@pytest.mark.slow
@pytest.mark.skipif(
    not conformance.RUNNER.exists(), reason=f"the cases are not here: {conformance.RUNNER}"
)
def test_every_single_and_batch_case_is_green() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.conformance"],
        cwd=conformance.ROOT, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    for line in ("suite:evaluation 33/33", "suite:evaluations 27/27", "scenario:basic_core 22/22",
                 "scenario:basic_properties 4/4", "scenario:batch_core 7/7",
                 "scenario:batch_properties 3/3"):  # fmt: skip
        assert line in " ".join(run.stdout.split())
