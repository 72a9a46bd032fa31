"""Puts a rule into lines of words, and compares two versions line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from accesscontrol.dashboard.rules import operands, operators
from accesscontrol.dashboard.shell import words
from accesscontrol.policy import Attribute, PolicyError, Scope, parse_condition, say

HOW = {
    ("all", False): "all of these hold:",
    ("any", False): "any of these holds:",
    ("all", True): "not all of these hold:",
    ("any", True): "none of these holds:",
}


@dataclass(frozen=True)
class Line:
    """One line of a rule in words, with its indentation and its change."""

    text: str
    level: int = 0
    change: str = ""  # "", "added", "removed"

    @property
    def indent(self) -> str:
        return f"in-{min(self.level, 6)}"


Vocabulary = Mapping[str, Mapping[str, Any]]


def of_rule(content: Mapping[str, Any], vocabulary: Vocabulary) -> list[Line]:
    """The whole rule, as lines that can be compared."""
    lines = [
        Line(f"Title: {content.get('title', '')}"),
        Line(f"Order: {content.get('order', '')}"),
        Line(f"Citation: {content.get('citation', '')}"),
        Line(f"Effect: {words.outcome(str(content.get('effect', '')))['word']}"),
    ]
    if content.get("license_review_policy"):
        policy = str(content["license_review_policy"]).replace("_", " ")
        lines.append(Line(f"License review policy: {policy}"))
    lines.append(Line(f"In force from: {_instant(content.get('effective_from'))}"))
    lines.append(Line(f"In force until: {_instant(content.get('effective_until'))}"))
    if content.get("report_only_until"):
        lines.append(Line(f"Report only until: {_instant(content['report_only_until'])}"))
    lines.append(Line("When:"))
    lines += of_condition(content.get("when"), vocabulary, level=1)
    for exemption in content.get("unless") or []:
        head = f"Unless {exemption.get('ref')} ({exemption.get('citation')})"
        begins = _instant(exemption.get("effective_from"))
        ends = _instant(exemption.get("effective_until"))
        lines.append(Line(f"{head}, from {begins} until {ends}:"))
        lines += of_condition(exemption.get("when"), vocabulary, level=1)
    return lines


def of_condition(
    document: Any, vocabulary: Vocabulary, *, level: int = 0, negated: bool = False
) -> list[Line]:
    """A condition as indented lines. A document that is no condition is shown as it is."""
    if not isinstance(document, dict) or len(document) != 1:
        return [Line(str(document), level)]
    ((name, inside),) = document.items()
    if name == "not":
        return of_condition(inside, vocabulary, level=level, negated=not negated)
    if name in ("all", "any") and isinstance(inside, list):
        lines = [Line(HOW[name, negated], level)]
        for child in inside:
            lines += of_condition(child, vocabulary, level=level + 1)
        return lines
    return [Line(test(name, inside, vocabulary, negated=negated), level)]


def test(name: str, arguments: Any, vocabulary: Vocabulary, *, negated: bool) -> str:
    """One test in words: those of the policy room if it can read the test, else the form's."""
    if not isinstance(arguments, list) or not arguments:
        return f"{name} {arguments}"
    if name != "is_known" and (sentence := _words_of_policy(name, arguments, vocabulary, negated)):
        return sentence
    attribute = vocabulary.get(str(arguments[0]), {})
    label = attribute.get("label") or words.attribute(str(arguments[0])).lower()
    operator = operators.of(name, str(attribute.get("type", "")), negated=negated)
    verb = operator.words if operator else f"{'not ' if negated else ''}{name}"
    if len(arguments) < 2:
        return f"{label} {verb}"
    return f"{label} {verb} {operands.in_words(str(attribute.get('type', '')), arguments[1])}"


def _words_of_policy(name: str, arguments: list[Any], vocabulary: Vocabulary, negated: bool) -> str:
    """The test in the words of the policy room. Empty if the current vocabulary refuses it."""
    document = vocabulary.get(str(arguments[0]))
    if document is None or len(arguments) != 2:
        return ""
    values = document.get("values")
    known = {**document, "values": tuple(values) if values is not None else None}
    named = {str(arguments[1])}
    scope = Scope({known["name"]: Attribute(**known)}, named, named, "", exempts=False)
    try:
        leaf = parse_condition({name: arguments}, "", scope)
    except PolicyError:
        return ""
    return say(leaf, negated=negated)  # type: ignore[arg-type]  # a test is a leaf


def difference(before: list[Line], after: list[Line]) -> list[Line]:
    """The new rule's lines, with each removed line before the one that replaces it."""
    lines: list[Line] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            lines += after[c:d]
            continue
        lines += [Line(line.text, line.level, "removed") for line in before[a:b]]
        lines += [Line(line.text, line.level, "added") for line in after[c:d]]
    return lines


def _instant(text: Any) -> str:
    return str(text).replace("T", " ").replace("Z", " UTC") if text else "no end"
