"""Compares a version in words with the one in force: sentence and lines with marked changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from accesscontrol import orders, policy
from accesscontrol.dashboard.rules import outline, register_ids
from accesscontrol.errors import Refused
from accesscontrol.models import RuleVersion
from accesscontrol.orders import language

SHORTEST = 2  # so many same words or fewer between two changes are read as part of one change


@dataclass(frozen=True)
class MarkedPart:
    """Some words of a sentence, and their change: none, "added" or "removed"."""

    text: str
    change: str = ""


def in_words(version: RuleVersion, at: datetime) -> dict[str, Any]:
    """The version in a sentence and in lines.

    If the current vocabulary refuses the rule, ``problem`` says why there is no sentence.
    """
    ground = language.ground(at)
    vocabulary = {attribute["name"]: attribute for attribute in ground["vocabulary"]}
    sentence, problem = _sentence(version, at)
    return {
        "sentence": sentence,
        "problem": problem,
        "lines": outline.of_rule(version.content, vocabulary),
        "vocabulary": vocabulary,
        "warnings": register_ids.warnings(version.content),
    }


def against_in_force(version: RuleVersion, at: datetime) -> dict[str, Any]:
    """The version in words, compared with the version in force if there is one."""
    now = in_words(version, at)
    before = orders.in_force(version.rule, at)
    if before is not None and before.pk == version.pk:
        before = version.based_on
    if before is None:
        return {"in_words": now, "before": None, "lines": now["lines"], "parts": []}
    old = outline.of_rule(before.content, now["vocabulary"])
    lines = outline.difference(old, now["lines"])
    return {
        "in_words": now,
        "before": before,
        "lines": lines,
        "changed": sum(1 for line in lines if line.change),
        "parts": marked(_sentence(before, at)[0], now["sentence"]),
    }


def marked(before: str, after: str) -> list[MarkedPart]:
    """The new sentence in parts, with each removed part before the one that replaces it."""
    if not before or not after:
        return []
    old, new = before.split(" "), after.split(" ")
    parts: list[MarkedPart] = []
    for changed, removed, added in _stretches(old, new):
        if not changed:
            parts.append(MarkedPart(" ".join(added)))
            continue
        parts += [MarkedPart(" ".join(removed), "removed")] if removed else []
        parts += [MarkedPart(" ".join(added), "added")] if added else []
    return parts


def _stretches(old: list[str], new: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    """Yield ``(changed, old words, new words)``, with same and changed words in turn.

    A word or two between two changes belongs to the change.
    """
    removed: list[str] = []
    added: list[str] = []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (what, a, b, c, d) in enumerate(codes):
        inside = 0 < number < len(codes) - 1
        if what == "equal" and not (inside and b - a <= SHORTEST):
            if removed or added:
                yield True, removed, added
                removed, added = [], []
            yield False, old[a:b], new[c:d]
        else:
            removed, added = removed + old[a:b], added + new[c:d]
    if removed or added:
        yield True, removed, added


def _sentence(version: RuleVersion, at: datetime) -> tuple[str, str]:
    try:
        return policy.sentence(orders.parsed(version.content, at=at)), ""
    except Refused as refusal:
        return "", refusal.message
