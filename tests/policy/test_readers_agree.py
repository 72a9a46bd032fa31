"""The three readers of a compiled release and its tree answer every random question alike."""

from itertools import islice

import pytest

from tests.policy import agreement

CASES = 100_000  # that the suite looks at; many more by hand, see the module
PARTS = 10  # so that each worker has some


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_readers_agree(part: int) -> None:
    *_, (done, seen) = agreement.run(CASES // PARTS, seed=part * 1_000_000)
    assert done >= CASES // PARTS
    assert all(seen[each] > 20 for each in agreement.MET), seen


def test_a_difference_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What compares them would tell."""
    monkeypatch.setattr(
        agreement.policy, "judge", lambda *given, **asked: agreement.policy.Verdict("permit")
    )
    with pytest.raises(agreement.Disagreement, match="online"):
        list(islice(agreement.run(10_000, seed=0), 100))
