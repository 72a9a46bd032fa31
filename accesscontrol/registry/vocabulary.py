"""Checks values against the vocabulary, and suggests what was meant."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from accesscontrol import releases
from accesscontrol.errors import Refused
from accesscontrol.policy import EXPECTED, NotAValue, read_value

# Attributes that are derived from other tables: nothing may store them as facts.
DERIVED = (
    "licensee.id",
    "model.id",
    "licensee.red_flags_open",
    "model.jailbreak_findings_open",
    "licensee.list_status.",
    "licensee.captured_by_ownership.",
    "licensee.restricted_owner_share.",
)


class UnknownAttribute(Refused):
    """The vocabulary has no such attribute, or it is derived and cannot be edited."""

    code = "unknown_attribute"


class InvalidValue(Refused):
    """The value is outside its attribute's domain."""

    code = "invalid_value"


def attributes() -> dict[str, Mapping[str, Any]]:
    """The vocabulary by name."""
    return {each["name"]: each for each in releases.vocabulary()}


def check_fact(
    name: str, value: Any, *, of: str, known: Mapping[str, Mapping[str, Any]] | None = None
) -> Any:
    """The value as it is stored, for an attribute of a ``licensee`` or ``model``. None is kept."""
    known = known or attributes()
    attribute = _attribute(name, known, f"{of}.")
    if name.startswith(DERIVED):
        raise UnknownAttribute(f"“{name}” is derived from the register and cannot be edited.")
    return None if value is None else check_value(attribute, value)


def check_facts(facts: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """Several facts of one licensee or model, as they are stored."""
    known = attributes() if facts else {}
    return {name: check_fact(name, value, of=of, known=known) for name, value in facts.items()}


def check_statement(name: str, value: Any) -> Any:
    """The value of an attribute of source request, as an attestation states it."""
    known = {n: a for n, a in attributes().items() if a["source"] == "request"}
    known.pop("request.activity", None)  # the question itself says it
    return check_value(_attribute(name, known, ""), value)


def check_value(attribute: Mapping[str, Any], value: Any) -> Any:
    """The value in its canonical order; raises InvalidValue with what was expected."""
    name, type_ = attribute["name"], attribute["type"]
    try:
        read = read_value(type_, value)
    except NotAValue:
        raise InvalidValue(f"{name} has to be {EXPECTED[type_]}.", pointer=name) from None
    allowed = attribute.get("values")
    if allowed:
        for each in read if isinstance(read, frozenset) else [read]:
            _check_allowed(name, str(each), allowed)
    if attribute.get("non_empty") and read == frozenset():
        raise InvalidValue(f"{name} cannot be empty.", pointer=name)
    return sorted(read) if isinstance(read, frozenset) else value


def nearest(name: str, among: Iterable[str]) -> str:
    """“ Did you mean …?” with the nearest known name, or nothing."""
    close = difflib.get_close_matches(name, list(among), 1, cutoff=0.5)
    return f" Did you mean “{close[0]}”?" if close else ""


def _attribute(name: str, known: Mapping[str, Mapping[str, Any]], prefix: str) -> Mapping[str, Any]:
    candidates = [each for each in known if each.startswith(prefix)]
    if name not in candidates:
        raise UnknownAttribute(
            f"There is no attribute “{name}”.{nearest(name, candidates)}", pointer=name
        )
    return known[name]


def _check_allowed(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        hint = nearest(value, allowed)
        raise InvalidValue(
            f"“{value}” is no {name}: choose among {', '.join(sorted(allowed))}.{hint}",
            pointer=name,
        )
