"""A caller's question: the licensee, the model, the activity, and the facts that it states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accesscontrol.errors import Refused
from accesscontrol.ledger.canonical import NotCanonical, canonical_json, digest, is_plain

LARGEST_VALUE = 2_000  # twenty such values still fit into one event of the log


class Semantic(StrEnum):
    """When a batch stops (AuthZEN 1.0 §7.1.2)."""

    ALL = "execute_all"
    DENY_FIRST = "deny_on_first_deny"
    PERMIT_FIRST = "permit_on_first_permit"

    def ends_with(self, *, permits: bool) -> bool:
        """Whether the batch ends with this answer."""
        return self is (Semantic.PERMIT_FIRST if permits else Semantic.DENY_FIRST)


class UnknownName(Refused):
    """A statement about a user has a name that is not in the vocabulary: most likely mistyped."""

    code = "unknown_attribute"


@dataclass(frozen=True)
class Asked:
    """One question. The names in ``stated``, like ``user.us_person``, are not yet checked."""

    licensee: str
    model: str
    activity: str
    stated: Mapping[str, Any] = field(default_factory=dict)
    subject_type: str = "licensee"
    resource_type: str = "model"
    user_id: str = ""
    request_sha256: str = ""
    idempotency_key: str = ""

    @property
    def licensee_ref(self) -> str:
        """The licensee's reference; empty if the subject is not a licensee."""
        return self.licensee if self.subject_type == "licensee" else ""

    @property
    def model_ref(self) -> str:
        """The model's reference; empty if the resource is not a model."""
        return self.model if self.resource_type == "model" else ""


@dataclass(frozen=True)
class Faulty:
    """An item of a batch that is no question. It permits nothing."""

    status: int
    code: str
    message: str
    pointer: str = ""


def statements(asked: Asked, vocabulary: Mapping[str, Any]) -> dict[str, Any]:
    """The statements by attribute. A name that only a custom attribute has means that attribute.

    An unknown name is left out. Raises UnknownName for an unknown name about a user, since leaving
    it out could silence a fact.
    """
    placed: dict[str, Any] = {}
    for name, value in asked.stated.items():
        attribute = _attribute(name, vocabulary)
        if attribute is not None:
            placed[attribute] = readable(value)
        elif name.startswith("user."):
            raise _unknown(name, vocabulary)
    return placed


def _attribute(name: str, vocabulary: Mapping[str, Any]) -> str | None:
    about, _, rest = name.partition(".")
    custom = f"{about}.custom.{rest}"
    return next((each for each in (name, custom) if each in vocabulary), None)


def _unknown(name: str, vocabulary: Mapping[str, Any]) -> UnknownName:
    known = sorted(
        each.removeprefix("user.").removeprefix("custom.")
        for each in vocabulary
        if each.startswith("user.")
    )
    short = name.removeprefix("user.")
    return UnknownName(
        f"Nothing about a user is called {short[:80]!r}. Known are id, {', '.join(known)}.",
        pointer="/subject/properties/user/" + short.replace("~", "~0").replace("/", "~1"),
    )


def readable(value: Any) -> Any:
    """The value if it can be recorded exactly, else a mark that is no value of any attribute.

    A float, a deeply nested or a very long value is outside every attribute's domain. The mark is
    judged as the value would be (the attribute is absent and named as invalid).
    """
    try:
        text = canonical_json(value)
    except NotCanonical:
        return {"unreadable": type(value).__name__}
    if len(text) > LARGEST_VALUE:
        return {"unreadable": "too long", "sha256": digest(text)}
    return value


def all_readable(facts: dict[str, Any]) -> dict[str, Any]:
    """The register's facts, each readable. Facts that are plain and short need no writing.

    The register's verbs store plain values only, but its tables take any JSON. A character of a
    plain value takes at most two of the text.
    """
    longest = max(map(len, map(str, facts.values())), default=0)
    if is_plain(facts) and longest < LARGEST_VALUE // 2:
        return facts
    return {name: readable(value) for name, value in facts.items()}
