"""Typed values: what facts, statements and operands are made of. A value is read, or refused.

A value inside its domain becomes bool, int, str or a frozenset of str. A quantity becomes the
integer that it writes out; instants and dates stay texts, which sort as time does.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Final, Literal, assert_never

from accesscontrol.ledger.canonical import LARGEST_INTEGER
from accesscontrol.policy.language.countries import COUNTRIES

Type = Literal[
    "boolean", "code", "country", "integer", "quantity", "share", "date", "countries", "codes"
]
Value = bool | int | str | frozenset[str]
Operand = Value | frozenset[Value]  # what a test compares with; a group or list by its name
TYPES: Final[tuple[Type, ...]] = (
    "boolean",
    "code",
    "country",
    "integer",
    "quantity",
    "share",
    "date",
    "countries",
    "codes",
)
EXPECTED: Final[dict[Type, str]] = {
    "boolean": "true or false",
    "code": "a text of 1 to 200 characters without control characters",
    "country": 'a country code of two capital letters (ISO 3166-1, or "XK")',
    "integer": "an integer",
    "quantity": 'a quantity written as a text, such as "1e26" (at most 60 digits in full)',
    "share": "a share in basis points, an integer from 0 to 10000",
    "date": 'a date written "YYYY-MM-DD"',
    "countries": "an array of country codes without duplicates",
    "codes": "an array of texts without duplicates",
}

LONGEST_CODE: Final = 200
LONGEST_QUANTITY: Final = 60
WHOLE: Final = 10_000  # basis points
_NOT_IN_A_CODE: Final = frozenset({"Cc", "Cs"})  # control characters, halves of surrogate pairs
_QUANTITY: Final = re.compile(r"(0|[1-9][0-9]*)(?:e([0-9]{1,2}))?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class NotAValue(ValueError):
    """A value is outside the domain of its type or of its attribute."""


def read(type_: Type, value: object) -> Value:
    """Reads a value of that type; an enumeration is not looked at. Raises NotAValue."""
    match type_:
        case "boolean":
            return boolean(value)
        case "code":
            return code(value)
        case "country":
            return country(value)
        case "integer":
            return integer(value)
        case "quantity":
            return quantity(value)
        case "share":
            return share(value)
        case "date":
            return calendar_date(value)
        case "countries":
            return frozenset(distinct(value, country))
        case "codes":
            return frozenset(distinct(value, code))
        case _:
            assert_never(type_)


def element(type_: Type) -> Type:
    """The type of an element, for a type of sets; else the type itself."""
    return "country" if type_ == "countries" else "code" if type_ == "codes" else type_


def elements(value: Value) -> frozenset[Value]:
    """The elements of a set, or the value alone."""
    return frozenset(value) if isinstance(value, frozenset) else frozenset((value,))


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise NotAValue


def code(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_CODE:
        raise NotAValue
    if not value.isprintable() and any(unicodedata.category(c) in _NOT_IN_A_CODE for c in value):
        raise NotAValue
    return value


def country(value: object) -> str:
    if isinstance(value, str) and value in COUNTRIES:
        return value
    raise NotAValue


def integer(value: object, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise NotAValue


def share(value: object) -> int:
    return integer(value, 0, WHOLE)


def quantity(value: object) -> int:
    """Reads a quantity as an integer, never as a float, in which 10**26 < 1e26."""
    written = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise NotAValue
    digits, zeros = written[1], int(written[2] or 0)
    if digits == "0":
        return 0
    if len(digits) + zeros > LONGEST_QUANTITY:
        raise NotAValue
    return int(digits + "0" * zeros)


def calendar_date(value: object) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise NotAValue
    _must_parse(date.fromisoformat, value)
    return value


def instant(value: object) -> str:
    """Reads an instant, which stays a text: as texts, instants sort as time does."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise NotAValue
    _must_parse(datetime.fromisoformat, value[:-1])
    return value


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise NotAValue


def filled_text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise NotAValue


def distinct(value: object, read_one: Callable[[object], str]) -> tuple[str, ...]:
    """Reads the elements of an array, in its order. Raises NotAValue, also for duplicates."""
    if not isinstance(value, list | tuple):
        raise NotAValue
    elements = tuple(map(read_one, value))
    if len(set(elements)) != len(elements):
        raise NotAValue
    return elements


def written(type_: Type, value: Value) -> bool | int | str | list[str]:
    """Writes a value in canonical form: quantities in full, sets sorted by code point."""
    if isinstance(value, frozenset):
        return sorted(value)
    return str(value) if type_ == "quantity" else value


def instant_of(at: datetime) -> str:
    """The instant as text, to the second. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("The instant of a question needs a time zone; pass an aware datetime.")
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def datetime_of(instant: str) -> datetime:
    return datetime.fromisoformat(instant[:-1]).replace(tzinfo=UTC)


def sorted_instants(instants: Iterable[str | None]) -> tuple[datetime, ...]:
    return tuple(
        datetime_of(each) for each in sorted({each for each in instants if each is not None})
    )


def _must_parse(parse: Callable[[str], object], value: str) -> None:
    try:
        parse(value)
    except ValueError:
        raise NotAValue from None
