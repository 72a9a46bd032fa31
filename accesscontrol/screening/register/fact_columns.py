"""Reads a range of licensees as columns of numbers, and turns values into classes of a release."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from accesscontrol.models import FactValue, RestrictedList
from accesscontrol.screening.register import binary_copy, current_facts

Numbers = NDArray[Any]
Coded = Callable[..., int]  # policy.columns.Columns.code

NOT_READ = -1
AT_ONCE = 25_000  # ids of which rows are read by one statement
MOST_STATEMENTS = 20


class Where(NamedTuple):
    """A condition over the row ``c`` of CurrentFacts, with its parameters."""

    sql: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Licensees:
    """Some licensees in order of their ids, with the columns of CurrentFacts that were asked for.

    ``columns`` are ids of FactValue, and bits for ``lists``; all are equally long.
    """

    ids: Numbers
    columns: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, which: Numbers | slice) -> "Licensees":
        """Those where ``which`` is true; of a slice, views."""
        return Licensees(self.ids[which], {name: c[which] for name, c in self.columns.items()})


def read(
    first: int,
    last: int,
    *,
    columns: Sequence[str],
    ids: Sequence[int] | None = None,
    where: Where | None = None,
) -> Licensees:
    """Licensees from ``first`` to ``last`` (of ``ids``, where given).

    ``where`` narrows them down, in one statement; without it there are as many as keep the answers
    small, since a connection never gives back the memory that its largest one took. Whoever has no
    row is not read: see that there is one (current_facts.fill and refresh) before.
    """
    if where is None and ids is None and last - first >= AT_ONCE:
        step = max(AT_ONCE, (last - first) // MOST_STATEMENTS)  # ids may have wide gaps
        starts = range(first, last + 1, step)
        parts = [_read(n, min(n + step - 1, last), columns, None, None) for n in starts]
        return Licensees(
            np.concatenate([each.ids for each in parts]),
            {name: np.concatenate([each.columns[name] for each in parts]) for name in columns},
        )
    return _read(first, last, columns, ids, where)


def _read(
    first: int,
    last: int,
    columns: Sequence[str],
    ids: Sequence[int] | None,
    where: Where | None,
) -> Licensees:
    select = f"FROM {current_facts.TABLE} c WHERE c.licensee_id BETWEEN {first:d} AND {last:d}"
    if ids is not None:
        named = ",".join(str(int(pk)) for pk in ids)
        select += f" AND c.licensee_id = ANY('{{{named}}}'::bigint[])"
    if where is not None:
        select += f" AND ({where.sql})"
    types = {"c.licensee_id": "i8"} | {f"c.{n}": "i8" if n == "lists" else "i4" for n in columns}
    found = binary_copy.columns(select, types, where.params if where else None)
    keys = found.pop("c.licensee_id")
    if len(keys) > 1 and not (keys[1:] > keys[:-1]).all():
        order = np.argsort(keys)
        keys, found = keys[order], {name: values[order] for name, values in found.items()}
    return Licensees(keys, {name.removeprefix("c."): each for name, each in found.items()})


class Classes:
    """The class codes of licensees' values, each value's remembered: a table per attribute.

    ``named``: every text that could be a licensee's id in the release; other ids are all alike.
    """

    def __init__(self, reads: Sequence[str], code: Coded, named: frozenset[str]) -> None:
        self.reads = reads
        self._code = code
        self._named = sorted(named)
        self._tables: dict[str, Numbers] = {}
        self._lists = dict(lists())

    @property
    def columns(self) -> list[str]:
        """The columns of CurrentFacts that hold what the release reads."""
        return sorted({name for attribute in self.reads for name in self._columns(attribute)})

    def of(self, rows: Licensees) -> Numbers:
        """(licensees, attributes read) class codes."""
        codes = np.zeros((len(rows), len(self.reads)), "i4", order="F")
        unread: dict[int, Numbers] = {}
        for n, attribute in enumerate(self.reads):
            if attribute == current_facts.ID:
                codes[:, n] = self._ids(rows.ids)
            for name in self._columns(attribute):
                codes[:, n] = self._of_column(attribute, name, rows.columns[name])
                new = codes[:, n] == NOT_READ
                if new.any():
                    unread[n] = np.unique(rows.columns[name][new])
        if unread:
            self._meet({self.reads[n]: values for n, values in unread.items()})
        for n in unread:
            for name in self._columns(self.reads[n]):
                codes[:, n] = self._of_column(self.reads[n], name, rows.columns[name])
        return codes

    def _columns(self, attribute: str) -> list[str]:
        if attribute == current_facts.ID:
            return []
        if self._shift(attribute) is not None:
            return ["lists"]
        if current_facts.is_attested(attribute):
            return ["attested"]
        return [current_facts.COLUMNS.get(attribute, "more")]

    def _shift(self, attribute: str) -> int | None:
        """None too for a list that the register does not have: its status is in no row."""
        number = self._lists.get(attribute.removeprefix(current_facts.LIST_STATUS), 0)
        return (
            current_facts.shift(number) if attribute.startswith(current_facts.LIST_STATUS) else None
        )

    def _of_column(self, attribute: str, name: str, values: Numbers) -> Numbers:
        if name == "lists":
            values = (values >> np.int64(self._shift(attribute) or 0)) & 3
            table = self._list_codes(attribute)
        else:
            table = self._table(attribute, int(values.max(initial=0)))
        codes: Numbers = table[values]
        return codes

    def _meet(self, unread: Mapping[str, Numbers]) -> None:
        """Give the values that are new, by attribute, their codes; all are asked for at once."""
        every = texts(np.unique(np.concatenate(list(unread.values()))))
        known = {value: json.loads(text) for value, text in every.items()}
        for attribute, values in unread.items():
            for value in values.tolist():
                self._tables[attribute][value] = self._class(attribute, known[value])

    def _class(self, attribute: str, value: Any) -> int:
        if attribute in current_facts.COLUMNS:
            return self._code(attribute, value)
        return self._code(attribute, value[attribute]) if attribute in value else 0

    def _table(self, attribute: str, most: int) -> Numbers:
        """The codes by value id; NOT_READ where it was never met, 0 (absent) for id 0."""
        table = self._tables.get(attribute)
        if table is None or len(table) <= most:
            longer = np.full(max(1_024, 2 * most), NOT_READ, "i4")
            longer[: 0 if table is None else len(table)] = 0 if table is None else table
            longer[0] = 0
            table = self._tables[attribute] = longer
        return table

    def _list_codes(self, attribute: str) -> Numbers:
        codes = [0, *(self._code(attribute, status) for status in current_facts.LIST_CODES)]
        return np.array(codes, "i4")

    def _ids(self, ids: Numbers) -> Numbers:
        """The register is asked each time: a licensee that the release names may be new."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, ref FROM accesscontrol_licensee WHERE ref = ANY(%s::text[])",
                [self._named],
            )
            found = cursor.fetchall()
        codes = np.full(len(ids), self._code(current_facts.ID, self._nobody()), "i4")
        for pk, ref in found:
            at = int(np.searchsorted(ids, pk))
            if at < len(ids) and ids[at] == pk:
                codes[at] = self._code(current_facts.ID, ref)
        return codes

    def _nobody(self) -> str:
        """An id that nothing names."""
        return next(n for n in map(str, range(len(self._named) + 1)) if n not in self._named)


def texts(ids: Numbers) -> dict[int, str]:
    """What these numbers stand for. Raises LookupError rather than take one for nothing known."""
    wanted = [int(each) for each in ids]
    found = dict(FactValue.objects.filter(id__in=wanted).values_list("id", "text"))
    if len(found) < len(wanted):
        raise LookupError(f"There is no value {sorted(set(wanted) - found.keys())[0]}.")
    return found


def lists() -> tuple[tuple[str, int], ...]:
    """The restricted lists, by which the bits of ``lists`` are read."""
    return tuple(RestrictedList.objects.order_by("id").values_list("code", "id"))
