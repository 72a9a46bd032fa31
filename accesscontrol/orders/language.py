"""Checks rules and test cases of officers against the rule language of the next release."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accesscontrol import policy, releases
from accesscontrol.ledger.canonical import NotCanonical, canonical_json
from accesscontrol.orders.refusals import CannotEdit


def ground(at: datetime) -> dict[str, Any]:
    """The next release without its rules: vocabulary, territories, groups, lists."""
    return {**releases.build(number=1, at=at), "rules": []}


def parsed(document: Mapping[str, Any], *, at: datetime) -> policy.Rule:
    """Parse a rule. Raises CannotEdit with pointer, code and message."""
    about = ground(at)
    try:
        return policy.parse_rule(
            dict(document),
            vocabulary=about["vocabulary"],
            groups=about["groups"],
            lists=about["lists"],
        )
    except policy.PolicyError as error:
        raise CannotEdit(error.message, pointer=error.pointer, code=error.code) from None


def ensure_canonical(value: object, pointer: str) -> None:
    try:
        text = canonical_json(value)
    except NotCanonical as error:
        raise CannotEdit(f"This cannot be stored: {error}.", pointer=pointer) from None
    if "\\u0000" in text:
        raise CannotEdit("This holds a NUL character, which no rule may.", pointer=pointer)


def ensure_reason(because: str) -> None:
    if not because.strip():
        raise CannotEdit("Say why in a sentence: it is kept with the change.", pointer="/because")
