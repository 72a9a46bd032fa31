"""Stores what a screening found: findings and sheets once each, standings where they differ."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accesscontrol.ledger.canonical import canonical_json, digest
from accesscontrol.models import Finding, ScreeningChunk, Sheet, Standing, StandingChange
from accesscontrol.screening.judging import Answers, Found


class ChangedMeanwhile(Exception):
    """Somebody else moved a standing that this chunk holds; the chunk is taken again."""


class DigestCollision(Exception):
    """Two different findings or sheets have one digest: nothing may be stored under it."""


@dataclass
class Written:
    """What changed: counts, flips of outcomes by pair, and the digest of the change rows."""

    changed: list[int] = field(default_factory=list)
    unchanged: int = 0
    outcome_changes: Counter[str] = field(default_factory=Counter)
    digest: str = ""


def lock(chunk: ScreeningChunk) -> dict[int, int]:
    """The standings of a chunk, licensee id → sheet id, locked in order until the transaction ends.

    Facts read after this are at least as new as any that an earlier screening of them has read.
    """
    rows = Standing.objects.filter(licensee_id__gte=chunk.first_id, licensee_id__lte=chunk.last_id)
    if chunk.ids is not None:
        rows = rows.filter(licensee_id__in=chunk.ids)
    locked = rows.order_by("licensee_id").select_for_update()
    return dict(locked.values_list("licensee_id", "sheet_id"))


def write(
    chunk: ScreeningChunk, answers: Mapping[int, Answers], old: Mapping[int, int], *, at: datetime
) -> Written:
    """Store the answers of a chunk; raises ChangedMeanwhile if a standing is no longer ``old``."""
    found = {each.digest: each for sheet in set(answers.values()) for each in sheet if each}
    findings = _intern_findings(found)
    sheets = _intern_sheets(set(answers.values()), findings)
    new = {pk: sheets[sheet] for pk, sheet in answers.items()}
    changed = sorted(pk for pk, sheet in new.items() if old.get(pk) != sheet)
    before = _outcomes({old[pk] for pk in changed if pk in old})
    written = Written(changed, len(answers) - len(changed))
    rows = [_change(chunk, pk, old, new, before, answers[pk], written, at) for pk in changed]
    StandingChange.objects.bulk_create(rows, batch_size=5_000)
    _move(chunk, [pk for pk in changed if pk in old], old, new, at)
    Standing.objects.bulk_create(
        Standing(licensee_id=pk, sheet_id=new[pk], run_id=chunk.run_id, since=at)
        for pk in changed
        if pk not in old
    )
    written.digest = _digest(rows)
    return written


def _change(
    chunk: ScreeningChunk,
    pk: int,
    old: Mapping[int, int],
    new: Mapping[int, int],
    before: Mapping[int, Sequence[str]],
    answers: Answers,
    written: Written,
    at: datetime,
) -> StandingChange:
    after = [each.outcome if each else "" for each in answers]
    flips = _flips(before[old[pk]] if pk in old else None, after)
    written.outcome_changes.update(flips)
    return StandingChange(
        run_id=chunk.run_id,
        chunk=chunk,
        licensee_id=pk,
        old_sheet_id=old.get(pk),
        new_sheet_id=new[pk],
        outcome_changed=bool(flips) or pk not in old,
        at=at,
    )


def _flips(before: Sequence[str] | None, after: Sequence[str]) -> list[str]:
    """'permit>deny' for each offering whose outcome differs; a new offering is no flip."""
    if before is None:
        return [f"none>{outcome}" for outcome in after if outcome]
    pairs = zip(before, after, strict=False)
    return [f"{was}>{now}" for was, now in pairs if was and now and was != now]


def _outcomes(sheets: set[int]) -> dict[int, list[str]]:
    """Outcomes by position of stored sheets, '' where no offering stood."""
    stored = dict(Sheet.objects.filter(id__in=sheets).values_list("id", "findings"))
    ids = {finding for findings in stored.values() for finding in findings}
    outcome = dict(Finding.objects.filter(id__in=ids).values_list("id", "outcome"))
    return {pk: [outcome.get(each, "") for each in findings] for pk, findings in stored.items()}


def _move(
    chunk: ScreeningChunk,
    moved: Sequence[int],
    old: Mapping[int, int],
    new: Mapping[int, int],
    at: datetime,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accesscontrol_standing AS s SET sheet_id = t.new, run_id = %s, since = %s"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS t(licensee, old, new)"
            " WHERE s.licensee_id = t.licensee AND s.sheet_id = t.old",
            [chunk.run_id, at, list(moved), [old[pk] for pk in moved], [new[pk] for pk in moved]],
        )
        if cursor.rowcount != len(moved):
            raise ChangedMeanwhile(f"{len(moved)} standings expected, {cursor.rowcount} found")


def _digest(rows: Iterable[StandingChange]) -> str:
    """SHA-256 of the change rows as canonical JSON, for the chunk's one audit event."""
    return digest(
        canonical_json(
            [
                [row.licensee_id, row.old_sheet_id or 0, row.new_sheet_id, row.outcome_changed]
                for row in rows
            ]
        )
    )


def _intern_findings(found: Mapping[str, Found]) -> dict[str, int]:
    """Ids of findings by digest, those not stored yet inserted in one ordered statement."""
    Finding.objects.bulk_create(
        (
            Finding(digest=each.digest, outcome=each.outcome, verdict=dict(each.verdict))
            for _, each in sorted(found.items())
        ),
        ignore_conflicts=True,
    )
    rows = list(Finding.objects.filter(digest__in=found.keys()))
    for row in rows:
        if canonical_json(row.verdict) != canonical_json(found[row.digest].verdict):
            raise DigestCollision(f"finding {row.pk}")
    return {row.digest: row.pk for row in rows}


def _intern_sheets(sheets: set[Answers], findings: Mapping[str, int]) -> dict[Answers, int]:
    by_digest: dict[str, tuple[Answers, list[int]]] = {}
    for sheet in sheets:
        text = canonical_json([each.digest if each else "" for each in sheet])
        ids = [findings[each.digest] if each else 0 for each in sheet]
        by_digest[digest(text)] = (sheet, ids)
    Sheet.objects.bulk_create(
        (Sheet(digest=name, findings=ids) for name, (_, ids) in sorted(by_digest.items())),
        ignore_conflicts=True,
    )
    stored: dict[Answers, int] = {}
    for row in Sheet.objects.filter(digest__in=by_digest.keys()):
        sheet, ids = by_digest[row.digest]
        if row.findings != ids:
            raise DigestCollision(f"sheet {row.pk}")
        stored[sheet] = row.pk
    return stored


def verdicts(sheet_ids: Iterable[int]) -> dict[int, list[Mapping[str, Any] | None]]:
    """What stored sheets say, by offering position."""
    stored = dict(Sheet.objects.filter(id__in=set(sheet_ids)).values_list("id", "findings"))
    ids = {finding for findings in stored.values() for finding in findings}
    verdict = dict(Finding.objects.filter(id__in=ids).values_list("id", "verdict"))
    return {pk: [verdict.get(each) for each in findings] for pk, findings in stored.items()}
