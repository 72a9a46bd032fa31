"""Reads a typed text as the value of an attribute, or says what was expected."""

import re
from collections.abc import Mapping
from typing import Any

from accesscontrol.policy import COUNTRIES

YES, NO = ("yes", "y", "true"), ("no", "n", "false")


class Unreadable(Exception):
    """The text is no value of the attribute. The message says what is."""


def parse(text: str, attribute: Mapping[str, Any]) -> Any:
    """Return the JSON value, or None (not known) for an empty text. Raises Unreadable."""
    text = text.replace("\0", "").strip()
    if not text:
        return None
    match attribute["type"]:
        case "boolean":
            return _boolean(text)
        case "country":
            return _country(text)
        case "countries":
            return [] if text.lower() == "none" else [_country(part) for part in _split(text)]
        case "codes":
            return [] if text.lower() == "none" else _split(text)
        case "share":
            return _share(text)
        case "integer":
            return _integer(text)
        case _:
            return text


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", text) if part]


def _boolean(text: str) -> bool:
    if text.lower() in YES + NO:
        return text.lower() in YES
    raise Unreadable("Write yes or no.")


def _country(text: str) -> str:
    if text.upper() in COUNTRIES:
        return text.upper()
    named = [code for code, name in COUNTRIES.items() if name.lower() == text.lower()]
    if named:
        return named[0]
    raise Unreadable(f"{text[:20]} is no country. Write its two letters, such as DE or CN.")


def _share(text: str) -> int:
    """Percent, with two decimals at most, as basis points."""
    match = re.fullmatch(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?", text)
    points = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else -1
    if not 0 <= points <= 10_000:
        raise Unreadable("Write a percentage between 0 and 100, such as 25 or 33.3 %.")
    return points


def _integer(text: str) -> int:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    raise Unreadable("Write a whole number.")
