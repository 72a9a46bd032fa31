"""The tables of docs/language.md say what the code does: types, attributes, operators, errors."""

import re
from typing import get_args

import pytest

from accesscontrol import policy
from accesscontrol.policy.language import errors
from tests.documents import DOCS, quoted, rows
from tests.worlds.language import rule

PAGE = DOCS / "language.md"
TYPES = get_args(policy.Type)
VALUES = {
    "boolean": True,
    "code": "x",
    "country": "DE",
    "integer": 1,
    "quantity": "1e26",
    "share": 5000,
    "date": "2026-06-20",
    "countries": "DE",
    "codes": "x",
}
FAMILY = {"<LIST>": "EL", "<regime>": "ofac"}  # names of which there is one for each list or regime


def built_in(cell: str) -> list[policy.Attribute]:
    """The attributes that a line of the table is about."""
    names = [re.sub("<.*>", lambda found: FAMILY[found[0]], name) for name in quoted(cell)]
    return [attribute for name in names if (attribute := policy.built_in(name)) is not None]


def test_every_type_has_a_line() -> None:
    named = [name for types, *_ in rows(PAGE, "type") for name in quoted(types)]
    assert named == list(TYPES)


def test_every_built_in_attribute_has_a_line() -> None:
    named = [each.name for names, *_ in rows(PAGE, "built-in") for each in built_in(names)]
    families = {name for name in named if name.rpartition(".")[2] in FAMILY.values()}
    assert {each.name for each in policy.BUILT_IN} == set(named) - families
    assert len(named) == len(set(named))
    assert len(families) == 3


@pytest.mark.parametrize(("names", "type_", "more"), rows(PAGE, "built-in"))
def test_a_built_in_attribute_is_as_its_line_says(names: str, type_: str, more: str) -> None:
    assert built_in(names)
    for attribute in built_in(names):
        assert attribute.type == type_
        for flag in ("identity", "register_only", "non_empty"):
            assert getattr(attribute, flag) == (flag in more)
        for value in attribute.values or ():
            assert value in more


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(("operators", "types"), [row[:2] for row in rows(PAGE, "operator")])
def test_an_operator_takes_the_types_of_its_line(operators: str, types: str, type_: str) -> None:
    expected = types == "any" or type_ in re.split("[,;] ", types)
    for operator in quoted(operators):
        assert takes(operator, type_) == expected


def takes(operator: str, type_: str) -> bool:
    name = "licensee.custom.fact"
    value = [VALUES[type_]] if operator == "one_of" else VALUES[type_]
    operand = "here" if operator in ("in_group", "in_list") else value
    leaf = {operator: [name] if operator == "is_known" else [name, operand]}
    condition = {"not": leaf} if operator == "is_known" else leaf
    vocabulary = [*policy.BUILT_IN, {"name": name, "type": type_, "source": "register"}]
    try:
        policy.parse_rule(
            rule(condition),
            vocabulary=vocabulary,
            groups=["here"],
            lists=["here"],
        )
    except policy.PolicyError as error:
        if error.code != errors.WRONG_OPERATOR:
            raise
        return False
    return True


def test_every_code_of_an_error_has_a_line() -> None:
    named = [code for codes, *_ in rows(PAGE, "code") for code in quoted(codes)]
    codes = {v for name, v in vars(errors).items() if name.isupper() and isinstance(v, str)}
    assert set(named) == codes
    assert len(named) == len(set(named))
