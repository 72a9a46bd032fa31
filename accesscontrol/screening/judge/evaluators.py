"""Judges many licensees at once by a release: rows of numbers in, a sheet of findings for each out.

The one function behind a screening and an impact preview. It writes nothing.
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
from accesscontrol.screening.judge import finding_text, one_by_one, papers
from accesscontrol.screening.judge.finding_text import FindingText
from accesscontrol.screening.register import current_facts, fact_columns, process_cache
from accesscontrol.screening.register.fact_columns import FactColumns

Numbers = NDArray[Any]
Key = tuple[object, ...]

AT_ONCE = 131_072  # licensees whose facts are in memory as codes
KEPT = 2  # evaluators in the pool, of 50 MB each: the release in force and a draft


class Evaluator:
    """Judges licensees by one release as of one instant, and remembers which it judged alike.

    It is for one thread at a time: see ``lent``. ``findings[0]`` is None, for positions without an
    offering. ``sheets``, (sheets, positions), has for each position the index of a finding. Both
    only grow, and no index changes its meaning. ``at`` may move (``lent`` does it) while no
    boundary of the release is passed.

    ``stored_ids`` is for those who store findings and sheets: their ids in the database, by index.
    A commit may put an array there after the evaluator was given back, and so may another thread at
    once: an array is only ever replaced as a whole, and each is right.
    """

    def __init__(self, loaded: releases.Loaded, *, at: datetime) -> None:
        self.release = loaded.policy
        self.at = at
        self.offerings = one_by_one.offerings(at)
        self.findings: list[FindingText | None] = [None]
        self.sheets: Numbers = np.zeros((0, self.width), "i4")
        self.stored_ids: dict[str, Numbers] = {}
        self._columns = Columns(
            loaded.policy, at=at, offerings=[each.facts for each in self.offerings]
        )
        self._judge = one_by_one.Judge(loaded.policy, at=at)
        self._fragments = finding_text.Fragments(self._columns.verdicts, self._judge.reads)
        self._papers_judge = papers.PapersJudge(self._judge, self._columns)
        self._codes = fact_columns.CodeTables(
            self._columns.reads, self._columns.code, self._judge.named_ids
        )
        self._finding_index: dict[str, int] = {}  # by digest
        self._distinct_sheets = UniqueRows(self.width)
        # Ours, by the indices of the columns.
        self._own_finding = np.zeros(0, "i4")
        self._own_sheet = np.zeros(0, "i4")

    @property
    def width(self) -> int:
        """How many positions a sheet has."""
        return self.offerings[-1].position + 1 if self.offerings else 0

    @property
    def columns(self) -> list[str]:
        """The columns of CurrentFacts that it reads."""
        columns = {*self._codes.columns, "papers"}
        if self._columns.reads_status:
            columns.add("statuses")
        return sorted(columns)

    def rows(
        self,
        first: int,
        last: int,
        *,
        ids: Sequence[int] | None = None,
        where: fact_columns.Where | None = None,
    ) -> FactColumns:
        """What the release reads of a range of licensees; see fact_columns.rows."""
        return fact_columns.rows(first, last, columns=self.columns, ids=ids, where=where)

    def sheets_of(self, rows: FactColumns) -> Numbers:
        """The index of each licensee's sheet.

        1. Licensees become rows of codes, some at a time; equal rows get one number.
        2. The columns judge each number that is new.
        3. What they found becomes findings and sheets of ours, each once.
        4. Licensees with papers are judged again, one by one.

        Raises PolicyError where an export license or a disposition of a licensee cannot be read.
        The evaluator can be used all the same: nothing of these rows is remembered by halves.
        """
        if not self.offerings:
            return self._indices(np.zeros((len(rows), 0), "i4"))
        parts = [slice(n, n + AT_ONCE) for n in range(0, max(len(rows), 1), AT_ONCE)]
        numbers = np.concatenate([self._numbers(rows.only(part)) for part in parts])
        of_columns = self._columns.of_patterns(numbers)
        self._take_over()
        sheets = self._own_sheet[of_columns]
        with_papers = np.flatnonzero(rows.columns["papers"])
        if len(with_papers):
            sheets[with_papers] = self._with_papers(rows.only(with_papers))
        return sheets

    def sheets_by_dated_facts(self, ids: Sequence[int]) -> Numbers:
        """The index of each licensee's sheet, judged one by one by its dated facts.

        Raises PolicyError as ``sheets_of`` does.
        """
        findings = one_by_one.Judge(self.release, at=self.at).findings(ids)
        rows = [[self._index(each) if each else 0 for each in findings[pk]] for pk in ids]
        return self._indices(np.array(rows, "i4").reshape(len(ids), self.width))

    def _numbers(self, rows: FactColumns) -> Numbers:
        """Equal for licensees that the columns cannot tell apart, papers aside."""
        statuses = self._statuses(rows) if self._columns.reads_status else None
        return self._columns.patterns(self._codes.codes(rows), statuses)

    def _statuses(self, rows: FactColumns) -> Numbers:
        """(licensees, offerings): 0 none, 1 active, 2 held."""
        values, row = np.unique(rows.columns["statuses"], return_inverse=True)
        table = np.zeros((len(values), len(self.offerings)), "i1")
        column = {str(each.position): n for n, each in enumerate(self.offerings)}
        texts = fact_columns.texts(values[values != 0])
        for n, value in enumerate(values):
            for position, status in json.loads(texts.get(int(value), "{}")).items():
                if position in column:
                    table[n, column[position]] = 2 if status == "held" else 1
        return table[row.reshape(-1)]

    def _with_papers(self, rows: FactColumns) -> Numbers:
        """The sheets of licensees with papers, judged by their dated facts alone.

        A row may lag behind an instant just gone, and what it says must not be mixed with what the
        papers then cover.
        """
        ids = rows.ids.tolist()
        about = facts.about_licensees(ids, at=self.at)
        status_of = facts.entitlement_statuses(ids, known_at=self.at)
        statuses = [[status_of.get((pk, each.id), "none") for each in self.offerings] for pk in ids]
        without_papers = self._columns.answers(
            self._dated_codes(rows, [about[pk].facts for pk in ids]),
            np.array([[STATUSES.index(each) for each in one] for one in statuses], "i1"),
        )
        sheets = self._columns.sheets()[without_papers].tolist()
        of_columns = [
            self._papers_judge.findings(about[pk], of_one, sheet, at=self.at)
            for pk, of_one, sheet in zip(ids, statuses, sheets, strict=True)
        ]
        self._take_over()
        own = np.zeros((len(ids), self.width), "i4")
        positions = [each.position for each in self.offerings]
        own[:, positions] = self._own_finding[np.array(of_columns)]
        return self._indices(own)

    def _dated_codes(self, rows: FactColumns, known: Sequence[Mapping[str, object]]) -> Numbers:
        """The codes of dated facts; which licensee it is, the rows say."""
        codes = self._codes.codes(rows)
        for n, name in enumerate(self._columns.reads):
            if name != current_facts.ID:
                codes[:, n] = [self._columns.code(name, each.get(name, ABSENT)) for each in known]
        return codes

    def _take_over(self) -> None:
        """Make findings and sheets of ours of those that the columns found since the last time."""
        new = self._columns.verdicts.rows[len(self._own_finding) :]
        indices = [self._index(self._fragments.finding(each)) for each in new]
        self._own_finding = np.append(self._own_finding, np.array(indices, "i4"))
        sheets = self._columns.sheets(len(self._own_sheet))
        rows = np.zeros((len(sheets), self.width), "i4", order="F")
        rows[:, [each.position for each in self.offerings]] = self._own_finding[sheets]
        self._own_sheet = np.append(self._own_sheet, self._indices(rows))

    def _index(self, finding: FindingText) -> int:
        """The index of this finding, which may be new."""
        index = self._finding_index.setdefault(finding.digest, len(self.findings))
        if index == len(self.findings):
            self.findings.append(finding)
        return index

    def _indices(self, sheets: Numbers) -> Numbers:
        """The index of each of these sheets, which may be new."""
        indices = self._distinct_sheets.numbers(sheets)
        new = self._distinct_sheets.rows(len(self.sheets))
        self.sheets = np.concatenate([self.sheets, new]) if len(new) else self.sheets
        return indices


# The evaluators that are not in use, the one given back last at the end. Threads share the pool,
# and take and give back under its lock. An evaluator in use is not in it, so that no two threads
# work on one.
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
    """All that answers rest on: the release, the stretch of its time, offerings, lists."""
    return (
        process_cache.database(),
        loaded.sha256,
        sum(edge <= at for edge in loaded.policy.boundaries()),
        _digest(one_by_one.offerings(at)),
        fact_columns.lists(),
    )


def _digest(offerings: Iterable[one_by_one.OfferingFacts]) -> str:
    known = [[each.position, each.facts] for each in offerings]
    return digest(json.dumps(known, sort_keys=True))  # in a tenth of the time of canonical JSON
