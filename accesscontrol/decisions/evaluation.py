"""Decides a question or a batch and records it, or answers a hypothetical question."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import Error, transaction

from accesscontrol import audit, facts, policy, releases
from accesscontrol.decisions import record, units
from accesscontrol.decisions.judgment import Judged, judge
from accesscontrol.decisions.questions import Asked, Faulty, Semantic, UnknownName
from accesscontrol.errors import NotRecorded
from accesscontrol.models import ApiToken, Decision, RuleVersion, User
from accesscontrol.models.common import instant


@dataclass(frozen=True)
class Decided:
    """A recorded decision, and the judged question that the answer's words need."""

    decision: Decision
    judged: Judged


@dataclass(frozen=True)
class Batch:
    """The answers of one evaluation, in order; item n is decision ``<evaluation>.<n>``."""

    evaluation: UUID
    answers: list[Decided | Faulty]


def decide(*, asked: Asked, by: ApiToken | User, at: datetime) -> Decision:
    """Decide one question and record it. Raises NotRecorded (without an answer), UnknownName."""
    return evaluate(asked=asked, by=by, at=at).decision


def evaluate(*, asked: Asked, by: ApiToken | User, at: datetime) -> Decided:
    """Decide and record like ``decide``; return the judged question too, for the answer."""
    answer = _decide([(0, asked)], by=by, at=at, semantic=Semantic.ALL).answers[0]
    if isinstance(answer, Faulty):
        raise UnknownName(answer.message, pointer=answer.pointer, code=answer.code)
    return answer


def decide_many(
    *,
    asked: Sequence[Asked | Faulty],
    by: ApiToken | User,
    at: datetime,
    semantic: Semantic = Semantic.ALL,
) -> Batch:
    """Decide a batch by one release and record it in one transaction. Raises NotRecorded.

    If the semantic ends the batch early, its last answer is the one that ended it. A faulty item
    is no permit and ends a batch like a refusal.
    """
    return _decide(list(enumerate(asked, 1)), by=by, at=at, semantic=semantic)


def _decide(
    items: Sequence[tuple[int, Asked | Faulty]],
    *,
    by: ApiToken | User,
    at: datetime,
    semantic: Semantic,
) -> Batch:
    """Decide the items, each with its number: 0 for a single question, else from 1 on.

    1. Read the release in force, and the register for each question.
    2. Lock the export licenses that have a quantity.
    3. Judge the items in order, until the semantic ends the batch.
    4. Write the decisions and their events, and commit; otherwise there is no answer.
    """
    evaluation = record.new_evaluation(at)
    with _recorded_or_no_answer():
        release = releases.current()
        known = {n: _known(each, at) for n, each in items if isinstance(each, Asked)}
        licenses = [each for question in known.values() for each in question.licenses]
        if licenses:
            units.lock(licenses)
        judged: list[tuple[int, Judged | Faulty]] = []
        for n, item in items:
            result = (
                item
                if isinstance(item, Faulty)
                else _judge_item(evaluation, n, item, known[n], release, by, at)
            )
            judged.append((n, result))
            if semantic is not Semantic.ALL and semantic.ends_with(permits=_permits(result)):
                break
        answers = _record(evaluation, judged, by, at)
    return Batch(evaluation, answers)


def _known(asked: Asked, at: datetime) -> facts.QuestionFacts:
    return facts.question(
        licensee=asked.licensee_ref, model=asked.model_ref, activity=asked.activity, at=at
    )


def _judge_item(
    evaluation: UUID,
    item: int,
    asked: Asked,
    known: facts.QuestionFacts,
    release: releases.Loaded,
    by: ApiToken | User,
    at: datetime,
) -> Judged | Faulty:
    key = units.key_of(asked, by, item) if asked.idempotency_key else ""
    if known.licenses:
        known = replace(known, licenses=units.count(known.licenses, key))
    try:
        judged = judge(asked, known, release, at)
    except UnknownName as unknown:
        return Faulty(400, unknown.code, unknown.message, unknown.pointer)
    if judged.permits and known.licenses:
        id_ = record.decision_id(evaluation, item)
        units.use(judged.verdict, known.licenses, key=key, decision_id=id_, at=at)
    return judged


def _permits(result: Judged | Faulty) -> bool:
    return isinstance(result, Judged) and result.permits


def _record(
    evaluation: UUID,
    judged: Sequence[tuple[int, Judged | Faulty]],
    by: ApiToken | User,
    at: datetime,
) -> list[Decided | Faulty]:
    sound = [(n, each) for n, each in judged if isinstance(each, Judged)]
    rows = iter(record.write(evaluation, sound, by=by, at=at) if sound else [])
    return [Decided(next(rows), each) if isinstance(each, Judged) else each for _, each in judged]


@contextmanager
def _recorded_or_no_answer() -> Iterator[None]:
    """One transaction that commits at the end. Raises NotRecorded if it cannot."""
    try:
        with transaction.atomic(durable=True):
            yield
    except Error as error:
        raise NotRecorded("The decision could not be recorded, so there is no answer.") from error


def what_if(
    *,
    asked: Asked,
    by: ApiToken | User,
    at: datetime,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    draft: RuleVersion | None = None,
) -> Judged:
    """What the answer would be at another instant, or if a draft were in force now.

    ``as_of`` asks by the law and the facts of that instant, as known at ``known_at`` (by default
    now). It makes no decision: the log records only that the question was asked.
    """
    then = as_of or at
    with _recorded_or_no_answer():
        release = releases.as_of(then) if as_of else releases.current()
        if draft is not None:
            release = _with_draft(release, draft, then)
        known = facts.question(
            licensee=asked.licensee_ref,
            model=asked.model_ref,
            activity=asked.activity,
            at=then,
            known_at=known_at or at,
        )
        judged = judge(asked, known, release, then)
        _log_what_if(judged, by, at, as_of, draft)
    return judged


def _with_draft(release: releases.Loaded, draft: RuleVersion, at: datetime) -> releases.Loaded:
    """The release with the draft published in it. Raises PolicyError if it is not sound."""
    content = {**draft.content}
    content["effective_from"] = content.get("effective_from") or instant(at)
    document = releases.build(number=release.number, at=at, with_rule=content)
    parsed = policy.parse_release(document)
    return releases.Loaded(release.id, release.number, parsed.digest, parsed)


def _log_what_if(
    judged: Judged,
    by: ApiToken | User,
    at: datetime,
    as_of: datetime | None,
    draft: RuleVersion | None,
) -> None:
    details: dict[str, Any] = {
        "model": judged.asked.model_ref[:200],
        "activity": judged.asked.activity[:200],
        "outcome": judged.outcome,
        "as_of": as_of,
        "draft": f"{draft.rule.ref} v{draft.version}" if draft else None,
    }
    audit.record(
        "decision.what_if",
        judged.licensee or judged.asked.licensee[:200],
        by=by,
        at=at,
        release=judged.release.number,
        details=details,
    )
