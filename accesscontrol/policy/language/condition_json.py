"""Conditions as JSON: reads them, refuses what the language does not allow, and writes them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, assert_never

from accesscontrol.policy.language import documents
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.bounds import LEVELS, too_deep, within_bounds
from accesscontrol.policy.language.conditions import All, Any, Condition, IsKnown, Not, Test
from accesscontrol.policy.language.errors import (
    BAD_SHAPE,
    IS_KNOWN_FORBIDDEN,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_OPERATOR,
    WRONG_OPERATOR,
    PolicyError,
    below,
    shown,
)
from accesscontrol.policy.language.operands import Names
from accesscontrol.policy.language.operators import OPERATORS
from accesscontrol.policy.language.vocabulary import Vocabulary

IS_KNOWN: Final = "is_known"
CONNECTIVES: Final = ("all", "any", "not")


@dataclass(frozen=True)
class Scope:
    """What a condition may name, and where it stands.

    ``outermost`` is the pointer of the outermost condition. ``exempts`` says that it is an
    exemption's, where is_known is allowed in other places than in a rule's own.
    """

    vocabulary: Vocabulary
    groups: Collection[str]
    lists: Collection[str]
    outermost: str
    exempts: bool

    @property
    def names(self) -> Names:
        """The groups and lists that a test may name."""
        return {"group": self.groups, "list": self.lists}


def parse_condition(document: object, pointer: str, scope: Scope) -> Condition:
    """Reads an outermost condition, which stands at the pointer. Raises PolicyError."""
    condition = _condition(document, pointer, scope, level=1, negated=False)
    within_bounds(condition, pointer)
    return condition


def _condition(
    document: object, pointer: str, scope: Scope, *, level: int, negated: bool
) -> Condition:
    if level > LEVELS:
        raise too_deep(scope.outermost)
    name, argument = _only_member(document, pointer)
    if name == "not":
        inside = below(pointer, "not")
        return Not(_condition(argument, inside, scope, level=level + 1, negated=not negated))
    if name in CONNECTIVES:
        children = tuple(
            _condition(child, below(pointer, name, index), scope, level=level + 1, negated=negated)
            for index, child in enumerate(_children(name, argument, pointer))
        )
        return All(children) if name == "all" else Any(children)
    if name == IS_KNOWN:
        return _is_known(argument, pointer, scope, negated=negated)
    return _test(name, argument, pointer, scope)


def _only_member(document: object, pointer: str) -> tuple[str, object]:
    if not isinstance(document, dict) or len(document) != 1:
        expected = "an object with one member: all, any, not or an operator"
        raise PolicyError(pointer, BAD_SHAPE, f"A condition is {expected}, not {shown(document)}.")
    ((name, argument),) = document.items()
    if name not in OPERATORS and name != IS_KNOWN and name not in CONNECTIVES:
        known = [*OPERATORS, IS_KNOWN, *CONNECTIVES]
        message = f"There is no operator {shown(name)}{documents.near(str(name), known)}"
        raise PolicyError(pointer, UNKNOWN_OPERATOR, message)
    return name, argument


def _children(name: str, argument: object, pointer: str) -> list[object]:
    if isinstance(argument, list | tuple) and argument:
        return list(argument)
    message = f'"{name}" takes an array of conditions, one at least.'
    raise PolicyError(pointer, BAD_SHAPE, message)


def _test(name: str, argument: object, pointer: str, scope: Scope) -> Test:
    attribute, given = _arguments(name, ("attribute", "operand"), argument, pointer, scope)
    operator = OPERATORS[name]
    if attribute.type not in operator.types:
        raise _wrong_operator(name, attribute, pointer)
    (operand,) = given
    return Test(attribute, name, operator.operand.read(attribute, operand, pointer, scope.names))


def _is_known(argument: object, pointer: str, scope: Scope, *, negated: bool) -> IsKnown:
    """Allowed only where an absent fact makes the rule stricter (docs/language.md §3)."""
    attribute, _ = _arguments(IS_KNOWN, ("attribute",), argument, pointer, scope)
    if negated != scope.exempts:
        return IsKnown(attribute)
    where = "an even number of nots (none, say)" if scope.exempts else "an odd number of nots"
    message = f'"is_known" has to stand under {where} here, so that ignorance never permits.'
    raise PolicyError(pointer, IS_KNOWN_FORBIDDEN, message)


def _arguments(
    operator: str, takes: tuple[str, ...], argument: object, pointer: str, scope: Scope
) -> tuple[Attribute, list[object]]:
    """The attribute that a leaf names, and the JSON that stands beside it. Raises PolicyError."""
    if not isinstance(argument, list | tuple) or len(argument) != len(takes):
        message = f'"{operator}" takes [{", ".join(takes)}], not {shown(argument)}.'
        raise PolicyError(pointer, BAD_SHAPE, message)
    name, *others = argument
    if not isinstance(name, str):
        message = f"An attribute is named by a text, not {shown(name)}."
        raise PolicyError(pointer, BAD_SHAPE, message)
    if name not in scope.vocabulary:
        message = f"There is no attribute {shown(name)}{documents.near(name, scope.vocabulary)}"
        raise PolicyError(pointer, UNKNOWN_ATTRIBUTE, message)
    return scope.vocabulary[name], others


def _wrong_operator(operator: str, attribute: Attribute, pointer: str) -> PolicyError:
    fitting = [name for name, each in OPERATORS.items() if attribute.type in each.types]
    return PolicyError(
        pointer,
        WRONG_OPERATOR,
        f'"{operator}" does not compare {attribute.name}, which is of type {attribute.type}. '
        f"Use one of {', '.join([*fitting, IS_KNOWN])}.",
    )


def condition_json(condition: Condition) -> dict[str, object]:
    """Writes the condition as the JSON that it is read from, in canonical form."""
    match condition:
        case All(children):
            return {"all": [condition_json(child) for child in children]}
        case Any(children):
            return {"any": [condition_json(child) for child in children]}
        case Not(child):
            return {"not": condition_json(child)}
        case IsKnown(attribute):
            return {IS_KNOWN: [attribute.name]}
        case Test(attribute, operator, operand):
            written = OPERATORS[operator].operand.write(attribute, operand)
            return {operator: [attribute.name, written]}
        case _:
            assert_never(condition)
