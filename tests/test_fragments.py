"""Findings written out of fragments are letter for letter those written whole."""

from random import Random

import numpy as np
import pytest

from accesscontrol.policy import ABSENT
from accesscontrol.policy.columns import Columns
from accesscontrol.screening.judge import finding_text, one_by_one
from accesscontrol.screening.judge.finding_text import Fragments
from tests.worlds.random_releases import world


@pytest.mark.parametrize("seed", range(40))
def test_a_finding_out_of_fragments_is_the_one_written_whole(seed: int) -> None:
    random = Random(seed)
    made = world(random)
    offerings = made.offerings(random)
    columns = Columns(made.release, at=made.instant(random), offerings=offerings)
    licensees = [made.licensee(random) for _ in range(30)]
    codes = np.array(
        [[columns.code(n, each.get(n, ABSENT)) for n in columns.reads] for each in licensees]
    ).reshape(len(licensees), len(columns.reads))
    columns.answers(codes, np.zeros((len(licensees), len(offerings)), np.int8))
    reads = one_by_one.read_by_rules(made.release)
    fragments = Fragments(columns.verdicts, reads)
    for number, said in enumerate(columns.verdicts.rows):
        whole = finding_text.whole(columns.verdicts[number], reads)
        found = fragments.finding(said)
        assert (found, found.text) == (whole, whole.text)
    assert len(columns.verdicts) > 0
