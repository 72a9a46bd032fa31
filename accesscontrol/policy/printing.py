"""Writes conditions back as the JSON they are read from, in canonical form."""

from typing import assert_never

from accesscontrol.policy.conditions import (
    After,
    All,
    Any,
    AtLeast,
    AtMost,
    Before,
    Condition,
    Contains,
    InGroup,
    InList,
    Is,
    IsKnown,
    Not,
    OneOf,
)
from accesscontrol.policy.values import element, written


def condition_json(condition: Condition) -> dict[str, object]:
    match condition:
        case All(children):
            return {"all": [condition_json(child) for child in children]}
        case Any(children):
            return {"any": [condition_json(child) for child in children]}
        case Not(child):
            return {"not": condition_json(child)}
        case IsKnown(attribute):
            return {"is_known": [attribute.name]}
        case OneOf(attribute, operands):
            type_ = element(attribute.type)
            listed = [written(type_, operand) for operand in sorted(operands)]
            return {"one_of": [attribute.name, listed]}
        case InGroup(attribute, group):
            return {"in_group": [attribute.name, group]}
        case InList(attribute, list_):
            return {"in_list": [attribute.name, list_]}
        case (
            Is(attribute, operand)
            | Contains(attribute, operand)
            | AtLeast(attribute, operand)
            | AtMost(attribute, operand)
            | Before(attribute, operand)
            | After(attribute, operand)
        ):
            name = OPERATOR[type(condition)]
            return {name: [attribute.name, written(element(attribute.type), operand)]}
        case _:
            assert_never(condition)


OPERATOR: dict[type[Condition], str] = {
    Is: "is",
    Contains: "contains",
    AtLeast: "at_least",
    AtMost: "at_most",
    Before: "before",
    After: "after",
}
