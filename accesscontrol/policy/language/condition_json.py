"""Reads conditions from JSON, each operator on the types that it has, and writes them back."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, assert_never, cast

from accesscontrol.policy.language import conditions, documents, values
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.bounds import LEVELS, too_deep, within_bounds
from accesscontrol.policy.language.conditions import Condition
from accesscontrol.policy.language.errors import (
    BAD_SHAPE,
    IS_KNOWN_FORBIDDEN,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_GROUP,
    UNKNOWN_LIST,
    UNKNOWN_OPERATOR,
    WRONG_OPERATOR,
    PolicyError,
    below,
    shown,
)
from accesscontrol.policy.language.values import EXPECTED, TYPES, Type, Value, element, written
from accesscontrol.policy.language.vocabulary import Vocabulary

OPERATORS: Final[dict[str, tuple[Type, ...]]] = {
    "is": ("boolean", "code", "country", "integer", "date"),
    "one_of": ("code", "country", "integer", "codes", "countries"),
    "contains": ("codes", "countries"),
    "in_group": ("country", "countries"),
    "in_list": ("code", "codes"),
    "at_least": ("integer", "quantity", "share"),
    "at_most": ("integer", "quantity", "share"),
    "before": ("date",),
    "after": ("date",),
    "is_known": TYPES,
}
CONNECTIVES: Final = ("all", "any", "not")


@dataclass(frozen=True)
class Scope:
    """What a condition may name, and where the rule's outermost condition stands."""

    vocabulary: Vocabulary
    groups: Collection[str]
    lists: Collection[str]
    outermost: str
    exempts: bool  # the condition is an exemption's


def parse_condition(document: object, at: str, scope: Scope) -> Condition:
    """The condition with its pointer ``at``, which is the outermost one. Raises PolicyError."""
    condition = _condition(document, at, scope, level=1, negated=False)
    within_bounds(condition, at)
    return condition


def _condition(document: object, at: str, scope: Scope, *, level: int, negated: bool) -> Condition:
    if level > LEVELS:
        raise too_deep(scope.outermost)
    operator, argument = _only_member(document, at)
    if operator == "not":
        inside = below(at, "not")
        child = _condition(argument, inside, scope, level=level + 1, negated=not negated)
        return conditions.Not(child)
    if operator in CONNECTIVES:
        children = tuple(
            _condition(child, below(at, operator, index), scope, level=level + 1, negated=negated)
            for index, child in enumerate(_children(operator, argument, at))
        )
        return conditions.All(children) if operator == "all" else conditions.Any(children)
    return _leaf(operator, argument, at, scope, negated=negated)


def _only_member(document: object, at: str) -> tuple[str, object]:
    if not isinstance(document, dict) or len(document) != 1:
        expected = "an object with one member: all, any, not or an operator"
        raise PolicyError(at, BAD_SHAPE, f"A condition is {expected}, not {shown(document)}.")
    ((operator, argument),) = document.items()
    if operator not in OPERATORS and operator not in CONNECTIVES:
        known = [*OPERATORS, *CONNECTIVES]
        message = f"There is no operator {shown(operator)}{documents.near(str(operator), known)}"
        raise PolicyError(at, UNKNOWN_OPERATOR, message)
    return operator, argument


def _children(operator: str, argument: object, at: str) -> list[object]:
    if isinstance(argument, list | tuple) and argument:
        return list(argument)
    message = f'"{operator}" takes an array of conditions, one at least.'
    raise PolicyError(at, BAD_SHAPE, message)


def _leaf(operator: str, argument: object, at: str, scope: Scope, *, negated: bool) -> Condition:
    attribute, operands = _arguments(operator, argument, at, scope.vocabulary)
    if attribute.type not in OPERATORS[operator]:
        raise _wrong_operator(operator, attribute, at)
    if operator == "is_known":
        return _is_known(attribute, at, scope, negated=negated)
    (operand,) = operands
    if operator == "in_group":
        named = _named(operand, scope.groups, at, "group", UNKNOWN_GROUP)
        return conditions.InGroup(attribute, named)
    if operator == "in_list":
        named = _named(operand, scope.lists, at, "list", UNKNOWN_LIST)
        return conditions.InList(attribute, named)
    if operator == "one_of":
        return conditions.OneOf(attribute, _operands(attribute, operand, at))
    return MAKE[operator](attribute, _operand(attribute, operand, at))


# The types of operands agree by OPERATORS: dates are texts, all else that has order an integer.
MAKE: Final[dict[str, Callable[[Attribute, Value], Condition]]] = {
    "is": conditions.Is,
    "contains": conditions.Contains,
    "at_least": lambda attribute, operand: conditions.AtLeast(attribute, cast(int, operand)),
    "at_most": lambda attribute, operand: conditions.AtMost(attribute, cast(int, operand)),
    "before": lambda attribute, operand: conditions.Before(attribute, cast(str, operand)),
    "after": lambda attribute, operand: conditions.After(attribute, cast(str, operand)),
}


def _arguments(
    operator: str, argument: object, at: str, vocabulary: Vocabulary
) -> tuple[Attribute, list[object]]:
    count = 1 if operator == "is_known" else 2
    if not isinstance(argument, list | tuple) or len(argument) != count:
        what = "[attribute]" if count == 1 else "[attribute, operand]"
        raise PolicyError(at, BAD_SHAPE, f'"{operator}" takes {what}, not {shown(argument)}.')
    name, *operands = argument
    if not isinstance(name, str):
        raise PolicyError(at, BAD_SHAPE, f"An attribute is named by a text, not {shown(name)}.")
    if name not in vocabulary:
        message = f"There is no attribute {shown(name)}{documents.near(name, vocabulary)}"
        raise PolicyError(at, UNKNOWN_ATTRIBUTE, message)
    return vocabulary[name], operands


def _wrong_operator(operator: str, attribute: Attribute, at: str) -> PolicyError:
    fitting = [name for name, types in OPERATORS.items() if attribute.type in types]
    return PolicyError(
        at,
        WRONG_OPERATOR,
        f'"{operator}" does not compare {attribute.name}, which is of type {attribute.type}. '
        f"Use one of {', '.join(fitting)}.",
    )


def _is_known(attribute: Attribute, at: str, scope: Scope, *, negated: bool) -> Condition:
    """Allowed only where an absent fact makes the rule stricter (docs/language.md §3)."""
    if negated != scope.exempts:
        return conditions.IsKnown(attribute)
    where = "an even number of nots (none, say)" if scope.exempts else "an odd number of nots"
    message = f'"is_known" has to stand under {where} here, so that ignorance never permits.'
    raise PolicyError(at, IS_KNOWN_FORBIDDEN, message)


def _named(operand: object, known: Collection[str], at: str, what: str, code: str) -> str:
    if not isinstance(operand, str):
        raise documents.bad_value(at, operand, f"the name of one {what}")
    if operand not in known:
        message = f"There is no {what} {shown(operand)}{documents.near(operand, known)}"
        raise PolicyError(at, code, message)
    return operand


def _operand(attribute: Attribute, operand: object, at: str) -> Value:
    try:
        return attribute.read_element(operand)
    except values.NotAValue:
        raise documents.bad_value(at, operand, expected(attribute)) from None


def _operands(attribute: Attribute, operand: object, at: str) -> frozenset[Value]:
    if not isinstance(operand, list | tuple) or not operand:
        raise documents.bad_value(at, operand, "an array of values, one at least")
    read = frozenset(_operand(attribute, each, at) for each in operand)
    if len(read) != len(operand):
        raise documents.bad_value(at, operand, "values without duplicates")
    return read


def expected(attribute: Attribute) -> str:
    """In words, what one value that a rule compares the attribute with has to be."""
    if attribute.values is not None:
        return f"one of {', '.join(attribute.values)}"
    return EXPECTED[element(attribute.type)]


WRITTEN: Final[dict[type[Condition], str]] = {
    conditions.Is: "is",
    conditions.Contains: "contains",
    conditions.AtLeast: "at_least",
    conditions.AtMost: "at_most",
    conditions.Before: "before",
    conditions.After: "after",
}


def condition_json(condition: Condition) -> dict[str, object]:
    """The condition as the JSON that it is read from, in canonical form."""
    match condition:
        case conditions.All(children):
            return {"all": [condition_json(child) for child in children]}
        case conditions.Any(children):
            return {"any": [condition_json(child) for child in children]}
        case conditions.Not(child):
            return {"not": condition_json(child)}
        case conditions.IsKnown(attribute):
            return {"is_known": [attribute.name]}
        case conditions.OneOf(attribute, operands):
            type_ = element(attribute.type)
            listed = [written(type_, operand) for operand in sorted(operands)]
            return {"one_of": [attribute.name, listed]}
        case conditions.InGroup(attribute, group):
            return {"in_group": [attribute.name, group]}
        case conditions.InList(attribute, list_):
            return {"in_list": [attribute.name, list_]}
        case (
            conditions.Is(attribute, operand)
            | conditions.Contains(attribute, operand)
            | conditions.AtLeast(attribute, operand)
            | conditions.AtMost(attribute, operand)
            | conditions.Before(attribute, operand)
            | conditions.After(attribute, operand)
        ):
            name = WRITTEN[type(condition)]
            return {name: [attribute.name, written(element(attribute.type), operand)]}
        case _:
            assert_never(condition)
