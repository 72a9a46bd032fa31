"""Judges licensees by the release in force and by a draft's release, as of one instant."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from accesscontrol import policy, releases
from accesscontrol.models import Boundary
from accesscontrol.screening.judge import evaluators
from accesscontrol.screening.judge.evaluators import Evaluator
from accesscontrol.screening.preview.impact import UNKNOWN, ComparedLicensees, Ints, ReleaseSheets
from accesscontrol.screening.register import current_facts, fact_columns
from accesscontrol.screening.register.fact_columns import FactColumns
from accesscontrol.screening.results import content_store

# A column beside the register's: whether something of the licensee changes until the instant.
CHANGES = "changes"

SELECT_NEXT = """
    SELECT max(id), count(*) FROM (
        SELECT id FROM accesscontrol_licensee WHERE id > %s ORDER BY id LIMIT %s
    ) AS next
"""


@contextmanager
def both_releases(
    before: releases.Loaded, after: releases.Loaded, *, judged_at: datetime, at: datetime
) -> Iterator["BothReleases"]:
    """Both releases at ``judged_at``, by evaluators that are lent until the block ends."""
    with (
        evaluators.lent(before, at=judged_at) as of_before,
        evaluators.lent(after, at=judged_at) as of_after,
    ):
        yield BothReleases(of_before, of_after, judged_at=judged_at, at=at)


class BothReleases:
    """Judges by both releases as of ``judged_at``, which may lie ahead of ``at``, the present."""

    def __init__(
        self, before: Evaluator, after: Evaluator, *, judged_at: datetime, at: datetime
    ) -> None:
        self.at, self.judged_at = at, judged_at
        self.before, self.after = before, after

    def judge(self, first: int, last: int) -> tuple[ComparedLicensees, list[int]]:
        """Judge a range of ids. Licensees whose papers cannot be read are left out and named."""
        current_facts.fill(first, last, at=self.at)
        rows, (before, after), failed = self._judged(self._rows(first, last))
        countries, codes = self._countries(rows.columns["country"])
        grants = rows.columns["statuses"]
        return ComparedLicensees(rows.ids, before, after, grants, countries, codes), failed

    def sheets(self, licensees: ComparedLicensees) -> tuple[ReleaseSheets, ReleaseSheets]:
        """The sheets that these licensees have under each release."""
        return _sheets(self.before, licensees.before), _sheets(self.after, licensees.after)

    def granted(self, value_ids: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(grants, positions): which offerings are granted, active or held by an officer."""
        table = np.zeros((len(value_ids), self.after.width), bool)
        texts = fact_columns.texts(value_ids[value_ids != 0])
        for row, value_id in zip(table, value_ids.tolist(), strict=True):
            positions = [int(each) for each in json.loads(texts.get(value_id, "{}"))]
            row[[each for each in positions if each < len(row)]] = True
        return table

    def store(self, licensees: ComparedLicensees) -> tuple[Ints, Ints]:
        """Store both sheets of each licensee; their ids. A sheet is of no release, but content."""
        sides = ((self.before, licensees.before), (self.after, licensees.after))
        before, after = (
            content_store.sheet_ids(evaluator, np.unique(sheets))[sheets]
            for evaluator, sheets in sides
        )
        return before, after

    def _rows(self, first: int, last: int) -> FactColumns:
        """The rows as they are now, with whether something changes until the instant."""
        columns = {"country", "papers", "statuses"}
        for evaluator in (self.before, self.after):
            columns.update(evaluator.columns)
        rows = fact_columns.rows(first, last, columns=sorted(columns))
        changes = np.isin(rows.ids, self._changing(first, last))
        return replace(rows, columns={**rows.columns, CHANGES: changes})

    def _changing(self, first: int, last: int) -> list[int]:
        """The licensees of which a dated fact or paper begins or ends until the instant."""
        due = Boundary.objects.filter(run=None, at__lte=self.judged_at)
        return list(
            due.filter(licensee_id__gte=first, licensee_id__lte=last)
            .values_list("licensee_id", flat=True)
            .distinct()
        )

    def _judged(self, rows: FactColumns) -> tuple[FactColumns, tuple[Ints, Ints], list[int]]:
        """The licensees that can be judged, the sheets of both releases, and the other licensees.

        Where papers of a licensee cannot be read, each half is judged on its own. Any other failure
        is one of the code or of the database, and ends the part.
        """
        try:
            return rows, (_sheets_of(self.before, rows), _sheets_of(self.after, rows)), []
        except policy.PolicyError:
            if len(rows) == 1:
                none = np.zeros(0, "i4")
                return rows.only(np.zeros(1, bool)), (none, none), rows.ids.tolist()
            return self._halves(rows)

    def _halves(self, rows: FactColumns) -> tuple[FactColumns, tuple[Ints, Ints], list[int]]:
        low = np.arange(len(rows)) < len(rows) // 2
        halves = [self._judged(rows.only(low)), self._judged(rows.only(~low))]
        judged = FactColumns(
            np.concatenate([each.ids for each, _, _ in halves]),
            {n: np.concatenate([each.columns[n] for each, _, _ in halves]) for n in rows.columns},
        )
        before, after = (np.concatenate([each[side] for _, each, _ in halves]) for side in (0, 1))
        return judged, (before, after), [pk for _, _, failed in halves for pk in failed]

    def _countries(self, value_ids: Ints) -> tuple[Ints, list[str]]:
        """Each licensee's country, as an index into a list of countries, and the list."""
        distinct, places = np.unique(value_ids, return_inverse=True)
        texts = fact_columns.texts(distinct[distinct != 0])
        countries = [_country(texts.get(int(each))) for each in distinct]
        codes = sorted(set(countries))
        indices = np.array([codes.index(each) for each in countries], "i8")
        return indices[places.reshape(-1)], codes


def _sheets_of(evaluator: Evaluator, rows: FactColumns) -> Ints:
    """Each licensee's sheet: by its row, or by its dated facts if something changes until then."""
    sheets = evaluator.sheets_of(rows)
    changing = rows.columns[CHANGES]
    if changing.any():
        sheets[changing] = evaluator.sheets_by_dated_facts(rows.ids[changing].tolist())
    return sheets


def next_range(up_to: int, most: int) -> tuple[int, int]:
    """The last id of the next licensees after ``up_to``, and how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(SELECT_NEXT, [up_to, most])
        last, count = cursor.fetchone()
    return (up_to if last is None else last), count


def _sheets(evaluator: Evaluator, sheets: Ints) -> ReleaseSheets:
    used, rows = np.unique(sheets, return_inverse=True)
    return ReleaseSheets(rows.reshape(-1), evaluator.sheets[used], evaluator.findings)


def _country(text: str | None) -> str:
    """A country as its two letters; any other value is no country."""
    value = None if text is None else json.loads(text)
    fits = isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper()
    return str(value) if fits else UNKNOWN
