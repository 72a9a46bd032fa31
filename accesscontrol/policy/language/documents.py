"""Reads the members of JSON documents. Each refusal has a pointer and says what was expected."""

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from accesscontrol.policy.language import values
from accesscontrol.policy.language.errors import (
    BAD_PERIOD,
    BAD_SHAPE,
    BAD_VALUE,
    DUPLICATE,
    PolicyError,
    below,
    shown,
)

Json = dict[str, object]
Read = TypeVar("Read")


def an_object(value: object, pointer: str) -> Json:
    if isinstance(value, dict):
        return value
    raise PolicyError(pointer, BAD_SHAPE, f"An object is expected here, not {shown(value)}.")


def an_array(value: object, pointer: str) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    raise PolicyError(pointer, BAD_SHAPE, f"An array is expected here, not {shown(value)}.")


def members(
    value: object, pointer: str, needed: Collection[str], allowed: Collection[str] = ()
) -> Json:
    """The object, if it has all needed members, and besides only allowed ones. Raises bad_shape."""
    read = an_object(value, pointer)
    for name in needed:
        if name not in read:
            raise PolicyError(pointer, BAD_SHAPE, f'The member "{name}" is missing.')
    for name in read:
        if name not in needed and name not in allowed:
            known = [*needed, *allowed]
            raise PolicyError(
                pointer, BAD_SHAPE, f"There is no member {shown(name)}{near(name, known)}"
            )
    return read


def member(
    document: Json, name: str, pointer: str, read: Callable[[object], Read], expected: str
) -> Read:
    """One member, read by ``read``. Raises bad_value with the member's pointer."""
    return value(document[name], below(pointer, name), read, expected)


def value(given: object, pointer: str, read: Callable[[object], Read], expected: str) -> Read:
    try:
        return read(given)
    except values.NotAValue:
        raise bad_value(pointer, given, expected) from None


def bad_value(pointer: str, given: object, expected: str) -> PolicyError:
    return PolicyError(pointer, BAD_VALUE, f"Expected {expected}, not {shown(given)}.")


def code(document: Json, name: str, pointer: str) -> str:
    return member(document, name, pointer, values.code, values.EXPECTED["code"])


def filled_text(document: Json, name: str, pointer: str) -> str:
    return member(document, name, pointer, values.filled_text, "a text that is not empty")


def number(document: Json, name: str, pointer: str) -> int:
    """An integer of 1 or more, such as the number of a release or of a version."""
    return member(document, name, pointer, lambda v: values.integer(v, 1), "an integer, 1 or more")


def instant(document: Json, name: str, pointer: str) -> str:
    return member(document, name, pointer, values.instant, 'an instant, "YYYY-MM-DDTHH:MM:SSZ"')


def instant_or_null(document: Json, name: str, pointer: str) -> str | None:
    return None if document[name] is None else instant(document, name, pointer)


def ordered(start: str | None, end: str | None, pointer: str) -> None:
    """Raises bad_period unless the period ends after it begins."""
    if start is not None and end is not None and end <= start:
        raise PolicyError(
            pointer, BAD_PERIOD, f"The period ends at {end}, not after it begins, {start}."
        )


def first_time(name: object, seen: set[object], pointer: str, what: str) -> None:
    """Raises duplicate where the name was seen before."""
    if name in seen:
        raise PolicyError(pointer, DUPLICATE, f"There are two {what} {shown(name)}.")
    seen.add(name)


def near(name: str, known: Iterable[str]) -> str:
    """Ends a sentence about an unknown name: "." or a question with the nearest known one."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f'. Did you mean "{close[0]}"?' if close else "."
