"""Attributes: what facts are about, each with its type, its source and its use."""

from dataclasses import dataclass
from typing import Final, Literal

from accesscontrol.policy.language.values import (
    EXPECTED,
    NotAValue,
    Type,
    Value,
    element,
    read,
    written,
)

Source = Literal["register", "request"]

ACTIVITIES: Final = (
    "use_api",
    "fine_tune",
    "hosted",
    "download_weights",
    "source_access",
    "transfer_in_country",
)
FLAGS: Final = ("register_only", "identity", "non_empty")


@dataclass(frozen=True)
class Attribute:
    """One attribute of a vocabulary, such as licensee.hq_country (docs/language.md §1).

    ``values`` are the only ones that it can have; None where it can have any of its type.
    """

    name: str
    type: Type
    source: Source
    label: str = ""
    meaning: str = ""
    citation: str = ""
    register_only: bool = False
    identity: bool = False
    non_empty: bool = False
    values: tuple[str, ...] | None = None

    def read(self, value: object) -> Value:
        """Reads a fact about this attribute. Raises NotAValue outside its domain."""
        return self._inside(read(self.type, value))

    def read_element(self, value: object) -> Value:
        """Reads one element, where the attribute is a set; else a fact. Raises NotAValue."""
        return self._inside(read(element(self.type), value))

    def write(self, value: Value) -> bool | int | str | list[str]:
        """The value in canonical form, as JSON has it."""
        return written(self.type, value)

    @property
    def expected(self) -> str:
        """What a value in a rule has to be, in words: "one of civil, military"."""
        if self.values is not None:
            return f"one of {', '.join(self.values)}"
        return EXPECTED[element(self.type)]

    def to_json(self) -> dict[str, object]:
        """The attribute as a release has it, without members that are empty or false."""
        document: dict[str, object] = {"name": self.name, "type": self.type, "source": self.source}
        for text in ("label", "meaning", "citation"):
            if getattr(self, text):
                document[text] = getattr(self, text)
        for flag in FLAGS:
            if getattr(self, flag):
                document[flag] = True
        if self.values is not None:
            document["values"] = sorted(self.values)
        return document

    def _inside(self, value: Value) -> Value:
        if self.values is not None:
            named = value if isinstance(value, frozenset) else {value}
            if not named.issubset(self.values):
                raise NotAValue
        if self.non_empty and value == frozenset():
            raise NotAValue
        return value
