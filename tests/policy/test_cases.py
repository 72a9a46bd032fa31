"""Every case that somebody else wrote from the language's page gets the verdict that they wrote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accesscontrol.policy.command.readers import NAMES, reader_named
from accesscontrol.policy.command.session import Session

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "policy"
FILES = ("handmade", "random")
NOT_SENT = ("id", "about", "expect")
ENTRIES = {
    "reasons": ("rule", "version", "effect"),
    "undetermined": ("rule", "missing", "deferred"),
    "lifted": ("rule", "by"),
    "would_have": ("rule", "effect", "truth"),
}


def lines(name: str) -> Iterator[dict[str, Any]]:
    path = FOLDER / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"the cases are not on this machine: {path} is missing")
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def sent(line: dict[str, Any]) -> bytes:
    if "raw" in line:
        return str(line["raw"]).encode()
    kept = {member: value for member, value in line.items() if member not in NOT_SENT}
    return json.dumps(kept, ensure_ascii=False).encode()


def compared(answer: Any) -> Any:
    """What counts of an answer: not the message, and of entries the members that the page names."""
    if answer is None:
        return None
    if "error" in answer:
        return {member: answer["error"][member] for member in ("at", "code")}
    return {
        name: [{member: entry[member] for member in ENTRIES[name]} for entry in value]
        if name in ENTRIES
        else value
        for name, value in answer.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("reader", NAMES)
def test_cases(name: str, reader: str) -> None:
    """The columns answer standings, and say of every other question that it is not theirs."""
    session, wrong, total = Session(reader_named(reader)), [], 0
    for line in lines(name):
        printed = session.answer(sent(line))
        if printed == {"not_of_reader": "columns"} and reader == "columns":
            assert not line.get("standing")
            continue
        answer = compared(printed)
        if "expect" in line:
            total += 1
            if answer != compared(line["expect"]):
                wrong.append((line["id"], line["expect"], answer))
        elif answer is not None:
            wrong.append(("a release that was to be accepted", None, answer))
    assert total > 0
    assert wrong == []
