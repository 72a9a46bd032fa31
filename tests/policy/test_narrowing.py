"""A change's narrowing: whoever is answered differently afterwards is among those looked at."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from accesscontrol.policy.narrowing.touched import touched, touches
from tests.worlds import moving


def tried(seed: int) -> Counter[str]:
    """One world: what became of some licensees, none of whom may be missed."""
    random = Random(seed)
    motion = moving.motion(random)
    changes = touched(motion.interval)
    seen: Counter[str] = Counter()
    for _ in range(8):
        licensee = moving.licensee(random)
        papers = moving.papers(random, licensee["licensee.id"])
        looked_at = changes is None or touches(
            changes, motion.interval, licensee, papers=bool(papers["licenses"])
        )
        changed = answered_differently(random, motion, licensee, papers)
        assert looked_at or not changed, f"missed by the world {seed}: {licensee}, {papers}"
        seen[f"{'everyone' if changes is None else looked_at} {changed}"] += 1
    return seen


def answered_differently(
    random: Random, motion: moving.Motion, licensee: dict[str, Any], papers: dict[str, Any]
) -> bool:
    """Whether a standing judged at some moment of the interval is another one now."""
    for position, newest in motion.offerings[-1].items():
        now = moving.found(motion.releases[-1], {**licensee, **newest}, papers, moving.UNTIL)
        before = random.choice(motion.offerings)[position]
        for release in motion.releases:
            at = random.choice(moving.MOMENTS)
            if moving.found(release, {**licensee, **before}, papers, at) != now:
                return True
    return False


def test_nobody_is_missed() -> None:
    seen = sum((tried(seed) for seed in range(150)), Counter[str]())
    assert seen["True True"] > 100  # the changes do change something,
    assert seen["False False"] > 100  # and the narrowing does leave somebody out


@pytest.mark.slow
def test_nobody_is_missed_in_many_worlds() -> None:
    for seed in range(1_000, 2_200):
        tried(seed)
