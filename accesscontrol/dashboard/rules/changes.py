"""A version in words against the one in force: its sentence with the changes marked, its lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from accesscontrol import orders, policy
from accesscontrol.dashboard.rules import known, outline
from accesscontrol.errors import Refused
from accesscontrol.models import RuleVersion
from accesscontrol.orders import language

SHORTEST = 2  # fewer same words between two changes are read as part of one change


@dataclass(frozen=True)
class Part:
    """Some words of a sentence and what became of them: nothing, "added" or "removed"."""

    text: str
    change: str = ""


def said(version: RuleVersion, at: datetime) -> dict[str, Any]:
    """The version in a sentence and in lines; where the vocabulary moved on, why it has none."""
    ground = language.ground(at)
    vocabulary = {each["name"]: each for each in ground["vocabulary"]}
    sentence, problem = _sentence(version, at)
    return {
        "sentence": sentence,
        "problem": problem,
        "lines": outline.of_rule(version.content, vocabulary),
        "vocabulary": vocabulary,
        "warnings": known.warnings(version.content),
    }


def against_in_force(version: RuleVersion, at: datetime) -> dict[str, Any]:
    """The version's words, against the version in force where there is one."""
    now = said(version, at)
    before = orders.in_force(version.rule, at)
    if before is not None and before.pk == version.pk:
        before = version.based_on
    if before is None:
        return {"said": now, "before": None, "lines": now["lines"], "parts": []}
    old = outline.of_rule(before.content, now["vocabulary"])
    lines = outline.difference(old, now["lines"])
    return {
        "said": now,
        "before": before,
        "lines": lines,
        "changed": sum(1 for line in lines if line.change),
        "parts": marked(_sentence(before, at)[0], now["sentence"]),
    }


def marked(before: str, after: str) -> list[Part]:
    """The new sentence in parts, each removed part before what replaced it."""
    if not before or not after:
        return []
    old, new = before.split(" "), after.split(" ")
    parts: list[Part] = []
    for changed, was, now in _stretches(old, new):
        if not changed:
            parts.append(Part(" ".join(now)))
            continue
        parts += [Part(" ".join(was), "removed")] if was else []
        parts += [Part(" ".join(now), "added")] if now else []
    return parts


def _stretches(old: list[str], new: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Same and changed words in turn; a word or two between changes belongs to the change."""
    was: list[str] = []
    now: list[str] = []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (what, a, b, c, d) in enumerate(codes):
        inside = 0 < number < len(codes) - 1
        if what == "equal" and not (inside and b - a <= SHORTEST):
            if was or now:
                yield True, was, now
                was, now = [], []
            yield False, old[a:b], new[c:d]
        else:
            was, now = was + old[a:b], now + new[c:d]
    if was or now:
        yield True, was, now


def _sentence(version: RuleVersion, at: datetime) -> tuple[str, str]:
    try:
        return policy.sentence(orders.parsed(version.content, at=at)), ""
    except Refused as refusal:
        return "", refusal.message
