"""Says in SQL which rows of CurrentFacts the clauses of a narrowing may hold of.

A row is left out only by the number of a value that was looked at and of which the clause is known
to be false: a number that is new, or not seen yet, is never left out.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, assert_never

from accesscontrol.models import FactValue, Licensee
from accesscontrol.policy import (
    ABSENT,
    STATUS,
    Attribute,
    Clause,
    HasPapers,
    Invalid,
    Literal,
    Mark,
    Seen,
    Span,
    named_values,
    read_or_none,
)
from accesscontrol.screening.register import current_facts, fact_columns, process_cache

MOST_VALUES = 300_000  # beyond these, a process does not keep them all: no row is left out by them
MOST_ATTRIBUTES = 100
NOBODY = "false"
# The register gives everybody a reference that can be read, and writes these itself.
ALWAYS_VALID = (current_facts.ID, STATUS, "lists")

Excluded = list[int]


@dataclass
class _Written:
    """A condition in the making: equal parts share a parameter."""

    params: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def param(self, value: Any) -> str:
        key = json.dumps(value)
        if key not in self.names:
            self.names[key] = f"touched_{len(self.names)}"
            self.params[self.names[key]] = value
        return self.names[key]


def where(clauses: Iterable[Clause], span: Span) -> fact_columns.Where | None:
    """The rows of whom one of the clauses may hold; None where that is all."""
    written = _Written()
    parts = set()
    for clause in clauses:
        tests = sorted(filter(None, (_test(mark, span, written) for mark in clause)))
        if not tests:
            return None
        if NOBODY not in tests:
            parts.add(" AND ".join(tests))
    sql = " OR ".join(f"({part})" for part in sorted(parts)) or NOBODY
    return fact_columns.Where(
        sql, {name: each for name, each in written.params.items() if f"({name})" in sql}
    )


def _test(mark: Mark, span: Span, written: _Written) -> str:
    """One mark as SQL; empty where it may hold of every row."""
    match mark:
        case HasPapers():
            return "c.papers <> 0"
        case Invalid(attribute):
            return _invalid(attribute, span, written)
        case (_, _):
            return _literal(mark, span, written)
        case _:
            assert_never(mark)


def _invalid(attribute: Attribute, span: Span, written: _Written) -> str:
    column = _column(attribute.name)
    if column in ALWAYS_VALID:
        return NOBODY
    return _by_number(column, _valid(attribute, column, span), written)


def _literal(literal: Literal, span: Span, written: _Written) -> str:
    column = _column(literal[0].attribute.name)
    if column == current_facts.ID:
        return _by_ref(literal, span, written)
    if column == "lists":
        return _by_bits(literal, span, written)
    return _by_number(column, _excluded(literal, column, span), written)


def _column(attribute: str) -> str:
    if attribute in (current_facts.ID, STATUS):
        return attribute
    if attribute in current_facts.COLUMNS:
        return current_facts.COLUMNS[attribute]
    if _shift(attribute) is not None:
        return "lists"
    return "attested" if current_facts.is_attested(attribute) else "more"


def _shift(attribute: str) -> int | None:
    if not attribute.startswith(current_facts.LIST_STATUS):
        return None
    number = dict(fact_columns.lists()).get(attribute.removeprefix(current_facts.LIST_STATUS), 0)
    return current_facts.shift(number)


def _by_ref(literal: Literal, span: Span, written: _Written) -> str:
    named = {str(value) for value in named_values(literal[0], span)}
    others = span.possible(literal, _unnamed(named))
    apart = sorted(ref for ref in named if span.possible(literal, ref) != others)
    if not apart:
        return "" if others else NOBODY
    ids = sorted(Licensee.objects.filter(ref__in=apart).values_list("id", flat=True))
    against = "<> ALL" if others else "= ANY"
    return f"c.licensee_id {against}(%({written.param(ids)})s::bigint[])"


def _unnamed(named: set[str]) -> str:
    return next(n for n in map(str, range(len(named) + 1)) if n not in named)


def _by_bits(literal: Literal, span: Span, written: _Written) -> str:
    statuses = enumerate((ABSENT, *current_facts.LIST_CODES))
    excluded = [code for code, status in statuses if not span.possible(literal, status)]
    if not excluded:
        return ""
    shift = _shift(literal[0].attribute.name) or 0
    return f"((c.lists >> {shift:d}) & 3) <> ALL(%({written.param(excluded)})s::bigint[])"


def _by_number(column: str, excluded: Excluded, written: _Written) -> str:
    return f"c.{column} <> ALL(%({written.param(excluded)})s::int[])" if excluded else ""


def _excluded(literal: Literal, column: str, span: Span) -> Excluded:
    """The numbers of which the literal is known to be false."""
    known = _known(literal[0].attribute, column, span)
    if known is None:
        return []
    excluded = [number for number, seen in known.present if not span.possible_of(literal, seen)]
    if not span.possible_of(literal, None):
        excluded += [0, *known.absent, *known.invalid]
    return excluded


def _valid(attribute: Attribute, column: str, span: Span) -> Excluded:
    """The numbers that are known not to be of an invalid value."""
    known = _known(attribute, column, span)
    if known is None:
        return []
    return [0, *known.absent, *(number for number, _ in known.present)]


def _known(attribute: Attribute, column: str, span: Span) -> "_Known | None":
    member = attribute.name if column in ("attested", "more") else None
    return values().of(attribute, member, span)


@dataclass
class _Known:
    """The numbers by what their values say of one attribute."""

    present: list[tuple[int, Seen]] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    invalid: list[int] = field(default_factory=list)
    looked_at: int = 0


class Values:
    """The values that facts have had, by number, as far as this process has seen them.

    A number's value never changes, so that what was looked at once stays; a number that is
    committed later than a higher one is simply not known here.

    Threads share them, and look at new ones in turns. What ``of`` returned may grow meanwhile: a
    thread that sees the new numbers leaves out more rows, which is as right.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: list[tuple[int, Any]] = []
        self._known: dict[tuple[Attribute, str | None, object], _Known] = {}

    def of(self, attribute: Attribute, member: str | None, span: Span) -> _Known | None:
        """What the values say of the attribute, or their member of that name; None: too many."""
        with self._lock:
            return self._of(attribute, member, span)

    def _of(self, attribute: Attribute, member: str | None, span: Span) -> _Known | None:
        self._look()
        if len(self._values) > MOST_VALUES:
            return None
        key = (attribute, member, frozenset(span.releases[-1].territories.items()))
        if key not in self._known and len(self._known) >= MOST_ATTRIBUTES:
            self._known.clear()
        known = self._known.setdefault(key, _Known())
        for number, value in self._values[known.looked_at :]:
            _note(known, number, _raw(value, member), attribute, span)
        known.looked_at = len(self._values)
        return known

    def _look(self) -> None:
        if len(self._values) > MOST_VALUES:
            return
        newest = self._values[-1][0] if self._values else 0
        rows = FactValue.objects.filter(id__gt=newest).order_by("id")[: MOST_VALUES + 1]
        self._values += [(pk, json.loads(text)) for pk, text in rows.values_list("id", "text")]


def _raw(value: Any, member: str | None) -> object:
    if member is None:
        return value
    return value.get(member, ABSENT) if isinstance(value, dict) else ABSENT


def _note(known: _Known, number: int, raw: object, attribute: Attribute, span: Span) -> None:
    if raw is ABSENT:
        known.absent.append(number)
        return
    value = read_or_none(attribute, raw)
    if value is None:
        known.invalid.append(number)
    else:
        known.present.append((number, span.seen(attribute, value)))


# The values of one database. Threads share them, see Values; of two threads that are the first at
# once each looks at the values anew, and those of one are kept.
_by_database: dict[str, Values] = {}


def values() -> Values:
    """Those of the database that this process is connected to, the only one it usually meets."""
    database = process_cache.database()
    known = _by_database.get(database)
    if known is None:
        _by_database.clear()
        known = _by_database[database] = Values()
    return known
