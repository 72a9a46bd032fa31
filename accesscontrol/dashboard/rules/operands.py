"""Turns the typed operands of conditions into values of the rule language, and back.

Nothing is refused here. A text that cannot be read stays as typed; the language then refuses it and
says what it expects.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from accesscontrol.policy import COUNTRIES, OperandKind

CODES_BY_NAME = {name.casefold(): code for code, name in COUNTRIES.items()}


def to_json(kind: OperandKind, type_: str, typed: list[str]) -> Any:
    """The operand of a test, from the texts of its field. A multiple choice has several."""
    first = typed[0].strip() if typed else ""
    if kind.names is not None:
        return first
    if kind.several:
        return several(type_, typed if len(typed) > 1 else re.split(r"[,\n]", first))
    return one(type_, first)


def from_json(kind: OperandKind, type_: str, operand: Any) -> list[str]:
    """The texts of the field for an operand. A list is several texts."""
    if kind.several and isinstance(operand, list):
        return [_typed(type_, value) for value in operand]
    return [_typed(type_, operand)]


def several(type_: str, texts: list[str]) -> list[Any]:
    """The values of a set, each from its text. An empty text is left out."""
    return [one(type_, text.strip()) for text in texts if text.strip()]


def in_words(type_: str, operand: Any) -> str:
    """The operand in words, for a sentence."""
    if isinstance(operand, list):
        return ", ".join(in_words(type_, value) for value in operand)
    if type_ == "boolean":
        return "yes" if operand is True else "no" if operand is False else str(operand)
    if type_ in ("country", "countries") and isinstance(operand, str):
        name = COUNTRIES.get(operand)
        return f"{name} ({operand})" if name else operand
    if type_ == "share":
        return f"{_typed(type_, operand)} %"
    return str(operand)


def one(type_: str, text: str) -> Any:
    """One value from its text, or the text itself if it is no value of that type."""
    match type_:
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "integer":
            return int(text) if re.fullmatch(r"-?[0-9]{1,16}", text) else text
        case "share":
            return _basis_points(text)
        case "quantity":
            return text.lower().replace(",", "").replace("_", "")
        case "country" | "countries":
            return CODES_BY_NAME.get(text.casefold(), text.upper() if len(text) == 2 else text)
        case _:
            return text


def _basis_points(text: str) -> Any:
    try:
        points = Decimal(text.removesuffix("%").strip()) * 100
    except InvalidOperation:
        return text
    return int(points) if points.is_finite() and points == int(points) else text


def _typed(type_: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_ == "share" and isinstance(value, int):
        return f"{Decimal(value) / 100:f}"
    return str(value)
