"""What a release says of many licensees at once: rows of numbers in, a sheet of findings each out.

The one function behind a screening and an impact preview; it writes nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accesscontrol import facts, releases
from accesscontrol.ledger.canonical import digest
from accesscontrol.policy import ABSENT
from accesscontrol.policy.columns import STATUSES, Columns, UniqueRows
from accesscontrol.screening.judge import finding_text, one_by_one, paper_holders
from accesscontrol.screening.register import current_facts, fact_columns, process_cache

Numbers = NDArray[Any]
Key = tuple[object, ...]

AT_ONCE = 131_072  # licensees whose facts stand in memory as codes
KEPT = 2  # evaluators in the pool, of 50 MB each: the release in force and a draft


class Evaluator:
    """Judges licensees by one release as of one instant, and remembers whom it judged alike.

    It is for one thread at a time: see ``lent``. ``findings[0]`` is None: no offering stands at
    that position. ``sheets``, (sheets, positions), has for each position the index of a finding;
    both only grow, and no index changes its meaning. ``at`` may move (``lent`` does it) while no
    boundary of the release is passed. ``kept`` is for those who store findings and sheets: their
    ids in the database. A commit may put an array there after the evaluator was given back, which
    threads may do at once: an array is only ever replaced as a whole, and each is right.
    """

    def __init__(self, loaded: releases.Loaded, *, at: datetime) -> None:
        self.release = loaded.policy
        self.at = at
        self.offerings = one_by_one.offerings(at)
        self.findings: list[one_by_one.Found | None] = [None]
        self.sheets: Numbers = np.zeros((0, self.width), "i4")
        self.kept: dict[str, Numbers] = {}
        self._columns = Columns(
            loaded.policy, at=at, offerings=[each.facts for each in self.offerings]
        )
        self._judge = one_by_one.Judge(loaded.policy, at=at)
        self._fragments = finding_text.Fragments(self._columns.verdicts, self._judge.reads)
        self._holders = paper_holders.Holders(self._judge, self._columns)
        self._classes = fact_columns.Classes(
            self._columns.reads, self._columns.code, self._judge.named
        )
        self._finding_at: dict[str, int] = {}
        self._sheet_at = UniqueRows(self.width)
        self._finding_of = np.zeros(0, "i4")  # the columns' verdicts and sheets → ours
        self._sheet_of = np.zeros(0, "i4")

    @property
    def width(self) -> int:
        """How many positions a sheet has."""
        return self.offerings[-1].position + 1 if self.offerings else 0

    @property
    def columns(self) -> list[str]:
        """The columns of CurrentFacts that it reads."""
        columns = {*self._classes.columns, "papers"}
        if self._columns.reads_status:
            columns.add("statuses")
        return sorted(columns)

    def read(
        self,
        first: int,
        last: int,
        *,
        ids: Sequence[int] | None = None,
        where: fact_columns.Where | None = None,
    ) -> fact_columns.Licensees:
        """What the release reads of a range of licensees; see fact_columns.read."""
        return fact_columns.read(first, last, columns=self.columns, ids=ids, where=where)

    def answers(self, rows: fact_columns.Licensees) -> Numbers:
        """For each row the index of its sheet.

        Raises PolicyError where an export license or a disposition of a licensee cannot be read.
        The evaluator can be used all the same: nothing of these rows is remembered by halves.
        """
        if not self.offerings:
            return self._sheets(np.zeros((len(rows), 0), "i4"))
        parts = [slice(n, n + AT_ONCE) for n in range(0, max(len(rows), 1), AT_ONCE)]
        patterns = np.concatenate([self._patterns(rows.only(part)) for part in parts])
        found = self._columns.of_patterns(patterns)
        self._take_over()
        answers = self._sheet_of[found]
        papers = np.flatnonzero(rows.columns["papers"])
        if len(papers):
            answers[papers] = self._with_papers(rows.only(papers))
        return answers

    def by_truth(self, ids: Sequence[int]) -> Numbers:
        """For each licensee the index of its sheet, judged one by one by its dated facts.

        Raises PolicyError as ``answers`` does.
        """
        found = one_by_one.Judge(self.release, at=self.at).answers(ids)
        rows = [[self._finding(each) if each else 0 for each in found[pk]] for pk in ids]
        return self._sheets(np.array(rows, "i4").reshape(len(ids), self.width))

    def _patterns(self, rows: fact_columns.Licensees) -> Numbers:
        """What the columns tell apart of the licensees, papers aside."""
        statuses = self._statuses(rows) if self._columns.reads_status else None
        return self._columns.patterns(self._classes.of(rows), statuses)

    def _statuses(self, rows: fact_columns.Licensees) -> Numbers:
        """(licensees, offerings): 0 none, 1 active, 2 held."""
        values, row = np.unique(rows.columns["statuses"], return_inverse=True)
        table = np.zeros((len(values), len(self.offerings)), "i1")
        at = {str(each.position): n for n, each in enumerate(self.offerings)}
        known = fact_columns.texts(values[values != 0])
        for n, value in enumerate(values):
            for position, status in json.loads(known.get(int(value), "{}")).items():
                if position in at:
                    table[n, at[position]] = 2 if status == "held" else 1
        return table[row.reshape(-1)]

    def _with_papers(self, rows: fact_columns.Licensees) -> Numbers:
        """The sheets of holders of papers, judged by their dated facts alone.

        A row may lag behind an instant just gone, and what it says must not be mixed with what the
        papers then cover.
        """
        ids = rows.ids.tolist()
        about = facts.about_licensees(ids, at=self.at)
        statuses = facts.entitlement_statuses(ids, known_at=self.at)
        held = [[statuses.get((pk, each.id), "none") for each in self.offerings] for pk in ids]
        plain = self._columns.answers(
            self._coded(rows, [about[pk].facts for pk in ids]),
            np.array([[STATUSES.index(each) for each in one] for one in held], "i1"),
        )
        sheets = self._columns.sheets()[plain].tolist()
        found = [
            self._holders.findings(about[pk], status, numbers, at=self.at)
            for pk, status, numbers in zip(ids, held, sheets, strict=True)
        ]
        self._take_over()
        stored = np.zeros((len(ids), self.width), "i4")
        positions = [each.position for each in self.offerings]
        stored[:, positions] = self._finding_of[np.array(found)]
        return self._sheets(stored)

    def _coded(
        self, rows: fact_columns.Licensees, known: Sequence[Mapping[str, object]]
    ) -> Numbers:
        """The classes of dated facts; who it is, the rows say."""
        codes = self._classes.of(rows)
        for n, name in enumerate(self._columns.reads):
            if name != current_facts.ID:
                codes[:, n] = [self._columns.code(name, each.get(name, ABSENT)) for each in known]
        return codes

    def _take_over(self) -> None:
        """What the columns have found since the last time, as findings and sheets of ours."""
        new = self._columns.verdicts.rows[len(self._finding_of) :]
        found = [self._finding(self._fragments.found(each)) for each in new]
        self._finding_of = np.append(self._finding_of, np.array(found, "i4"))
        sheets = self._columns.sheets(len(self._sheet_of))
        rows = np.zeros((len(sheets), self.width), "i4", order="F")
        rows[:, [each.position for each in self.offerings]] = self._finding_of[sheets]
        self._sheet_of = np.append(self._sheet_of, self._sheets(rows))

    def _finding(self, found: one_by_one.Found) -> int:
        at = self._finding_at.setdefault(found.digest, len(self.findings))
        if at == len(self.findings):
            self.findings.append(found)
        return at

    def _sheets(self, rows: Numbers) -> Numbers:
        """The index of each of these sheets, which may be new."""
        numbers = self._sheet_at.numbers(rows)
        new = self._sheet_at.rows(len(self.sheets))
        self.sheets = np.concatenate([self.sheets, new]) if len(new) else self.sheets
        return numbers


# The evaluators that nobody works with, the one given back last at the end. Threads share the pool
# and take and give back under its lock; an evaluator in use is in no pool, so that no two share it.
_pool: dict[Key, Evaluator] = {}
_POOL_LOCK = Lock()


@contextmanager
def lent(loaded: releases.Loaded, *, at: datetime) -> Iterator[Evaluator]:
    """Lend an evaluator of a release at an instant; no other thread gets it until the block ends.

    It is one that judged before, if nothing that its answers rest on differs. A block that fails
    does not give it back: what the evaluator remembers may then be half written.
    """
    key = _key(loaded, at)
    evaluator = _taken(key) or Evaluator(loaded, at=at)
    evaluator.at = at
    yield evaluator
    _give_back(key, evaluator)


def _taken(key: Key) -> Evaluator | None:
    """The evaluator of the key, out of the pool; where there is none, the pool makes room for it.

    A new one is needed where a release, a boundary, a model or a list has changed. The others are
    then hardly asked for again, and are large.
    """
    with _POOL_LOCK:
        evaluator = _pool.pop(key, None)
        if evaluator is None:
            _pool.clear()
    return evaluator


def _give_back(key: Key, evaluator: Evaluator) -> None:
    with _POOL_LOCK:
        _pool.pop(key, None)
        _pool[key] = evaluator
        while len(_pool) > KEPT:
            del _pool[next(iter(_pool))]


def _key(loaded: releases.Loaded, at: datetime) -> Key:
    """Release, span of time between its boundaries, offerings with their models' facts, lists."""
    return (
        process_cache.database(),
        loaded.sha256,
        sum(edge <= at for edge in loaded.policy.boundaries()),
        _digest(one_by_one.offerings(at)),
        fact_columns.lists(),
    )


def _digest(offerings: Iterable[one_by_one.OfferingFacts]) -> str:
    told = [[each.position, each.facts] for each in offerings]
    return digest(json.dumps(told, sort_keys=True))  # in a tenth of the time of canonical JSON
