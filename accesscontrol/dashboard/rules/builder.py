"""Prepares the editor's conditions for their template: labels, choices, inputs, problems."""

from collections.abc import Mapping
from typing import Any, assert_never

from accesscontrol.dashboard.rules import register_ids, tree
from accesscontrol.dashboard.rules.draft import Draft
from accesscontrol.dashboard.rules.operators import Offer
from accesscontrol.dashboard.shell import words
from accesscontrol.policy import COUNTRIES, Named

SECTIONS = (
    ("licensee", "Licensee"),
    ("model", "Model"),
    ("user", "User"),
    ("request", "Request"),
    ("entitlement", "Entitlement"),
)
HINTS = {
    "quantity": "Such as 1e26",
    "share": "A percentage between 0 and 100",
    "integer": "A whole number",
    "country": "A country or its two letters",
    "countries": "A country or its two letters",
}
YES_NO = [("true", "yes"), ("false", "no")]


class Choices:
    """The choices of the inputs of conditions: attributes by section, groups, lists, ids."""

    def __init__(self, ground: Mapping[str, Any]) -> None:
        self.vocabulary = {attribute["name"]: attribute for attribute in ground["vocabulary"]}
        self.groups = sorted(ground["groups"])
        self.lists = sorted(ground["lists"])
        self.known = register_ids.offered()

    def sections(self) -> list[dict[str, Any]]:
        return [
            {"label": label, "attributes": options}
            for prefix, label in SECTIONS
            if (options := [self._option(n) for n in self.vocabulary if n.startswith(f"{prefix}.")])
        ]

    def _option(self, name: str) -> tuple[str, str]:
        label = self.vocabulary[name].get("label") or words.attribute(name)
        return name, label[:1].upper() + label[1:]


def builder(draft: Draft, choices: Choices) -> dict[str, Any]:
    """The context of the template of conditions."""
    return {
        "as_expression": draft.as_expression,
        "expression": draft.expression,
        "problem": draft.problems.get("expression", ""),
        "when": node(draft.when, draft, choices, "w"),
        "unless": [
            {
                "place": f"u{index}",
                "number": index + 1,
                "exemption": exemption,
                "problem": draft.problems.get(f"u{index}", ""),
                "node": node(exemption.when, draft, choices, f"u{index}", in_exemption=True),
            }
            for index, exemption in enumerate(draft.unless)
        ],
        "sections": choices.sections(),
        "how": tree.HOW,
        "problems": [(place.replace(".", "-"), text) for place, text in draft.problems.items()],
        "countries": sorted(COUNTRIES.items(), key=lambda pair: pair[1]),
        "known": [(f"known-{name}", values) for name, values in choices.known.items()],
    }


def node(
    item: tree.Node,
    draft: Draft,
    choices: Choices,
    place: str,
    *,
    in_exemption: bool = False,
    under_none: bool = False,
) -> dict[str, Any]:
    """The context of one group with its children, or of one test."""
    level = place.count(".") + 1
    base = {
        "place": place,
        "id": place.replace(".", "-"),
        "level": level,
        "top": level == 1,
        "problem": draft.problems.get(place, ""),
    }
    if isinstance(item, tree.GroupNode):
        inside = under_none != (item.how == "none")
        where = {"in_exemption": in_exemption, "under_none": inside}
        base["children"] = [
            node(child, draft, choices, f"{place}.{index}", **where)
            for index, child in enumerate(item.children)
        ]
        return {
            **base,
            "group": True,
            "how": item.how,
            "nests": level < tree.LEVELS,
            "count": len(item.children),
        }
    fit = tree.fitting(item, choices.vocabulary, in_exemption=in_exemption, under_none=under_none)
    return {**base, "test": item, "operators": fit, **_input(item, fit, choices)}


def _input(item: tree.TestNode, fit: list[Offer], choices: Choices) -> dict[str, Any]:
    """The input that fits the operator: none, a choice, several choices, or a text with a hint."""
    operator = next((offer for offer in fit if offer.code == item.operator), None)
    if operator is None or operator.operand is None:
        return {"input": "none"}
    attribute = choices.vocabulary[item.attribute]
    type_, listed = attribute["type"], operator.operand.several
    options = _options(operator.operand.names, attribute, choices)
    if options is not None:
        known = [value for value, _ in options]
        odd = [(value, value) for value in item.typed if value not in known and value]
        return {"input": "several" if listed else "choice", "options": options + odd}
    hint = HINTS.get(type_, "")
    if listed:
        hint = f"{hint + '; several' if hint else 'Several'} with commas"
    shown = ", ".join(item.typed) if listed else "".join(item.typed[:1])
    return {
        "input": "date" if type_ == "date" else "text",
        "shown": shown,
        "hint": hint,
        "offers": "" if listed else _offers(item.attribute, type_, choices),
        "unit": "%" if type_ == "share" else "",
    }


def _offers(attribute: str, type_: str, choices: Choices) -> str:
    """The id of the datalist of a text input. Empty if it has none."""
    if type_ in ("country", "countries"):
        return "countries"
    return f"known-{attribute}" if attribute in choices.known else ""


def _options(
    names: Named | None, attribute: Mapping[str, Any], choices: Choices
) -> list[tuple[str, str]] | None:
    """The options of a choice: groups, lists or an attribute's few values. None for a text."""
    match names:
        case "group":
            return [(name, name) for name in choices.groups]
        case "list":
            return [(name, name) for name in choices.lists]
        case None:
            pass
        case _:
            assert_never(names)
    if attribute["type"] == "boolean":
        return YES_NO
    if attribute.get("values"):
        return [(value, value.replace("_", " ")) for value in attribute["values"]]
    return None
