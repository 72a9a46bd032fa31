"""Writes decisions and their audit events, in the caller's transaction."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from accesscontrol import audit
from accesscontrol.decisions.judgment import Judged
from accesscontrol.ledger.canonical import canonical_json, digest
from accesscontrol.models import ApiToken, Decision, ReasonBlob, User

LONGEST_LISTS = 8_000  # characters of reasons in the row; longer ones get a row of their own
NOTED_EVERY = timedelta(minutes=1)

NEWEST_LISTS = """
    SELECT r.code, max(v.number) FROM accesscontrol_listversion v
    JOIN accesscontrol_restrictedlist r ON r.id = v.restricted_list_id
    GROUP BY r.code ORDER BY r.code
"""
FIRST_REFUSAL = """
    UPDATE accesscontrol_order SET first_refusal_at = %(at)s
    WHERE reference = ANY(%(orders)s::text[]) AND first_refusal_at IS NULL
"""


def new_evaluation(at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562), which sorts by time and is known before the insert."""
    milliseconds = int(at.timestamp() * 1000)
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return UUID(int=bits | 0b10 << 62 | secrets.randbits(62))


def decision_id(evaluation: UUID, item: int) -> str:
    """The id of item n of an evaluation. A single question is item 0 and has the bare id."""
    return f"{evaluation}.{item}" if item else str(evaluation)


def write(
    evaluation: UUID, judged: Sequence[tuple[int, Judged]], *, by: ApiToken | User, at: datetime
) -> list[Decision]:
    """Insert the decisions and their audit events, in the caller's transaction."""
    lists = list_versions()
    rows = [_row(evaluation, item, each, by, lists) for item, each in judged]
    decisions = Decision.objects.bulk_create(rows)
    events = [
        _event(decision_id(evaluation, item), each, row, by)
        for (item, each), row in zip(judged, decisions, strict=True)
    ]
    audit.append(events)
    _note_first_refusals([each for _, each in judged], at)
    _note_use(by, judged, at)
    return decisions


def list_versions() -> dict[str, int]:
    """The newest version of every restricted-party list: code → number."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_LISTS)
        return dict(cursor.fetchall())


def user_digest(user_id: str) -> str:
    """A user's id as a salted digest, which recognises a user and names no one."""
    if not user_id:
        return ""
    pepper = settings.TOKEN_PEPPER.encode()
    return hmac.new(pepper, b"user:" + user_id.encode(), hashlib.sha256).hexdigest()


def _row(
    evaluation: UUID, item: int, judged: Judged, by: ApiToken | User, lists: dict[str, int]
) -> Decision:
    asked = judged.asked
    verdict, blob = _shortened(judged.verdict.to_json())
    return Decision(
        evaluation=evaluation,
        item=item,
        decided_at=judged.at,
        asked_by=audit.actor(by)["name"][:200],
        token=by if isinstance(by, ApiToken) else None,
        request_id=audit.current_request().request_id[:200],
        request_sha256=asked.request_sha256,
        user_digest=user_digest(asked.user_id),
        licensee_ref=asked.licensee_ref[:200],
        model_ref=asked.model_ref[:200],
        activity=asked.activity[:200],
        outcome=judged.outcome,
        release_id=judged.release.id,
        entitlement=judged.entitlement,
        question=_question(judged),
        verdict=verdict,
        reasons=blob,
        list_versions=lists,
    )


def _question(judged: Judged) -> dict[str, Any]:
    """The recorded question: enough to judge it again and to name its subject and resource."""
    asked = judged.asked
    about = {
        "subject_type": asked.subject_type,
        "licensee": asked.licensee,
        "resource_type": asked.resource_type,
        "model": asked.model,
    }
    notes = {"notes": judged.notes} if judged.notes else {}
    return {**judged.question, **notes, "asked": about}


def _shortened(verdict: dict[str, Any]) -> tuple[dict[str, Any], ReasonBlob | None]:
    """The verdict, without long lists; those go into a row that is stored once by its digest."""
    lists = {name: verdict[name] for name in ("reasons", "undetermined")}
    text = canonical_json(audit.plain(lists))
    if len(text) <= LONGEST_LISTS:
        return verdict, None
    blob = ReasonBlob(sha256=digest(text), canonical=text)
    ReasonBlob.objects.bulk_create([blob], ignore_conflicts=True)
    kept = {name: value for name, value in verdict.items() if name not in lists}
    return {**kept, "lists_sha256": blob.sha256}, blob


def _event(id_: str, judged: Judged, row: Decision, by: ApiToken | User) -> str:
    """The decision's event, with everything that a replay needs."""
    reason = next(iter(judged.verdict.reasons), None)
    return audit.payload(
        "decision.made",
        judged.licensee or judged.asked.licensee,
        by=by,
        at=judged.at,
        order=reason.order if reason else None,
        rule=reason.rule if reason else None,
        release=judged.release.number,
        decision_id=id_,
        details={
            "outcome": judged.outcome,
            "activity": row.activity,
            "entitlement": judged.entitlement,
            "question": row.question,
            "verdict": row.verdict,
            "release_sha256": judged.release.sha256,
            "request_sha256": row.request_sha256,
            "user_digest": row.user_digest,
            "list_versions": row.list_versions,
        },
    )


def _note_first_refusals(judged: Sequence[Judged], at: datetime) -> None:
    """Store the instant of the first refusal by each order's rules."""
    refused = {
        reason.order for each in judged if not each.permits for reason in each.verdict.reasons
    }
    if refused:
        with connection.cursor() as cursor:
            cursor.execute(FIRST_REFUSAL, {"at": at, "orders": sorted(refused)})


def _note_use(by: ApiToken | User, judged: Sequence[tuple[int, Judged]], at: datetime) -> None:
    """Store when the token last asked and which release answered, at most once a minute."""
    if not isinstance(by, ApiToken) or not judged:
        return
    release = judged[0][1].release.number
    stale = by.last_used_at is None or by.last_used_at <= at - NOTED_EVERY
    if stale or by.last_release != release:
        rows = ApiToken.objects.filter(pk=by.pk)
        rows.filter(Q(last_used_at=None) | Q(last_used_at__lt=at)).update(
            last_used_at=at, last_release=release
        )
