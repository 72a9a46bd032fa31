"""A rule in the editor: read from a stored version or a posted form, written in the language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accesscontrol.dashboard import moments
from accesscontrol.dashboard.rules import tree
from accesscontrol.dashboard.rules.tree import GroupNode, Vocabulary
from accesscontrol.models import Order, RuleVersion
from accesscontrol.models.common import instant

MOST_EXEMPTIONS = 30
DEEPEST = 400  # levels of objects and arrays; a hundred levels of conditions need no more
TOO_DEEP = "The conditions stand too deep in each other: at most 100 levels."
TEXTS = ("ref", "citation", "effective_from", "effective_until")


@dataclass
class ExemptionDraft:
    """A condition that lifts the rule, with its own citation and dates."""

    ref: str = ""
    citation: str = ""
    effective_from: str = ""
    effective_until: str = ""
    when: GroupNode = field(default_factory=lambda: GroupNode("all", [tree.TestNode()]))


@dataclass
class Draft:
    """The conditions and exemptions of a rule, as a tree or as an expression."""

    when: GroupNode = field(default_factory=lambda: GroupNode("all", [tree.TestNode()]))
    unless: list[ExemptionDraft] = field(default_factory=list)
    expression: str = ""
    as_expression: bool = False
    problems: dict[str, str] = field(default_factory=dict)  # place -> in words
    where: dict[str, str] = field(default_factory=dict)  # pointer -> place


class NoExpression(ValueError):
    """The text is no JSON of a rule's conditions. The message says where."""


def of_content(content: Mapping[str, Any], vocabulary: Vocabulary, zone: str) -> Draft:
    """The draft of a stored rule. It is an expression if the form cannot show it."""
    try:
        return Draft(
            when=tree.from_json(content["when"], vocabulary),
            unless=[
                _exemption(document, vocabulary, zone) for document in content.get("unless") or []
            ],
        )
    except tree.NotInTheForm:
        return Draft(as_expression=True, expression=printed(content))


def of_post(post: QueryDict, vocabulary: Vocabulary) -> Draft:
    """The draft of a posted form."""
    if post.get("mode") == "expression":
        return Draft(as_expression=True, expression=post.get("expression", "").replace("\0", "�"))
    count = min(_number(post.get("unless:n", "0")), MOST_EXEMPTIONS)
    draft = Draft(when=tree.root(post, "w"))
    for index in range(count):
        texts = {name: post.get(f"u{index}:{name}", "").replace("\0", "�")[:300] for name in TEXTS}
        draft.unless.append(ExemptionDraft(**texts, when=tree.root(post, f"u{index}")))
    tree.settle(draft.when, vocabulary, in_exemption=False)
    for exemption in draft.unless:
        tree.settle(exemption.when, vocabulary, in_exemption=True)
    return draft


def act(draft: Draft, command: str) -> None:
    """Do what an add, remove or move button asks: `add-test:w.0`, `remove-exemption:u1`."""
    verb, _, place = command.partition(":")
    top, *path = place.split(".")
    if verb == "add-exemption" and len(draft.unless) < MOST_EXEMPTIONS:
        draft.unless.append(ExemptionDraft())
        return
    exemption = _number(top[1:]) if top.startswith("u") else None
    if exemption is not None and exemption >= len(draft.unless):
        return
    if verb == "remove-exemption" and exemption is not None:
        del draft.unless[exemption]
        return
    group = draft.when if exemption is None else draft.unless[exemption].when
    tree.act(group, verb, [_number(step) for step in path])


def conditions(draft: Draft, vocabulary: Vocabulary, zone: str) -> dict[str, Any]:
    """Return `when` and `unless` in the language. Raises NoExpression."""
    if draft.as_expression:
        return parsed(draft.expression)
    draft.where = {}
    when = tree.to_json(draft.when, vocabulary, "w", "/when", draft.where)
    unless = []
    for index, exemption in enumerate(draft.unless):
        place, pointer = f"u{index}", f"/unless/{index}"
        draft.where[pointer] = place
        document = {
            "ref": exemption.ref.strip(),
            "citation": exemption.citation.strip(),
            "when": tree.to_json(exemption.when, vocabulary, place, f"{pointer}/when", draft.where),
            "effective_from": _moment(draft, exemption.effective_from, zone, place),
            "effective_until": _moment(draft, exemption.effective_until, zone, place),
        }
        unless.append(document)
    return {"when": when, "unless": unless}


def unfinished(draft: Draft) -> dict[str, str]:
    """The places of the form that still need a choice, each with what to do."""
    if draft.as_expression:
        return {}
    places = tree.unfinished(draft.when, "w")
    for index, exemption in enumerate(draft.unless):
        places |= tree.unfinished(exemption.when, f"u{index}")
    return places


def parsed(text: str) -> dict[str, Any]:
    """Return the conditions of an expression. Raises NoExpression with line and column."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise NoExpression(
            f"This is no JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except ValueError as error:
        raise NoExpression(f"This is no JSON that a rule can be read from: {error}") from None
    except RecursionError:
        raise NoExpression(TOO_DEEP) from None
    if _depth(document) > DEEPEST:
        raise NoExpression(TOO_DEEP)
    if not isinstance(document, dict) or "when" not in document:
        raise NoExpression('The expression is an object with "when" and, if any, "unless".')
    unknown = sorted(set(document) - {"when", "unless"})
    if unknown:
        raise NoExpression(f'Only "when" and "unless" stand here, not {", ".join(unknown)}.')
    return {"when": document["when"], "unless": document.get("unless", [])}


def printed(content: Mapping[str, Any]) -> str:
    """The conditions as an expression that a person edits."""
    shown = {"when": content["when"], "unless": content.get("unless") or []}
    return json.dumps(shown, indent=2, ensure_ascii=False)


def blame(draft: Draft, pointer: str, message: str) -> bool:
    """Put a problem beside its condition. Returns False if it is not about a condition."""
    if not pointer.startswith(("/when", "/unless")):
        return False
    if draft.as_expression:
        draft.problems["expression"] = f"{place_in_words(pointer)}: {message}"
        return True
    near = pointer
    while near and near not in draft.where:
        near = near.rpartition("/")[0]
    draft.problems[draft.where.get(near, "w")] = message
    return True


def place_in_words(pointer: str) -> str:
    """`/when/all/1/any/0` as `In “when”, condition 2 of “all”, condition 1 of “any”`."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    parts, index = [f"In “{steps[0]}”"], 1
    while index < len(steps):
        step = steps[index]
        following = steps[index + 1] if index + 1 < len(steps) else ""
        if step.isdigit():
            parts.append(f"entry {int(step) + 1}")
        elif following.isdigit():
            parts.append(f"condition {int(following) + 1} of “{step}”")
            index += 1
        else:
            parts.append(f"“{step}”")
        index += 1
    return ", ".join(parts)


def initial(content: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The values of the other fields of a stored rule."""
    typed = {
        name: moments.written(_stored(content.get(name)), zone)
        for name in ("effective_from", "effective_until", "report_only_until")
    }
    return {
        **{name: content.get(name, "") for name in ("title", "citation", "effect")},
        "license_review_policy": content.get("license_review_policy", ""),
        "zone": zone,
        **typed,
    }


def first(order: Order | None, zone: str) -> dict[str, Any]:
    """The values that a new rule begins with, which come from its order."""
    start: dict[str, Any] = {"zone": zone, "effect": "deny"}
    if order is not None:
        start |= {
            "order": order.reference,
            "effective_from": moments.written(order.effective_at, zone),
        }
        if not order.confidential:
            start["citation"] = order.citation
    return start


def content(fields: Mapping[str, Any], conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The rule in the language, from the fields and the conditions."""
    rule = {
        **{name: fields[name] for name in ("title", "citation", "effect")},
        **conditions,
        **{
            name: instant(fields[name]) if fields.get(name) else None
            for name in ("effective_from", "effective_until", "report_only_until")
        },
    }
    if fields["effect"] == "license_required" and fields.get("license_review_policy"):
        rule["license_review_policy"] = fields["license_review_policy"]
    return rule


def zone_of(version: RuleVersion | None, order: Order | None) -> str:
    """The time zone of the order."""
    order = version.rule.order if version else order
    return order.zone if order else moments.ZONES[0][0]


def _exemption(document: Mapping[str, Any], vocabulary: Vocabulary, zone: str) -> ExemptionDraft:
    return ExemptionDraft(
        ref=document["ref"],
        citation=document["citation"],
        effective_from=moments.written(_stored(document.get("effective_from")), zone),
        effective_until=moments.written(_stored(document.get("effective_until")), zone),
        when=tree.from_json(document["when"], vocabulary),
    )


def _moment(draft: Draft, text: str, zone: str, place: str) -> str | None:
    if not text:
        return None
    try:
        return instant(moments.read(text, zone))
    except moments.NoSuchMoment as problem:
        draft.problems[place] = problem.message
        return None


def _stored(text: Any) -> Any:
    return moments.read(str(text), "UTC") if text else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands there twice.")
    return members


def _depth(document: Any) -> int:
    """The number of levels of arrays and objects, counted without recursion."""
    deepest, level = 0, [document]
    while level:
        deepest += 1
        nodes = [node for node in level if isinstance(node, dict | list)]
        level = [
            child for node in nodes for child in (node.values() if isinstance(node, dict) else node)
        ]
    return deepest


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 4 else 0
