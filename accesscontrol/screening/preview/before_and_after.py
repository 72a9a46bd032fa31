"""Judges licensees under the release in force and under a draft's, as of one instant."""

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
from accesscontrol.screening.preview.impact import UNKNOWN, Ints, Judged, Side
from accesscontrol.screening.register import current_facts, fact_columns
from accesscontrol.screening.results import content_store

MOVING = "moving"  # a column beside the register's: of whom something changes until the instant

NEXT = """
    SELECT max(id), count(*) FROM (
        SELECT id FROM accesscontrol_licensee WHERE id > %s ORDER BY id LIMIT %s
    ) AS next
"""


@contextmanager
def sides(
    before: releases.Loaded, after: releases.Loaded, *, judged_at: datetime, at: datetime
) -> Iterator["Sides"]:
    """The two releases at ``judged_at``, by evaluators that are lent until the block ends."""
    with (
        evaluators.lent(before, at=judged_at) as of_before,
        evaluators.lent(after, at=judged_at) as of_after,
    ):
        yield Sides(of_before, of_after, judged_at=judged_at, at=at)


class Sides:
    """The two releases at one instant, which may lie ahead of ``at``, when the facts are read."""

    def __init__(
        self, before: Evaluator, after: Evaluator, *, judged_at: datetime, at: datetime
    ) -> None:
        self.at, self.judged_at = at, judged_at
        self.before, self.after = before, after

    def judge(self, first: int, last: int) -> tuple[Judged, list[int]]:
        """Judge a range of ids. Licensees whose papers cannot be read are left out and named."""
        current_facts.fill(first, last, at=self.at)
        rows, answers, failed = self._answers(self._read(first, last))
        countries, codes = self._countries(rows.columns["country"])
        judged = Judged(
            ids=rows.ids,
            before=answers[0],
            after=answers[1],
            grants=rows.columns["statuses"],
            countries=countries,
            codes=codes,
        )
        return judged, failed

    def said(self, judged: Judged) -> tuple[Side, Side]:
        """What the sheets say that these licensees have on either side."""
        return _said(self.before, judged.before), _said(self.after, judged.after)

    def granted(self, numbers: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(grants, positions): which offerings are granted, active or held by an officer."""
        table = np.zeros((len(numbers), self.after.width), bool)
        known = fact_columns.texts(numbers[numbers != 0])
        for row, number in zip(table, numbers.tolist(), strict=True):
            granted = [int(each) for each in json.loads(known.get(number, "{}"))]
            row[[each for each in granted if each < len(row)]] = True
        return table

    def store(self, judged: Judged) -> tuple[Ints, Ints]:
        """The database's numbers of both sheets of each; they are content, of whatever release."""
        sides = ((self.before, judged.before), (self.after, judged.after))
        before, after = (
            content_store.sheet_ids(evaluator, np.unique(answers))[answers]
            for evaluator, answers in sides
        )
        return before, after

    def _read(self, first: int, last: int) -> fact_columns.Licensees:
        """The rows as they are now, with whether something of them changes until the instant."""
        columns = {"country", "papers", "statuses"}
        for side in (self.before, self.after):
            columns.update(side.columns)
        rows = fact_columns.read(first, last, columns=sorted(columns))
        moving = np.isin(rows.ids, self._moving(first, last))
        return replace(rows, columns={**rows.columns, MOVING: moving})

    def _moving(self, first: int, last: int) -> list[int]:
        due = Boundary.objects.filter(run=None, at__lte=self.judged_at)
        return list(
            due.filter(licensee_id__gte=first, licensee_id__lte=last)
            .values_list("licensee_id", flat=True)
            .distinct()
        )

    def _answers(
        self, rows: fact_columns.Licensees
    ) -> tuple[fact_columns.Licensees, tuple[Ints, Ints], list[int]]:
        """Both sides' sheets. Where papers of a licensee cannot be read, each half is tried.

        Any other failure is one of the code or of the database, and ends the part.
        """
        try:
            return rows, (_answers_of(self.before, rows), _answers_of(self.after, rows)), []
        except policy.PolicyError:
            if len(rows) == 1:
                nobody = rows.only(np.zeros(1, bool))
                none = np.zeros(0, "i4")
                return nobody, (none, none), rows.ids.tolist()
            return self._halves(rows)

    def _halves(
        self, rows: fact_columns.Licensees
    ) -> tuple[fact_columns.Licensees, tuple[Ints, Ints], list[int]]:
        low = np.arange(len(rows)) < len(rows) // 2
        halves = [self._answers(rows.only(low)), self._answers(rows.only(~low))]
        names = rows.columns
        judged = fact_columns.Licensees(
            np.concatenate([each.ids for each, _, _ in halves]),
            {n: np.concatenate([each.columns[n] for each, _, _ in halves]) for n in names},
        )
        before, after = (np.concatenate([each[side] for _, each, _ in halves]) for side in (0, 1))
        return judged, (before, after), [pk for _, _, failed in halves for pk in failed]

    def _countries(self, numbers: Ints) -> tuple[Ints, list[str]]:
        """Each licensee's place in a list of countries."""
        distinct, places = np.unique(numbers, return_inverse=True)
        known = fact_columns.texts(distinct[distinct != 0])
        named = [_country(known.get(int(each))) for each in distinct]
        codes = sorted(set(named))
        at = np.array([codes.index(each) for each in named], np.int64)
        return at[places.reshape(-1)], codes


def _answers_of(evaluator: Evaluator, rows: fact_columns.Licensees) -> Ints:
    """By the rows; of whom something changes until the instant, by what will hold then."""
    answers = evaluator.answers(rows)
    moving = rows.columns[MOVING]
    if moving.any():
        answers[moving] = evaluator.by_truth(rows.ids[moving].tolist())
    return answers


def next_range(up_to: int, most: int) -> tuple[int, int]:
    """The last id of the next licensees after ``up_to``, and how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [up_to, most])
        last, count = cursor.fetchone()
    return (up_to if last is None else last), count


def _said(evaluator: Evaluator, answers: Ints) -> Side:
    used, places = np.unique(answers, return_inverse=True)
    return Side(places.reshape(-1), evaluator.sheets[used], evaluator.findings)


def _country(text: str | None) -> str:
    """A country as its two letters; whatever else stands there is no country."""
    value = None if text is None else json.loads(text)
    fits = isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper()
    return str(value) if fits else UNKNOWN
