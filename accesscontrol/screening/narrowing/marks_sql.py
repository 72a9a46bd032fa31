"""Selects, in SQL, the rows of CurrentFacts that the changes of an interval can touch.

A row is left out only by the id of a value that was read and of which a mark is known to be false.
A row with the id of a value that is new, or was not read yet, is never left out.
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
    HasPapers,
    Interval,
    Invalid,
    Literal,
    Mark,
    Marks,
    Seen,
    named_values,
    read_or_none,
)
from accesscontrol.screening.register import current_facts, fact_columns, process_cache

MOST_VALUES = 300_000  # with more, a process keeps none: no row is left out by its values
MOST_ATTRIBUTES = 100
NO_ROW = "false"
# The register itself writes these, and never a value that cannot be read.
ALWAYS_VALID = (current_facts.ID, STATUS, "lists")

ValueIds = list[int]


@dataclass
class _Parameters:
    """The parameters of a condition in the making: equal values share one."""

    params: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def name(self, value: Any) -> str:
        """The name of the parameter with this value."""
        key = json.dumps(value)
        if key not in self.names:
            self.names[key] = f"touched_{len(self.names)}"
            self.params[self.names[key]] = value
        return self.names[key]


def where(changes: Iterable[Marks], interval: Interval) -> fact_columns.Where | None:
    """The rows for which all marks of one of the changes may be true; None: all rows."""
    parameters = _Parameters()
    parts = set()
    for marks in changes:
        tests = sorted(filter(None, (_test(mark, interval, parameters) for mark in marks)))
        if not tests:
            return None
        if NO_ROW not in tests:
            parts.add(" AND ".join(tests))
    sql = " OR ".join(f"({part})" for part in sorted(parts)) or NO_ROW
    return fact_columns.Where(
        sql, {name: each for name, each in parameters.params.items() if f"({name})" in sql}
    )


def _test(mark: Mark, interval: Interval, parameters: _Parameters) -> str:
    """One mark as SQL; empty where it may be true for every row."""
    match mark:
        case HasPapers():
            return "c.papers <> 0"
        case Invalid(attribute):
            return _invalid(attribute, interval, parameters)
        case (_, _):
            return _literal(mark, interval, parameters)
        case _:
            assert_never(mark)


def _invalid(attribute: Attribute, interval: Interval, parameters: _Parameters) -> str:
    column = _column(attribute.name)
    if column in ALWAYS_VALID:
        return NO_ROW
    return _by_value(column, _valid(attribute, column, interval), parameters)


def _literal(literal: Literal, interval: Interval, parameters: _Parameters) -> str:
    column = _column(literal[0].attribute.name)
    if column == current_facts.ID:
        return _by_licensee(literal, interval, parameters)
    if column == "lists":
        return _by_bits(literal, interval, parameters)
    return _by_value(column, _excluded(literal, column, interval), parameters)


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


def _by_licensee(literal: Literal, interval: Interval, parameters: _Parameters) -> str:
    """Licensees that the leaf names may differ from all others, which are alike."""
    named = {str(value) for value in named_values(literal[0], interval)}
    others = interval.possible(literal, _other_than(named))
    unlike = sorted(ref for ref in named if interval.possible(literal, ref) != others)
    if not unlike:
        return "" if others else NO_ROW
    ids = sorted(Licensee.objects.filter(ref__in=unlike).values_list("id", flat=True))
    operator = "<> ALL" if others else "= ANY"
    return f"c.licensee_id {operator}(%({parameters.name(ids)})s::bigint[])"


def _other_than(named: set[str]) -> str:
    return next(n for n in map(str, range(len(named) + 1)) if n not in named)


def _by_bits(literal: Literal, interval: Interval, parameters: _Parameters) -> str:
    statuses = enumerate((ABSENT, *current_facts.LIST_CODES))
    excluded = [code for code, status in statuses if not interval.possible(literal, status)]
    if not excluded:
        return ""
    shift = _shift(literal[0].attribute.name) or 0
    return f"((c.lists >> {shift:d}) & 3) <> ALL(%({parameters.name(excluded)})s::bigint[])"


def _by_value(column: str, excluded: ValueIds, parameters: _Parameters) -> str:
    return f"c.{column} <> ALL(%({parameters.name(excluded)})s::int[])" if excluded else ""


def _excluded(literal: Literal, column: str, interval: Interval) -> ValueIds:
    """The ids of the values for which the literal is known to be false."""
    known = _known(literal[0].attribute, column, interval)
    if known is None:
        return []
    excluded = [pk for pk, seen in known.present if not interval.possible_of(literal, seen)]
    if not interval.possible_of(literal, None):
        excluded += [0, *known.absent, *known.invalid]
    return excluded


def _valid(attribute: Attribute, column: str, interval: Interval) -> ValueIds:
    """The ids of the values that are known to be valid, or absent."""
    known = _known(attribute, column, interval)
    if known is None:
        return []
    return [0, *known.absent, *(pk for pk, _ in known.present)]


def _known(attribute: Attribute, column: str, interval: Interval) -> "_Known | None":
    member = attribute.name if column in ("attested", "more") else None
    return values().of(attribute, member, interval)


@dataclass
class _Known:
    """The ids of values by what the values say of one attribute."""

    present: list[tuple[int, Seen]] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    invalid: list[int] = field(default_factory=list)
    count: int = 0  # of the values, in the order of their ids, that are sorted in already


class Values:
    """The values of facts by id, as far as this process has read them.

    A stored value never changes, so that each is read once. A value that is committed later than
    one with a higher id is not known here, and so leaves out no row.

    Threads share them, and read new ones in turns. What ``of`` returned may grow meanwhile: a
    thread that sees the new ids leaves out more rows, which is as right.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: list[tuple[int, Any]] = []
        self._known: dict[tuple[Attribute, str | None, object], _Known] = {}

    def of(self, attribute: Attribute, member: str | None, interval: Interval) -> _Known | None:
        """What the values say of the attribute, or their member of that name; None: too many."""
        with self._lock:
            return self._of(attribute, member, interval)

    def _of(self, attribute: Attribute, member: str | None, interval: Interval) -> _Known | None:
        self._read_new()
        if len(self._values) > MOST_VALUES:
            return None
        key = (attribute, member, frozenset(interval.releases[-1].territories.items()))
        if key not in self._known and len(self._known) >= MOST_ATTRIBUTES:
            self._known.clear()
        known = self._known.setdefault(key, _Known())
        for pk, value in self._values[known.count :]:
            _sort_in(known, pk, _raw(value, member), attribute, interval)
        known.count = len(self._values)
        return known

    def _read_new(self) -> None:
        if len(self._values) > MOST_VALUES:
            return
        newest = self._values[-1][0] if self._values else 0
        rows = FactValue.objects.filter(id__gt=newest).order_by("id")[: MOST_VALUES + 1]
        self._values += [(pk, json.loads(text)) for pk, text in rows.values_list("id", "text")]


def _raw(value: Any, member: str | None) -> object:
    if member is None:
        return value
    return value.get(member, ABSENT) if isinstance(value, dict) else ABSENT


def _sort_in(known: _Known, pk: int, raw: object, attribute: Attribute, interval: Interval) -> None:
    if raw is ABSENT:
        known.absent.append(pk)
        return
    value = read_or_none(attribute, raw)
    if value is None:
        known.invalid.append(pk)
    else:
        known.present.append((pk, interval.seen(attribute, value)))


# The values of one database. Threads share them, see Values. If two threads are the first at once,
# each reads the values, and those of one are kept.
_by_database: dict[str, Values] = {}


def values() -> Values:
    """The values of the database that is asked now; a process usually has only one."""
    database = process_cache.database()
    known = _by_database.get(database)
    if known is None:
        _by_database.clear()
        known = _by_database[database] = Values()
    return known
