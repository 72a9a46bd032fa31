"""Capture by ownership: the worked cases of the regulators, and an independent slow solver."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accesscontrol.matching.ownership import arithmetic, captured, percent

CASES = Path(__file__).parents[3] / "shared/data/ownership/cases.json"


def worked_cases():
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"{CASES.name} is not here"))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(CASES.read_text())["cases"]]


def edges_of(case):
    owners = {}
    for owner, owned, share in case["edges"]:
        owners.setdefault(owned, []).append((owner, None if share is None else round(share * 100)))
    return owners


@pytest.mark.parametrize("case", worked_cases())
def test_worked_case(case):
    owners = edges_of(case)
    everyone = set(owners) | {o for edges in owners.values() for o, _ in edges}
    result = captured(set(case["listed"]), owners, everyone)
    assert [e for e in case["captured"] if result[e].captured is not True] == []
    assert [e for e in case["not_captured"] if result[e].captured is not False] == []
    assert [e for e in case.get("hold", []) if result[e].captured is not None] == []
    assert [e for e in case.get("red_flag", []) if not result[e].red_flag] == []


def test_undeclared_owners_leave_it_open():
    assert captured({"X"}, {"A": []}, set())["A"].captured is None
    assert captured({"X"}, {"A": [("X", 1000)]}, set())["A"].captured is None
    assert captured({"X"}, {"A": [("Y", 5000)]}, set())["A"].captured is None


def test_known_unlisted_owners_of_more_than_half_settle_it():
    assert captured({"X"}, {"A": [("Y", 5001)]}, set())["A"].captured is False
    assert captured({"X"}, {"A": [("Y", 5001), ("X", None)]}, set())["A"].captured is False


def test_an_owner_whose_own_owners_are_not_known_settles_nothing():
    open_tree = {"A": [("B", 9000)], "B": []}
    assert captured({"X"}, open_tree, {"A"})["A"].captured is None
    assert captured({"X"}, open_tree, {"A", "B"})["A"].captured is False


def test_nothing_recorded_is_not_an_empty_declaration():
    assert captured(set(), {"A": []}, {"A"})["A"].captured is False
    assert captured(set(), {"A": []}, set())["A"].captured is None


def test_share_is_known_only_where_its_bounds_meet():
    found = captured({"X"}, {"A": [("X", 6000)]}, set())["A"]
    assert (found.captured, found.restricted_share) == (True, None)
    assert (found.at_least, found.at_most) == (6000, 10000)
    assert captured({"X"}, {"A": [("X", 6000)]}, {"A"})["A"].restricted_share == 6000


def test_arithmetic_in_words():
    tier = captured({"X", "Y"}, {"A": [("X", 3000), ("Y", 2500), ("Z", 4500)]}, {"A"})["A"]
    assert arithmetic(tier) == "X 30 % (listed) + Y 25 % (listed) = 55 %: captured, at least 50 %"
    unknown = captured({"X"}, {"A": [("X", None)]}, {"A"})["A"]
    assert arithmetic(unknown, {"X": "Xylo"}) == (
        "Xylo unknown share (listed) = between 0 % and 100 %: not known"
    )
    assert percent(4990) == "49.9 %"


# ------------------------------------------------------------ an independent slow solver

ENTITIES = ["A", "B", "C"]
OUTSIDE = ["X", "Y"]


def closed_sets(owners, listed):
    """All sets of entities that contain whatever they capture."""
    for size in range(len(ENTITIES) + 1):
        for chosen in itertools.combinations(ENTITIES, size):
            bad = set(chosen) | listed
            if all(
                e in chosen or sum(s for o, s in owners.get(e, []) if o in bad) < 5000
                for e in ENTITIES
            ):
                yield set(chosen)


def slow(owners, listed):
    """The least closed set: what is in all of them."""
    return set.intersection(*closed_sets(owners, listed))


def completions(edges, complete, unit):
    """Every way in which the unknown shares and unnamed listed owners may be filled in."""
    room = max(0, 10000 - sum(s or 0 for _, s in edges))
    unknown = [o for o, s in edges if s is None] + ([] if complete else ["hidden"])
    known = [(o, s) for o, s in edges if s is not None]
    for shares in itertools.product(range(0, room + 1, unit), repeat=len(unknown)):
        if sum(shares) <= room:
            yield known + list(zip(unknown, shares, strict=True))


def worlds(owners, complete, unit):
    options = [list(completions(owners[e], e in complete, unit)) for e in ENTITIES]
    for chosen in itertools.product(*options):
        yield dict(zip(ENTITIES, chosen, strict=True))


def holdings(shares):
    owner = st.sampled_from(ENTITIES + OUTSIDE)
    edges = st.lists(st.tuples(owner, shares), max_size=3, unique_by=lambda edge: edge[0])
    return st.fixed_dictionaries(dict.fromkeys(ENTITIES, edges))


def possible(owners):
    return all(sum(s or 0 for _, s in edges) <= 10000 for edges in owners.values())


LISTED = st.sets(st.sampled_from(ENTITIES + OUTSIDE), max_size=2)


@given(holdings(st.integers(0, 10000)).filter(possible), LISTED)
def test_agrees_with_the_slow_solver_where_all_is_known(owners, listed):
    result = captured(listed, owners, set(ENTITIES))
    expected = slow(owners, listed)
    for entity in ENTITIES:
        assert result[entity].captured is (entity in expected)
        bad = expected | listed
        assert result[entity].restricted_share == sum(s for o, s in owners[entity] if o in bad)


@settings(max_examples=150, deadline=None)
@given(
    holdings(st.sampled_from([None, 0, 2500, 5000, 7500])).filter(possible),
    LISTED,
    st.sets(st.sampled_from(ENTITIES)),
)
def test_agrees_with_the_slow_solver_over_all_that_may_be(owners, listed, complete):
    """Known exactly where every possible world says the same."""
    result = captured(listed, owners, complete)
    answers = [slow(world, listed | {"hidden"}) for world in worlds(owners, complete, 2500)]
    for entity in ENTITIES:
        seen = {entity in answer for answer in answers}
        assert result[entity].captured is (seen.pop() if len(seen) == 1 else None)
