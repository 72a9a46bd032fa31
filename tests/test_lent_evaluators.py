"""Threads that judge at once find what each would alone: an evaluator is lent to one of them."""

import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from accesscontrol import releases
from accesscontrol.models import Licensee
from accesscontrol.screening.judge import evaluators
from accesscontrol.screening.judge.one_by_one import Findings, Judge
from tests.test_screening import some_condition
from tests.test_screening_concurrency import in_threads
from tests.worlds import register as world
from tests.worlds.register import AT, HQ_IN_CHINA, licensee, publish, rule

COUNTRIES = ["US", "CN", "HK", "CU", "FR", "UK", "RU", "DE", "IR"]
EFFECTS = ["deny", "license_required", "review"]
LICENSEES, A_PART, RELEASES, THREADS = 120, 10, 5, 3


@pytest.fixture
def threads_take_turns_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(autouse=True)
def nothing_in_the_pool() -> None:
    evaluators._pool.clear()


def lay(draw: random.Random) -> None:
    world.model("m1")
    world.model("m2")
    for n in range(LICENSEES):
        known = {name: draw.choice(COUNTRIES) for name in ("country", "hq_country")}
        row = licensee(f"l{n}", **known, red_flags_open=draw.randint(0, 2))
        if draw.random() < 0.5:
            world.attest(row, "user.us_person", draw.random() < 0.5)
        if draw.random() < 0.5:
            world.attest(row, "request.location_country", draw.choice(COUNTRIES))
    world.known()


def published(draw: random.Random, n: int) -> releases.Loaded:
    rules = [rule(f"R-{k}", draw.choice(EFFECTS), some_condition(draw, 3)) for k in range(8)]
    named = [{"value": f"l{k}", "from": None, "until": None} for k in range(0, LICENSEES, 7)]
    publish(*rules, at=AT + timedelta(minutes=n), lists={"annex:X": named})
    return releases.current()


def findings(loaded: releases.Loaded, part: list[int]) -> dict[int, Findings]:
    """The findings for some licensees, by an evaluator that this thread is lent."""
    with evaluators.lent(loaded, at=AT) as evaluator:
        rows = evaluator.rows(part[0], part[-1], ids=part)
        indices = evaluator.sheets_of(rows)
        sheets = evaluator.sheets[indices].tolist()
        return {
            pk: tuple(evaluator.findings[n] for n in sheet)
            for pk, sheet in zip(rows.ids.tolist(), sheets, strict=True)
        }


def judge_in_parts(
    loaded: releases.Loaded, alone: dict[int, Findings], seed: int, problems: list[str]
) -> None:
    """Judge everybody, a few at a time in an order of its own; note what differs and what fails."""
    ids = random.Random(seed).sample(sorted(alone), len(alone))
    for first in range(0, len(ids), A_PART):
        part = sorted(ids[first : first + A_PART])
        try:
            if findings(loaded, part) != {pk: alone[pk] for pk in part}:
                problems.append("another answer")
        except Exception as problem:
            problems.append(repr(problem))


@pytest.mark.slow
@pytest.mark.usefixtures("own_database", "threads_take_turns_all_the_time")
@pytest.mark.parametrize("seed", range(2))
def test_threads_that_judge_at_once_find_what_one_by_one_judging_finds(seed: int) -> None:
    draw = random.Random(seed)
    lay(draw)
    ids = list(Licensee.objects.values_list("id", flat=True))
    problems: list[str] = []
    for n in range(RELEASES):
        loaded = published(draw, n)
        alone = Judge(loaded.policy, at=AT).findings(ids)
        judge = partial(judge_in_parts, loaded, alone)
        in_threads(*[partial(judge, draw.random(), problems) for _ in range(THREADS)])
    assert not problems


@pytest.mark.django_db
def test_the_pool_keeps_two_and_nothing_that_failed() -> None:
    world.model()
    first, second, third = (published(random.Random(n), n) for n in range(3))
    with evaluators.lent(first, at=AT) as one, evaluators.lent(first, at=AT) as other:
        assert one is not other
    with evaluators.lent(first, at=AT) as again:
        assert again in (one, other)
    with (
        evaluators.lent(first, at=AT),
        evaluators.lent(second, at=AT) as newer,
        evaluators.lent(third, at=AT),
    ):
        assert not evaluators._pool
    assert len(evaluators._pool) == evaluators.KEPT == 2
    with pytest.raises(IndexError), evaluators.lent(second, at=AT):
        raise IndexError("a block that fails")
    with evaluators.lent(second, at=AT) as anew:
        assert anew is not newer


@pytest.mark.django_db
def test_the_evaluator_of_a_release_is_lent_again_to_the_next_who_asks() -> None:
    world.model()
    publish(rule("R-1", "deny", HQ_IN_CHINA))
    with evaluators.lent(releases.current(), at=AT) as first:
        pass
    with evaluators.lent(releases.current(), at=AT + timedelta(seconds=1)) as again:
        assert again is first
        assert again.at == AT + timedelta(seconds=1)
