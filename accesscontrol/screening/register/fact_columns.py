"""Reads what is known of licensees as columns of numbers, and turns values into codes of a release.

A value has an id in the register (FactValue). A code stands for all values that no rule of the
release tells apart.
"""

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
Code = Callable[..., int]  # policy.columns.Columns.code

NOT_READ = -1
AT_ONCE = 25_000  # ids of which rows are read by one statement
MOST_STATEMENTS = 20


class Where(NamedTuple):
    """A condition over the row ``c`` of CurrentFacts, with its parameters."""

    sql: str
    params: dict[str, Any]


@dataclass(frozen=True)
class FactColumns:
    """Some licensees in order of their ids, with the columns of CurrentFacts that were asked for.

    ``columns`` are ids of FactValue, and bits for ``lists``. All are as long as ``ids``.
    """

    ids: Numbers
    columns: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, which: Numbers | slice) -> "FactColumns":
        """Those where ``which`` is true; of a slice, views."""
        return FactColumns(self.ids[which], {n: each[which] for n, each in self.columns.items()})


def rows(
    first: int,
    last: int,
    *,
    columns: Sequence[str],
    ids: Sequence[int] | None = None,
    where: Where | None = None,
) -> FactColumns:
    """Licensees from ``first`` to ``last``, of ``ids`` and ``where`` if they are given.

    Without ``ids`` and ``where`` several statements read the range, since a connection never gives
    back the memory that its largest answer took. A licensee without a row is not read: see before
    that it has one (current_facts.fill and refresh).
    """
    if where is None and ids is None and last - first >= AT_ONCE:
        step = max(AT_ONCE, (last - first) // MOST_STATEMENTS)  # ids may have wide gaps
        starts = range(first, last + 1, step)
        parts = [_rows(n, min(n + step - 1, last), columns, None, None) for n in starts]
        return FactColumns(
            np.concatenate([each.ids for each in parts]),
            {name: np.concatenate([each.columns[name] for each in parts]) for name in columns},
        )
    return _rows(first, last, columns, ids, where)


def _rows(
    first: int,
    last: int,
    columns: Sequence[str],
    ids: Sequence[int] | None,
    where: Where | None,
) -> FactColumns:
    select = f"FROM {current_facts.TABLE} c WHERE c.licensee_id BETWEEN {first:d} AND {last:d}"
    if ids is not None:
        named = ",".join(str(int(pk)) for pk in ids)
        select += f" AND c.licensee_id = ANY('{{{named}}}'::bigint[])"
    if where is not None:
        select += f" AND ({where.sql})"
    types = {"c.licensee_id": "i8"} | {f"c.{n}": "i8" if n == "lists" else "i4" for n in columns}
    read = binary_copy.columns(select, types, where.params if where else None)
    pks = read.pop("c.licensee_id")
    if len(pks) > 1 and not (pks[1:] > pks[:-1]).all():
        order = np.argsort(pks)
        pks, read = pks[order], {name: values[order] for name, values in read.items()}
    return FactColumns(pks, {name.removeprefix("c."): each for name, each in read.items()})


class CodeTables:
    """Turns columns of value ids into codes: a table of codes by value id for each attribute.

    ``reads``: the attributes, in the order of the codes. ``named_ids``: every text in the release
    that could be a licensee's id; all other ids have one code.
    """

    def __init__(self, reads: Sequence[str], code: Code, named_ids: frozenset[str]) -> None:
        self.reads = reads
        self._code = code
        self._named_ids = sorted(named_ids)
        self._tables: dict[str, Numbers] = {}
        self._lists = dict(lists())

    @property
    def columns(self) -> list[str]:
        """The columns of CurrentFacts that have what the release reads."""
        return sorted({name for attribute in self.reads for name in self._columns(attribute)})

    def codes(self, rows: FactColumns) -> Numbers:
        """(licensees, attributes read) codes.

        1. Look up each column in its attribute's table.
        2. Read the values that no table has yet, of all attributes at once, and add their codes.
        3. Look up again the columns that had such values.
        """
        codes = np.zeros((len(rows), len(self.reads)), "i4", order="F")
        new: dict[int, Numbers] = {}
        for n, attribute in enumerate(self.reads):
            if attribute == current_facts.ID:
                codes[:, n] = self._id_codes(rows.ids)
            for name in self._columns(attribute):
                codes[:, n] = self._looked_up(attribute, name, rows.columns[name])
                not_read = codes[:, n] == NOT_READ
                if not_read.any():
                    new[n] = np.unique(rows.columns[name][not_read])
        if new:
            self._add({self.reads[n]: values for n, values in new.items()})
        for n in new:
            for name in self._columns(self.reads[n]):
                codes[:, n] = self._looked_up(self.reads[n], name, rows.columns[name])
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
        """Where an attribute's bits are in ``lists``.

        None for attributes that are not there, and for a list that the register does not have.
        """
        number = self._lists.get(attribute.removeprefix(current_facts.LIST_STATUS), 0)
        return (
            current_facts.shift(number) if attribute.startswith(current_facts.LIST_STATUS) else None
        )

    def _looked_up(self, attribute: str, name: str, values: Numbers) -> Numbers:
        if name == "lists":
            values = (values >> (self._shift(attribute) or 0)) & 3
            table = self._list_codes(attribute)
        else:
            table = self._table(attribute, int(values.max(initial=0)))
        codes: Numbers = table[values]
        return codes

    def _add(self, new: Mapping[str, Numbers]) -> None:
        """Add the codes of new value ids, by attribute."""
        every = texts(np.unique(np.concatenate(list(new.values()))))
        value_of = {value_id: json.loads(text) for value_id, text in every.items()}
        for attribute, value_ids in new.items():
            for value_id in value_ids.tolist():
                self._tables[attribute][value_id] = self._code_of(attribute, value_of[value_id])

    def _code_of(self, attribute: str, value: Any) -> int:
        if attribute in current_facts.COLUMNS:
            return self._code(attribute, value)
        return self._code(attribute, value[attribute]) if attribute in value else 0

    def _table(self, attribute: str, most: int) -> Numbers:
        """The codes by value id, up to ``most``: NOT_READ for a new one, 0 (absent) for id 0."""
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

    def _id_codes(self, ids: Numbers) -> Numbers:
        """The register is asked each time: a licensee that the release names may be new."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, ref FROM accesscontrol_licensee WHERE ref = ANY(%s::text[])",
                [self._named_ids],
            )
            named = cursor.fetchall()
        codes = np.full(len(ids), self._code(current_facts.ID, self._other_id()), "i4")
        for pk, ref in named:
            place = int(np.searchsorted(ids, pk))
            if place < len(ids) and ids[place] == pk:
                codes[place] = self._code(current_facts.ID, ref)
        return codes

    def _other_id(self) -> str:
        """An id that the release does not name."""
        numbers = map(str, range(len(self._named_ids) + 1))
        return next(n for n in numbers if n not in self._named_ids)


def texts(ids: Numbers) -> dict[int, str]:
    """The values with these ids, as JSON. Raises LookupError if one is not there."""
    wanted = [int(each) for each in ids]
    text_of = dict(FactValue.objects.filter(id__in=wanted).values_list("id", "text"))
    if len(text_of) < len(wanted):
        raise LookupError(f"There is no value {sorted(set(wanted) - text_of.keys())[0]}.")
    return text_of


def lists() -> tuple[tuple[str, int], ...]:
    """Code and id of each restricted list: they say which bits of ``lists`` are whose."""
    return tuple(RestrictedList.objects.order_by("id").values_list("code", "id"))
