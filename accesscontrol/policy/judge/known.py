"""What is known when a question is judged: by attribute, the facts and the statements allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import NotAValue, Value, elements

ABSENT: Final = object()  # stands for a raw value that is not there; no JSON value equals it
REQUIRED: Final = ("licensee.id", "model.id", "request.activity")


@dataclass(frozen=True, slots=True)
class Seen:
    """A value with all that it stands for.

    That is the value itself, the elements of a set, and what a territory belongs to: with Hong
    Kong in the territories of the release, HK stands for HK and CN.
    """

    value: Value
    stands_for: frozenset[Value]


@dataclass(frozen=True)
class World:
    """What is known for one question at one instant. An attribute without an entry is absent.

    ``seen`` has one value, or two that contradict each other. ``known`` has the attributes of which
    is_known is true, which a statement about a register attribute does not make it.
    """

    release: Release
    instant: str
    standing: bool
    seen: Mapping[str, tuple[Seen, ...]]
    known: frozenset[str]
    conflicts: tuple[str, ...]
    invalid: tuple[str, ...]
    ignored: tuple[str, ...]

    def deferred(self, attribute: Attribute) -> bool:
        """Whether a request can still state it: absent in a standing, and of the source request."""
        return self.standing and attribute.source == "request" and attribute.name not in self.seen

    @property
    def lacking(self) -> tuple[str, ...]:
        """The attributes that a question must have and this one lacks."""
        return tuple(name for name in REQUIRED if name not in self.seen)


def look(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object],
    instant: str,
    standing: bool,
) -> World:
    """Reads facts and statements, and weighs them against each other (docs/language.md §5)."""
    invalid: set[str] = set()
    ignored: set[str] = set()
    registered = _read(release, facts, invalid, ignored)
    said = _read(release, _allowed(release, stated, ignored), invalid, ignored)
    values = {
        name: _values(registered.get(name), said.get(name))
        for name in {**registered, **said}
        if name not in invalid
    }
    return World(
        release=release,
        instant=instant,
        standing=standing,
        seen={name: _seen(release, name, found) for name, found in values.items()},
        known=frozenset(name for name in values if _known(release, name, name in registered)),
        conflicts=tuple(sorted(name for name, found in values.items() if len(found) > 1)),
        invalid=tuple(sorted(invalid)),
        ignored=tuple(sorted(ignored)),
    )


def _allowed(
    release: Release, stated: Mapping[str, object], ignored: set[str]
) -> Mapping[str, object]:
    """The statements without those about register_only attributes, which are ignored."""
    refused = {
        name
        for name in stated
        if name in release.attributes and release.attributes[name].register_only
    }
    ignored |= refused
    return {name: value for name, value in stated.items() if name not in refused}


def _read(
    release: Release, facts: Mapping[str, object], invalid: set[str], ignored: set[str]
) -> dict[str, Value]:
    read: dict[str, Value] = {}
    for name, value in facts.items():
        attribute = release.attributes.get(name)
        if attribute is None:
            ignored.add(name)
            continue
        try:
            read[name] = attribute.read(value)
        except NotAValue:
            invalid.add(name)
    return read


def _values(registered: Value | None, said: Value | None) -> tuple[Value, ...]:
    """The register's value before a statement's; both where they differ."""
    return tuple(dict.fromkeys(value for value in (registered, said) if value is not None))


def _known(release: Release, name: str, registered: bool) -> bool:
    return registered or release.attributes[name].source == "request"


def _seen(release: Release, name: str, found: tuple[Value, ...]) -> tuple[Seen, ...]:
    return tuple(as_seen(release, release.attributes[name], value) for value in found)


def as_seen(release: Release, attribute: Attribute, value: Value) -> Seen:
    """The value with its elements and, for countries, all that they belong to."""
    stands_for = elements(value)
    if attribute.type in ("country", "countries") and release.territories:
        lines = (release.lineage.get(str(each), frozenset()) for each in stands_for)
        stands_for = stands_for.union(*lines)
    return Seen(value, stands_for)
