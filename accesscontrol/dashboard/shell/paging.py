"""Cursor paging. A page starts after a row, not at a number, so that no row is shown twice.

Counts stop early, so that no page waits for the count of a large table.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the addresses of the pages beside it (empty if there is none)."""

    rows: list[Any]
    previous: str
    next: str

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)


def page(
    rows: QuerySet[Any], request: HttpRequest, *, by: Sequence[str] = ("-id",), size: int = SIZE
) -> Page:
    """One page of ``rows`` in the order ``by``, whose last field must be unique.

    The cursor has the values of the row before the page. A malformed cursor gives the first page.
    """
    backwards = "before" in request.GET
    cursor = _read(request.GET.get("before" if backwards else "after", ""), len(by))
    order = [_flip(name) for name in by] if backwards else list(by)
    if cursor is not None:
        rows = rows.filter(_beyond(order, cursor))
    shown = list(rows.order_by(*order)[: size + 1])
    more = len(shown) > size
    shown = shown[:size]
    if backwards:
        shown.reverse()
    has_previous = more if backwards else cursor is not None
    has_next = cursor is not None if backwards else more
    return Page(
        shown,
        _address(request, "before", shown[0], by) if shown and has_previous else "",
        _address(request, "after", shown[-1], by) if shown and has_next else "",
    )


def count(rows: QuerySet[Any], most: int = 100_000) -> int:
    """The number of rows, or ``most + 1`` if there are more than ``most``."""
    return rows.order_by().values("pk")[: most + 1].count()


def capped(rows: QuerySet[Any], most: int) -> str:
    """`12`, or `99+` if there are more than ``most``."""
    number = count(rows, most)
    return f"{most}+" if number > most else str(number)


def _beyond(order: Sequence[str], cursor: Sequence[Any]) -> Q:
    """The rows after the cursor in this order: (a, b) > (x, y), written as conditions."""
    condition = Q()
    for depth, name in enumerate(order):
        same = Q(
            **{
                field.lstrip("-"): value
                for field, value in zip(order[:depth], cursor, strict=False)
            }
        )
        operator = "lt" if name.startswith("-") else "gt"
        condition |= same & Q(**{f"{name.lstrip('-')}__{operator}": cursor[depth]})
    return condition


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _read(text: str, fields: int) -> list[Any] | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        return None
    return values if isinstance(values, list) and len(values) == fields else None


def _address(request: HttpRequest, side: str, row: Model, by: Sequence[str]) -> str:
    values = [_value(row, name.lstrip("-")) for name in by]
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    query[side] = base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode()
    return f"{request.path}?{query.urlencode()}"


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row
