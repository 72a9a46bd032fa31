"""A condition as a tree of groups and tests, which the form edits.

Each field of the form is named by the place of its node: `w`, `w.0`, `w.0.2`; exemption 3 begins
with `u3`. A condition that the form cannot show without changing it stays an expression.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accesscontrol.dashboard.rules import operands, operators

LEVELS = 3  # of groups in groups, for the reader's sake; the language allows a hundred
MOST = 40  # children of one group
HOW = (("all", "all of these hold"), ("any", "any of these holds"), ("none", "none of these holds"))
Vocabulary = Mapping[str, Mapping[str, Any]]


class NotInTheForm(ValueError):
    """The form cannot show the condition."""


@dataclass
class TestNode:
    """One attribute, an operator that fits its type, and the typed operand."""

    attribute: str = ""
    operator: str = ""
    typed: list[str] = field(default_factory=list)


@dataclass
class GroupNode:
    """Tests and groups, of which all, any or none must be true."""

    how: str = "all"
    children: list["TestNode | GroupNode"] = field(default_factory=list)


Node = TestNode | GroupNode


def read(post: QueryDict, place: str, level: int = 1) -> Node:
    """The node of a posted form at a place. Deeper levels than the form has are not read."""
    if f"{place}:how" in post and level <= LEVELS:
        count = min(int("0" + "".join(filter(str.isdigit, post.get(f"{place}:n", "0")[:3]))), MOST)
        how = post.get(f"{place}:how", "all")
        children = [read(post, f"{place}.{index}", level + 1) for index in range(count)]
        return GroupNode(how if how in dict(HOW) else "all", children)
    clean = [text.replace("\0", "�") for text in post.getlist(f"{place}:value")]
    return TestNode(post.get(f"{place}:attribute", ""), post.get(f"{place}:operator", ""), clean)


def root(post: QueryDict, place: str) -> GroupNode:
    """The outermost group of a posted form."""
    node = read(post, place)
    return (
        node if isinstance(node, GroupNode) else GroupNode("all", [node] if node.attribute else [])
    )


def settle(
    node: Node, vocabulary: Vocabulary, *, in_exemption: bool, under_none: bool = False
) -> None:
    """Give each test an operator that fits its attribute, since another one may be chosen."""
    if isinstance(node, GroupNode):
        inside = under_none != (node.how == "none")
        for child in node.children:
            settle(child, vocabulary, in_exemption=in_exemption, under_none=inside)
        return
    fit = fitting(node, vocabulary, in_exemption=in_exemption, under_none=under_none)
    if fit and node.operator not in [offer.code for offer in fit]:
        node.operator, node.typed = fit[0].code, []


def fitting(
    test: TestNode, vocabulary: Vocabulary, *, in_exemption: bool, under_none: bool
) -> list[operators.Offer]:
    """The operators that a test can have at its place. None before an attribute is chosen."""
    attribute = vocabulary.get(test.attribute)
    if attribute is None:
        return []
    return operators.fitting(attribute["type"], in_exemption=in_exemption, under_none=under_none)


def act(top: GroupNode, verb: str, place: list[int]) -> None:
    """Add, remove or move a node. A place that does not exist changes nothing."""
    parent, index = _find(top, place[:-1]), place[-1] if place else -1
    node = _find(top, place)
    match verb:
        case "add-test" if isinstance(node, GroupNode) and len(node.children) < MOST:
            node.children.append(TestNode())
        case "add-group" if isinstance(node, GroupNode) and len(place) + 1 < LEVELS:
            node.children.append(GroupNode("any", [TestNode()]))
        case "remove" if isinstance(parent, GroupNode) and place and index < len(parent.children):
            del parent.children[index]
        case "up" if isinstance(parent, GroupNode) and 0 < index < len(parent.children):
            _swap(parent.children, index - 1)
        case "down" if isinstance(parent, GroupNode) and 0 <= index < len(parent.children) - 1:
            _swap(parent.children, index)


def unfinished(node: Node, place: str) -> dict[str, str]:
    """The places that need a choice: a test without fact or value, a group without tests."""
    if isinstance(node, TestNode):
        return _unfinished_test(node, place)
    if not node.children:
        return {place: "Add a condition to this group, or remove it."}
    places: dict[str, str] = {}
    for index, child in enumerate(node.children):
        places |= unfinished(child, f"{place}.{index}")
    return places


def _unfinished_test(test: TestNode, place: str) -> dict[str, str]:
    if not test.attribute:
        return {place: "Choose a fact, or remove this condition."}
    operator = operators.by_code(test.operator)
    takes_value = operator is not None and operator.operand is not None
    if takes_value and not any(text.strip(" ,\n\r\t") for text in test.typed):
        return {place: "Give this condition a value, or remove it."}
    return {}


def to_json(
    node: Node, vocabulary: Vocabulary, place: str, pointer: str, where: dict[str, str]
) -> dict[str, Any]:
    """The condition in the language. ``where`` gets the place of the form for each pointer."""
    where[pointer] = place
    if isinstance(node, TestNode):
        return _test_to_json(node, vocabulary, place, pointer, where)
    inside = f"{pointer}/not/any" if node.how == "none" else f"{pointer}/{node.how}"
    where[f"{pointer}/not"] = place
    children = [
        to_json(child, vocabulary, f"{place}.{index}", f"{inside}/{index}", where)
        for index, child in enumerate(node.children)
    ]
    return {"not": {"any": children}} if node.how == "none" else {node.how: children}


def from_json(document: Any, vocabulary: Vocabulary) -> GroupNode:
    """The tree of a condition. Raises NotInTheForm if the form would change the condition."""
    node = _node(document, vocabulary, level=1)
    top = node if isinstance(node, GroupNode) else GroupNode("all", [node])
    again = to_json(top, vocabulary, "w", "", {})
    if document not in (again, again.get("all", [None])[0]):
        raise NotInTheForm("This condition says more than the form can show.")
    return top


def _test_to_json(
    test: TestNode, vocabulary: Vocabulary, place: str, pointer: str, where: dict[str, str]
) -> dict[str, Any]:
    operator = operators.by_code(test.operator) or next(operators.offers())
    type_ = str(vocabulary.get(test.attribute, {}).get("type", "code"))
    arguments: list[Any] = [test.attribute]
    if operator.operand is not None:
        arguments.append(operands.to_json(operator.operand, type_, test.typed))
    if not operator.negated:
        return {operator.test: arguments}
    where[f"{pointer}/not"] = place
    return {"not": {operator.test: arguments}}


def _node(document: Any, vocabulary: Vocabulary, *, level: int) -> Node:
    if not isinstance(document, dict) or len(document) != 1:
        raise NotInTheForm("This is no condition.")
    ((name, inside),) = document.items()
    if name == "not" and isinstance(inside, dict) and list(inside) == ["any"]:
        return _group("none", inside["any"], vocabulary, level)
    if name in ("all", "any"):
        return _group(name, inside, vocabulary, level)
    if name == "not":
        return _test(inside, vocabulary, negated=True)
    return _test(document, vocabulary, negated=False)


def _group(how: str, inside: Any, vocabulary: Vocabulary, level: int) -> GroupNode:
    if level > LEVELS or not isinstance(inside, list) or len(inside) > MOST:
        raise NotInTheForm("The form shows three levels of groups.")
    return GroupNode(how, [_node(child, vocabulary, level=level + 1) for child in inside])


def _test(document: Any, vocabulary: Vocabulary, *, negated: bool) -> TestNode:
    if not isinstance(document, dict) or len(document) != 1:
        raise NotInTheForm("This is no condition.")
    ((name, arguments),) = document.items()
    if not isinstance(arguments, list) or not arguments or not isinstance(arguments[0], str):
        raise NotInTheForm("A test takes an attribute and an operand.")
    type_ = str(vocabulary.get(arguments[0], {}).get("type", ""))
    operator = operators.of(name, type_, negated=negated)
    if operator is None:
        raise NotInTheForm(f"The form has no test {name} there.")
    if operator.operand is None or len(arguments) < 2:
        return TestNode(arguments[0], operator.code, [])
    typed = operands.from_json(operator.operand, type_, arguments[1])
    return TestNode(arguments[0], operator.code, typed)


def _find(top: GroupNode, place: list[int]) -> Node | None:
    node: Node = top
    for index in place:
        if not isinstance(node, GroupNode) or not 0 <= index < len(node.children):
            return None
        node = node.children[index]
    return node


def _swap(children: list[Node], index: int) -> None:
    children[index], children[index + 1] = children[index + 1], children[index]
