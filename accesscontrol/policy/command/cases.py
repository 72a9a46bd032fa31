"""Runs a company's own test cases against a release: questions, and what each must answer."""

from dataclasses import dataclass
from typing import Final

from accesscontrol.policy.command.session import ask
from accesscontrol.policy.language import documents
from accesscontrol.policy.language.errors import BAD_SHAPE, PolicyError, below, shown
from accesscontrol.policy.language.release import Release

EXPECTED: Final = (
    "outcome",
    "reasons",
    "undetermined",
    "lifted",
    "would_have",
    "conflicts",
    "invalid",
    "ignored",
)


@dataclass(frozen=True)
class Failure:
    """A test case whose answer is not the expected one."""

    name: str
    message: str


def run_cases(release: Release, document: object) -> tuple[int, list[Failure]]:
    """How many test cases there are, and those that fail.

    A test case is a question (``facts``, ``at`` and so on) with ``expect``, an outcome or an object
    with some members of an answer, and optionally ``name``. Raises PolicyError for a malformed one.
    """
    cases = documents.an_array(document, "")
    failures = []
    for index, entry in enumerate(cases):
        pointer = below("", index)
        case = documents.an_object(entry, pointer)
        name = str(case.get("name", f"case {index + 1}"))
        answer = ask(release, case, pointer).to_json()
        failures += [
            Failure(name, f"{member} is {shown(answer[member])}, expected {shown(expected)}")
            for member, expected in _expected(case, pointer).items()
            if answer[member] != expected
        ]
    return len(cases), failures


def _expected(case: documents.Json, pointer: str) -> documents.Json:
    if "expect" not in case:
        raise PolicyError(pointer, BAD_SHAPE, 'A case has the member "expect".')
    expected = case["expect"]
    if isinstance(expected, str):
        return {"outcome": expected}
    return documents.members(expected, below(pointer, "expect"), (), EXPECTED)
