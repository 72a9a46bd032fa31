"""Answers a standing by the columns, which screen it as the only licensee for the only offering."""

from collections.abc import Mapping

import numpy as np

from accesscontrol.policy.columns import STATUSES, Columns
from accesscontrol.policy.columns.offering import STATUS, of_an_offering
from accesscontrol.policy.columns.value_codes import ID
from accesscontrol.policy.judge.entries import incomplete_in
from accesscontrol.policy.judge.known import ABSENT
from accesscontrol.policy.judge.question import Prepared, Question
from accesscontrol.policy.judge.verdict import Verdict

Facts = Mapping[str, object]


def judge_standing(question: Question) -> Verdict | None:
    """The verdict, without the facts of its rules; None for a live question.

    A screening differs from the command in three things, which are added here. It knows an id of
    every licensee; it names invalid values only of attributes that some rule reads; and it meets
    no attribute that the vocabulary lacks. Raises PolicyError for the papers.
    """
    if not question.standing:
        return None
    prepared = question.prepared()
    read = frozenset[str]().union(*(rule.attributes for rule in question.release.rules))
    if ID in prepared.world.lacking and ID not in read:
        return incomplete_in(prepared.world)
    verdict = _screened(question, prepared)
    unread = {name for name in prepared.world.invalid if name not in read}
    invalid = tuple(sorted(unread.union(verdict.invalid)))
    return verdict._replace(invalid=invalid, ignored=prepared.world.ignored)


def _screened(question: Question, prepared: Prepared) -> Verdict:
    """What a screening finds: first without the papers, then with them."""
    status = question.facts.get(STATUS, ABSENT)
    statuses = STATUSES if status in STATUSES else (status,)
    offering = {name: raw for name, raw in question.facts.items() if of_an_offering(name)}
    offering.pop(STATUS, None)
    columns = Columns(question.release, at=question.at, offerings=[offering], statuses=statuses)
    codes = [columns.code(name, question.facts.get(name, ABSENT)) for name in columns.reads]
    (sheet,) = columns.answers(
        np.array([codes], np.int32), np.array([[statuses.index(status)]], np.int8)
    )
    number = int(columns.sheets()[sheet, 0])
    return columns.verdicts[columns.with_papers(number, prepared) if prepared.papers else number]
