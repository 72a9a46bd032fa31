"""The ids in the register: those that the editor offers, and those that a rule names wrongly."""

from collections.abc import Iterator, Mapping
from typing import Any

from accesscontrol.models import AIModel, Licensee
from accesscontrol.policy import OPERATORS

OFFERED = 300  # ids at most in a list to choose from
NAMES: Mapping[str, tuple[str, Any]] = {
    "model.id": ("model", AIModel),
    "licensee.id": ("licensee", Licensee),
}


def offered() -> dict[str, list[tuple[str, str]]]:
    """The ids with names that an input offers, by attribute. Licensees are too many for a list."""
    models = AIModel.objects.filter(retired_at=None).order_by("ref")
    return {"model.id": list(models.values_list("ref", "name")[:OFFERED])}


def warnings(content: Mapping[str, Any]) -> list[str]:
    """A sentence for each id that a condition names and the register lacks."""
    conditions = [content.get("when"), *(e.get("when") for e in content.get("unless") or [])]
    named: dict[str, set[str]] = {}
    for condition in conditions:
        for attribute, value in _ids(condition):
            named.setdefault(attribute, set()).add(value)
    return [
        f"The register holds no {NAMES[attribute][0]} “{value}”: a condition that names it holds"
        " for nothing until one is added. Check how it is written."
        for attribute, values in sorted(named.items())
        for value in sorted(values - _existing(attribute, values))
    ]


def _existing(attribute: str, values: set[str]) -> set[str]:
    refs = [value for value in values if "\0" not in value]
    rows = NAMES[attribute][1].objects.filter(ref__in=refs)
    return set(rows.values_list("ref", flat=True))


def _ids(condition: Any) -> Iterator[tuple[str, str]]:
    """Yield the attribute and the id of each test of an id in a condition, at any depth."""
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        for name, inside in node.items():
            if _compares_ids(name):
                yield from _of_test(inside)
            else:
                waiting += inside if isinstance(inside, list) else [inside]


def _compares_ids(name: str) -> bool:
    """Whether the operator compares a code, such as an id, with one or several codes."""
    operator = OPERATORS.get(name)
    return operator is not None and operator.operand.names is None and "code" in operator.types


def _of_test(arguments: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(arguments, list) or len(arguments) != 2 or arguments[0] not in NAMES:
        return
    operand = arguments[1]
    for value in operand if isinstance(operand, list) else [operand]:
        if isinstance(value, str):
            yield arguments[0], value
