"""The table of operators: each entry keeps its contract, and a new entry is all that a new one takes.

Two made-up operators stand in the table for the whole module. No reader knows them by name.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accesscontrol import policy
from accesscontrol.dashboard.rules import operands, tree
from accesscontrol.dashboard.rules import operators as form
from accesscontrol.policy.compiled.attribute_tests import NOWHERE, AttributeTests
from accesscontrol.policy.judge.known import look
from accesscontrol.policy.judge.truth import FALSE, TRUE, UNKNOWN, truth
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language import operators as table
from accesscontrol.policy.language.condition_json import condition_json
from accesscontrol.policy.language.conditions import leaves
from accesscontrol.policy.language.operands import A_GROUP, ONE_VALUE, SOME_VALUES, OperandKind
from accesscontrol.policy.language.operators import FormWords, Operator, Words
from accesscontrol.policy.narrowing.interval import Interval, named_values
from tests.policy import agreement
from tests.policy.test_narrowing import tried
from tests.worlds import language, moving
from tests.worlds.random_releases import COUNTRIES, DATES, QUANTITIES, WORDS, WRONG

ROOT = Path(policy.__file__).resolve().parents[1]  # accesscontrol/


def more_than(operand: int, value: int, stands_for: object, members: object) -> bool:
    return value > operand


def outside(operand: str, value: object, stands_for: frozenset[Any], members: Any) -> bool:
    return bool(members.isdisjoint(stands_for))


def begins_with(operand: str, value: str, stands_for: object, members: object) -> bool:
    return value.startswith(operand)


MADE_UP = {
    "above": Operator(
        name="above",
        types=("integer", "quantity", "share"),
        operand=ONE_VALUE,
        is_true=more_than,
        possible=table.throughout(more_than),
        words=Words(frame="limit", plain="above {}", negated="not above {}", found="{said}"),
        form=(
            FormWords(("integer", "quantity", "share"), "above", "is above", "upto", "is up to"),
        ),
    ),
    "outside_group": Operator(
        name="outside_group",
        types=("country", "countries"),
        operand=A_GROUP,
        is_true=outside,
        possible=table.at_some_moment(outside),
        words=Words(
            frame="value",
            plain="no country of group {}",
            negated="no country of group {}",
            found="{frame} {value}, which is in no country group {operand}",
        ),
        form=(
            FormWords(("country",), "outside", "is outside of", "inside", "is inside of"),
            FormWords(("countries",), "all_outside", "has none in", "some_inside", "has one in"),
        ),
    ),
}
BREAKS_THE_CONTRACT = Operator(
    name="begins_with",
    types=("code",),
    operand=ONE_VALUE,
    is_true=begins_with,
    possible=table.throughout(begins_with),
    words=table.OF_VALUES,
    form=(FormWords(("code",), "begins", "begins with", "begins_not", "does not begin with"),),
)
EVERY = {**policy.OPERATORS, **MADE_UP}
PAIRS = [(name, type_) for name, operator in EVERY.items() for type_ in operator.types]


@pytest.fixture(scope="module", autouse=True)
def _made_up_operators() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name, operator in MADE_UP.items():
            patched.setitem(policy.OPERATORS, name, operator)
        yield


# ------------------------------------------------------------------ what a random test is made of

ELEMENTS: dict[str, list[Any]] = {
    "boolean": [True, False],
    "code": WORDS,
    "country": COUNTRIES,
    "integer": [-3, 0, 1, 2, 3, 9],
    "quantity": QUANTITIES,
    "share": [0, 1, 2, 3, 9, 10_000],
    "date": DATES,
    "codes": WORDS,
    "countries": COUNTRIES,
}
SOURCES = {"licensee.custom.x": "register", "user.custom.x": "request"}
few_examples = settings(max_examples=40, deadline=None, derandomize=True)


def elements(type_: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(ELEMENTS[type_])


def values(type_: str) -> st.SearchStrategy[Any]:
    if type_ in ("codes", "countries"):
        return st.lists(elements(type_), max_size=3, unique=True)
    return elements(type_)


def operand_of(kind: OperandKind, type_: str) -> st.SearchStrategy[Any]:
    if kind.names is not None:
        return st.just("D:5" if kind.names == "group" else "annex")
    if kind.several:
        return st.lists(elements(type_), min_size=1, max_size=3, unique=True)
    return elements(type_)


@st.composite
def members(draw: st.DrawFn, of: list[str]) -> list[dict[str, Any]]:
    """Some of these, each for a time that begins or ends about the interval's moments."""
    found = []
    for value in draw(st.lists(st.sampled_from(of), max_size=4, unique=True)):
        start, end = sorted(draw(st.permutations(moving.EDGES))[:2])
        period = draw(st.sampled_from([(None, None), (start, None), (None, end), (start, end)]))
        found.append(language.entry(value, *period))
    return found


def release(
    when: Any, name: str, type_: str, draw: st.DrawFn, territories: dict[str, str]
) -> policy.Release:
    attribute = {"name": name, "type": type_, "source": SOURCES[name]}
    return language.release(
        language.rule(when),
        vocabulary=[*language.ATTRIBUTES, attribute],
        territories=territories,
        groups={"D:5": draw(members(COUNTRIES))},
        lists={"annex": draw(members(WORDS))},
    )


@st.composite
def intervals(draw: st.DrawFn, when: dict[str, Any], name: str, type_: str) -> Interval:
    """One release or two, which differ in their groups and lists."""
    territories = draw(st.sampled_from([{}, {"HK": "CN", "GL": "DK"}]))
    count = draw(st.integers(1, 2))
    releases = tuple(release(when, name, type_, draw, territories) for _ in range(count))
    at = datetime.fromisoformat
    return Interval(releases, at(moving.SINCE), at(moving.UNTIL), ({},))


def came_out(span_release: policy.Release, at: str, leaf: Any, raw: Any) -> int:
    name = leaf.attribute.name
    facts = {} if raw is policy.ABSENT else {name: raw}
    world = look(span_release, facts=facts, stated={}, instant=at, standing=True)
    return truth(leaf, world)


def holds_possible_to_truth(data: st.DataObject, when: Any, name: str, type_: str) -> None:
    """Possible is what the truth can be at one of the interval's moments, unknown counting as both."""
    interval = data.draw(intervals(when, name, type_))
    ((leaf, _),) = leaves(interval.releases[-1].rules[0].when)
    raw = data.draw(values(type_) | st.just(policy.ABSENT) | st.sampled_from(WRONG))
    at_moments = {came_out(each.release, each.instant, leaf, raw) for each in interval.moments}
    between = {came_out(each, at, leaf, raw) for each in interval.releases for at in moving.MOMENTS}
    for wanted, is_wanted in ((True, TRUE), (False, FALSE)):
        possible = interval.possible((leaf, wanted), raw)
        assert possible is bool(at_moments & {is_wanted, UNKNOWN})
        assert possible or not between & {is_wanted, UNKNOWN}


# ------------------------------------------------------------------ every entry keeps its contract


@pytest.mark.parametrize(("name", "type_"), PAIRS)
@few_examples
@given(st.data())
def test_possible_over_a_span_is_what_the_truth_can_be(
    name: str, type_: str, data: st.DataObject
) -> None:
    attribute = data.draw(st.sampled_from(sorted(SOURCES)))
    operand = data.draw(operand_of(EVERY[name].operand, type_))
    holds_possible_to_truth(data, {name: [attribute, operand]}, attribute, type_)


@few_examples
@given(st.data())
def test_possible_over_a_span_of_what_is_known(data: st.DataObject) -> None:
    attribute = data.draw(st.sampled_from(sorted(SOURCES)))
    holds_possible_to_truth(data, {"not": {"is_known": [attribute]}}, attribute, "code")


@pytest.mark.parametrize(("name", "type_"), PAIRS)
@few_examples
@given(st.data())
def test_values_are_told_apart_by_those_that_the_operand_names(
    name: str, type_: str, data: st.DataObject
) -> None:
    operand = data.draw(operand_of(EVERY[name].operand, type_))
    interval = data.draw(
        intervals({name: ["licensee.custom.x", operand]}, "licensee.custom.x", type_)
    )
    one, other = data.draw(values(type_)), data.draw(values(type_))
    keeps_its_contract(interval, one, other)


def keeps_its_contract(interval: Interval, *raws: Any) -> None:
    """For two values: alike to the classes, the witnesses and the narrowing only if truly alike."""
    newest = interval.releases[-1]
    test: Any = newest.rules[0].when
    attribute, at = test.attribute, moving.UNTIL
    one, other = (attribute.read(raw) for raw in raws)
    of_attribute = AttributeTests(newest, at, attribute.name, {test: (1, 0)}, NOWHERE, size=1)
    if of_attribute.kind(one) == of_attribute.kind(other):
        assert of_attribute.truths(one) == of_attribute.truths(other)
    tried_by_the_witnesses = {
        of_attribute.truths(each) for each in representatives(attribute, [test], newest, at)
    }
    assert of_attribute.truths(one) in tried_by_the_witnesses
    if attribute.type == "code" and not named_values(test, interval) & {one, other}:
        for wanted in (True, False):
            assert interval.possible((test, wanted), one) is interval.possible(
                (test, wanted), other
            )


def test_an_operator_that_breaks_its_contract_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells codes apart that its operand does not name; the classes would take them for one."""
    monkeypatch.setitem(policy.OPERATORS, "begins_with", BREAKS_THE_CONTRACT)
    document = language.document(language.rule({"begins_with": ["licensee.sector", "bio"]}))
    at = datetime.fromisoformat
    interval = Interval(
        (policy.parse_release(document),), at(moving.SINCE), at(moving.UNTIL), ({},)
    )
    with pytest.raises(AssertionError):
        keeps_its_contract(interval, "biology", "chemistry")


@pytest.mark.parametrize("part", [Operator, OperandKind, Words, FormWords])
def test_no_part_of_an_operator_has_a_default(part: type) -> None:
    """So that mypy tells of an entry that lacks one."""
    with_default = [
        each.name
        for each in fields(part)  # type: ignore[arg-type]
        if each.default is not MISSING or each.default_factory is not MISSING
    ]
    assert not with_default


def test_the_form_has_words_for_each_operator_on_each_of_its_types() -> None:
    offered = [(each.test, type_, each.negated) for each in form.offers() for type_ in each.types]
    wanted = [(name, type_, not_) for name, type_ in PAIRS for not_ in (False, True)]
    assert sorted(offered) == sorted(wanted)
    codes = [each.code for each in form.offers()]
    assert len(set(codes)) == len(codes)


# ------------------------------------------------------------------ an entry is all that it takes

ABOVE = {"above": ["licensee.red_flags_open", 3]}
OUTSIDE = {"outside_group": ["licensee.hq_country", "D:5"]}


@pytest.mark.parametrize("when", [ABOVE, OUTSIDE])
def test_a_new_operator_is_read_and_written(when: dict[str, Any]) -> None:
    read = language.release(language.rule(when)).rules[0].when
    assert condition_json(read) == when


def test_a_new_operator_is_offered_where_another_does_not_fit() -> None:
    wrong = language.document(language.rule({"in_list": ["licensee.red_flags_open", "annex"]}))
    with pytest.raises(policy.PolicyError, match="at_most, above, is_known"):
        policy.parse_release(wrong)


def test_all_readers_answer_alike_with_new_operators() -> None:
    """The reference, the online reader and the columns, over random releases that use them."""
    seen = Counter[str]()
    for seed in range(25):
        agreement.agree(Random(f"made up {seed}"), seen)
    assert seen["reasons"] > 100


def test_the_narrowing_misses_nobody_with_new_operators() -> None:
    seen = sum((tried(seed) for seed in range(20_000, 20_100)), Counter[str]())
    assert seen["True True"] > 30  # the changes do change something,
    assert seen["False False"] > 30  # and the narrowing does leave somebody out


def test_the_random_releases_do_use_new_operators() -> None:
    used = Counter(
        test.operator
        for seed in range(100)
        for made in moving.motion(Random(seed)).releases
        for rule in made.rules
        for test in policy_tests(rule)
    )
    assert used["above"] > 10
    assert used["outside_group"] > 10


def policy_tests(rule: policy.Rule) -> Iterator[Any]:
    return (leaf for leaf, _ in leaves(rule.when) if hasattr(leaf, "operator"))


def test_a_new_operator_is_said_in_words() -> None:
    made = language.release(language.rule({"all": [ABOVE, OUTSIDE]}))
    assert policy.sentence(made.rules[0]) == (
        "If the licensee has above 3 open red flags and the licensee is headquartered in"
        " no country of group D:5, then access is denied."
    )
    facts = {**language.IDS, "licensee.red_flags_open": 4, "licensee.hq_country": "US"}
    at = datetime.fromisoformat(language.NOW)
    verdict = policy.judge(made, facts=facts, at=at)
    assert policy.explain(made, verdict, at)["R-1"] == (
        "The licensee has above 3 open red flags and the licensee is headquartered in"
        " the United States, which is in no country group D:5: access is denied."
    )
    assert [each["example"] for each in policy.what_would_change(made, facts=facts, at=at)] == [
        {"licensee.hq_country": "CN"},
        {"licensee.red_flags_open": 2},
    ]


@pytest.mark.parametrize("when", [ABOVE, OUTSIDE, {"not": ABOVE}, {"not": OUTSIDE}])
def test_a_new_operator_stands_in_the_form(when: dict[str, Any]) -> None:
    vocabulary = {each["name"]: each for each in language.ATTRIBUTES}
    (shown,) = tree.from_json(when, vocabulary).children
    assert isinstance(shown, tree.TestNode)
    offered = tree.fitting(shown, vocabulary, in_exemption=False, under_none=False)
    assert shown.operator in [each.code for each in offered]
    assert tree.to_json(shown, vocabulary, "w.0", "/when", {}) == when


def test_a_form_reads_an_operand_by_its_kind() -> None:
    assert operands.to_json(A_GROUP, "country", ["D:5"]) == "D:5"
    assert operands.to_json(SOME_VALUES, "integer", ["1, 2"]) == [1, 2]
    assert operands.to_json(ONE_VALUE, "share", ["25.5 %"]) == 2550


# ------------------------------------------------------------------ and nobody names an operator

NAMES = {
    "one_of",
    "contains",
    "in_group",
    "in_list",
    "at_least",
    "at_most",
}  # words of no other use
MAY_NAME_THEM = {
    "policy/language/operators.py",  # the table
    "policy/judge/papers.py",  # a paper's scope is a one_of (docs/language.md §4)
    "starter/rules.py",  # rules, as data
    "starter/wording.py",
}


def test_only_the_table_names_operators() -> None:
    """So an operator that joins or leaves touches one file of the product."""
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in NAMES
    }
    assert naming == MAY_NAME_THEM
