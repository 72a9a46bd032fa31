"""Vocabularies: the attributes of one release, some built in and some of the company's own."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from accesscontrol.policy.language import builtin, documents, values
from accesscontrol.policy.language.attributes import FLAGS, Attribute, Source
from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import BAD_SHAPE, BAD_VALUE, PolicyError, below, shown
from accesscontrol.policy.language.values import Type

Vocabulary = Mapping[str, Attribute]

NAME: Final = re.compile(r"[a-z]+(\.[A-Za-z0-9_:-]+)+")
CUSTOM: Final = re.compile(r"(licensee|model|user|request)\.custom\.[A-Za-z0-9_:-]+")
NEEDED: Final = (
    "licensee.id",
    "model.id",
    "request.activity",
    "request.location_country",
    "request.end_use",
)
TEXTS: Final = ("label", "meaning", "citation")


def vocabulary(
    *,
    lists: Iterable[str],
    regimes: Iterable[str],
    end_uses: Iterable[str],
    custom: Iterable[Mapping[str, object]] = (),
) -> list[dict[str, object]]:
    """Writes a vocabulary: the built-in attributes, those of each list and regime, custom ones."""
    entries = [attribute.to_json() for attribute in builtin.BUILT_IN]
    listed = sorted(end_uses)
    for document in entries:
        if document["name"] == "request.end_use" and listed:
            document["values"] = listed
    entries += [builtin.list_status(list_).to_json() for list_ in lists]
    for regime in regimes:
        entries.append(builtin.captured(regime).to_json())
        entries.append(builtin.restricted_owner_share(regime).to_json())
    return entries + [dict(document) for document in custom]


def parse_vocabulary(document: object, pointer: str) -> dict[str, Attribute]:
    """Reads a vocabulary, by name. Raises PolicyError."""
    read: dict[str, Attribute] = {}
    seen: set[object] = set()
    for index, entry in enumerate(documents.an_array(document, pointer)):
        attribute = _attribute(entry, below(pointer, index))
        documents.first_time(attribute.name, seen, below(pointer, index), "attributes named")
        read[attribute.name] = attribute
    for name in NEEDED:
        if name not in read:
            raise PolicyError(pointer, BAD_SHAPE, f"The vocabulary has to hold {name}.")
    return read


def _attribute(entry: object, pointer: str) -> Attribute:
    allowed = (*TEXTS, *FLAGS, "values")
    document = documents.members(entry, pointer, ("name", "type", "source"), allowed)
    name = _name(document, pointer)
    type_ = _one_of(document, "type", values.TYPES, pointer)
    source = _source(document, name, pointer)
    if "values" in document and type_ not in ("code", "codes"):
        raise PolicyError(
            pointer, BAD_SHAPE, f"Only codes are enumerated, and {name} is a {type_}."
        )
    attribute = Attribute(
        name,
        type_,
        source,
        label=_text(document, "label", pointer),
        meaning=_text(document, "meaning", pointer),
        citation=_text(document, "citation", pointer),
        register_only=_flag(document, "register_only", pointer),
        identity=_flag(document, "identity", pointer),
        non_empty=_flag(document, "non_empty", pointer),
        values=_enumeration(document, pointer),
    )
    _as_built_in(attribute, document, pointer)
    return attribute


def _name(document: Json, pointer: str) -> str:
    name = document["name"]
    if isinstance(name, str) and NAME.fullmatch(name) and _may_be_named(name):
        return name
    raise PolicyError(
        below(pointer, "name"),
        BAD_VALUE,
        f"{shown(name)} is no built-in attribute; a custom one is named licensee.custom.<name>, "
        "model.custom.<name>, user.custom.<name> or request.custom.<name>.",
    )


def _may_be_named(name: str) -> bool:
    return CUSTOM.fullmatch(name) is not None or builtin.built_in(name) is not None


def _source(document: Json, name: str, pointer: str) -> Source:
    source: Source = "request" if name.startswith(("user.", "request.")) else "register"
    if document["source"] != source:
        expected = f'"{source}", the source of every attribute named like {name}'
        raise documents.bad_value(below(pointer, "source"), document["source"], expected)
    return source


def _one_of(document: Json, name: str, choices: tuple[Type, ...], pointer: str) -> Type:
    for choice in choices:
        if document[name] == choice:
            return choice
    raise documents.bad_value(below(pointer, name), document[name], f"one of {', '.join(choices)}")


def _text(document: Json, name: str, pointer: str) -> str:
    if name not in document:
        return ""
    return documents.member(document, name, pointer, values.text, "a text")


def _flag(document: Json, name: str, pointer: str) -> bool:
    if name not in document:
        return False
    return documents.member(document, name, pointer, values.boolean, "true or false")


def _enumeration(document: Json, pointer: str) -> tuple[str, ...] | None:
    if "values" not in document:
        return None
    return documents.member(
        document, "values", pointer, some_codes, "codes, at least one, none twice"
    )


def some_codes(value: object) -> tuple[str, ...]:
    codes = values.distinct(value, values.code)
    if not codes:
        raise values.NotAValue
    return codes


def _as_built_in(attribute: Attribute, document: Json, pointer: str) -> None:
    """Raises bad_value where a built-in attribute differs from the table of builtin.py."""
    table = builtin.built_in(attribute.name)
    if table is None:
        return
    for member in ("type", *FLAGS):
        expected = getattr(table, member)
        if getattr(attribute, member) != expected:
            where = below(pointer, member) if member in document else pointer
            raise PolicyError(
                where,
                BAD_VALUE,
                f"{attribute.name} is built in: its {member} is {shown(expected)}.",
            )
