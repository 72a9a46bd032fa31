"""Judges a range of licensees twice, under the release in force and under the draft's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import DatabaseError

from accesscontrol import facts, policy
from accesscontrol.models import Licensee
from accesscontrol.screening import interning
from accesscontrol.screening.impact import UNKNOWN, Ints, Judged, Side
from accesscontrol.screening.judging import Answers, Judge


@dataclass(frozen=True)
class Range:
    """Licensees judged on both sides, and the ids of those that could not be."""

    judged: Judged
    failed: Sequence[int]


class Sides:
    """The two releases at one instant; it remembers what it judged."""

    def __init__(self, before: policy.Release, after: policy.Release, *, at: datetime) -> None:
        self.at = at
        self._before, self._after = Judge(before, at=at), Judge(after, at=at)
        self._sheets: tuple[dict[Answers, int], dict[Answers, int]] = ({}, {})
        self.positions = [each.position for each in self._before.offerings]

    def judge(self, ids: Sequence[int]) -> Range:
        """Judge these licensees; one that makes the judge fail is left out and named."""
        rows, failed = self._answers(ids)
        found = sorted(rows)
        statuses = facts.entitlement_statuses(found, known_at=self.at)
        of_offering = {each.id: n for n, each in enumerate(self._before.offerings)}
        grants: dict[int, set[int]] = {pk: set() for pk in found}
        for pk, offering in statuses:
            if offering in of_offering:
                grants[pk].add(of_offering[offering])
        patterns = _numbered(frozenset(grants[pk]) for pk in found)
        countries = _countries(found, self.at)
        codes = _numbered(countries[pk] for pk in found)
        judged = Judged(
            ids=np.array(found, np.int64),
            before=_ints(self._number(0, rows[pk][0]) for pk in found),
            after=_ints(self._number(1, rows[pk][1]) for pk in found),
            grants=_ints(patterns[frozenset(grants[pk])] for pk in found),
            granted=np.array(
                [[n in pattern for n in range(len(self.positions))] for pattern in patterns], bool
            ).reshape(len(patterns), len(self.positions)),
            countries=_ints(codes[countries[pk]] for pk in found),
            codes=list(codes),
        )
        return Range(judged, failed)

    def before(self) -> Side:
        """What the release in force says."""
        return self._side(0)

    def after(self) -> Side:
        """What the draft's release says."""
        return self._side(1)

    def intern(self, side: int, numbers: Iterable[int]) -> dict[int, int]:
        """Store these sheets of a side, content that is never changed; number → its row's id."""
        all_of_it = list(self._sheets[side])
        wanted = {all_of_it[number]: number for number in set(numbers)}
        stored = interning.of_answers(wanted.keys())
        return {number: stored[sheet] for sheet, number in wanted.items()}

    def _answers(self, ids: Sequence[int]) -> tuple[dict[int, tuple[Answers, Answers]], list[int]]:
        """Both sides' answers; where the judge fails on some, the halves are tried on their own."""
        try:
            before, after = self._before.answers(ids), self._after.answers(ids)
        except DatabaseError:
            raise
        except Exception:
            if len(ids) == 1:
                return {}, list(ids)
            half = len(ids) // 2
            (rows, failed), (more, others) = self._answers(ids[:half]), self._answers(ids[half:])
            return rows | more, failed + others
        return {pk: (before[pk], after[pk]) for pk in before}, []

    def _number(self, side: int, answers: Answers) -> int:
        numbers = self._sheets[side]
        return numbers.setdefault(answers, len(numbers))

    def _side(self, side: int) -> Side:
        found: dict[str, int] = {}
        verdicts: list[Mapping[str, Any]] = []
        sheets = []
        for answers in self._sheets[side]:
            sheet = []
            for position in self.positions:
                each = answers[position]
                assert each is not None  # both sides judge every offering
                if each.digest not in found:
                    found[each.digest] = len(verdicts)
                    verdicts.append(each.verdict)
                sheet.append(found[each.digest])
            sheets.append(sheet)
        return Side(sheets, verdicts)


def _countries(ids: Sequence[int], at: datetime) -> dict[int, str]:
    about = facts.about_licensees(ids, at=at)
    return {pk: _code(each.facts.get("licensee.country")) for pk, each in about.items()}


def _code(value: object) -> str:
    """A country as its two letters; whatever else stands there is no country."""
    fits = isinstance(value, str) and len(value) == 2 and value.isascii() and value.isupper()
    return str(value) if fits else UNKNOWN


def _numbered(values: Iterable[Any]) -> dict[Any, int]:
    numbers: dict[Any, int] = {}
    for value in values:
        numbers.setdefault(value, len(numbers))
    return numbers


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)


def following(up_to: int, most: int) -> list[int]:
    """The next licensees by id."""
    rows = Licensee.objects.filter(id__gt=up_to).order_by("id")
    return list(rows.values_list("id", flat=True)[:most])
