"""The three readers answer every random question alike."""

from itertools import islice

import pytest

from accesscontrol import policy
from tests.policy import agreement

CASES = 100_000  # that the suite looks at; many more by hand, see the module
PARTS = 10  # so that each worker has some


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_readers_agree(part: int) -> None:
    *_, (done, seen) = agreement.run(CASES // PARTS, seed=part * 1_000_000)
    assert done >= CASES // PARTS
    assert all(seen[each] > 20 for each in agreement.MET), seen


PERMIT = policy.Verdict("permit")
WRONG = {
    "online": (policy, "judge", lambda *given, **asked: PERMIT),
    "columns": (agreement, "judge_standing", lambda asked: PERMIT if asked.standing else None),
}


@pytest.mark.parametrize("reader", WRONG)
def test_a_difference_is_noticed(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What compares them would tell."""
    monkeypatch.setattr(*WRONG[reader])
    with pytest.raises(agreement.Disagreement, match=reader):
        list(islice(agreement.run(10_000, seed=0), 100))
