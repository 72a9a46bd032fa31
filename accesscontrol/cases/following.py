"""Opens cases where a standing or a match leaves a question to a person, and closes them again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accesscontrol.cases.queue import OPEN
from accesscontrol.models import Case, CaseNote, Finding, Offering, ScreeningRun

Kind, State = Case.Kind, Case.State

# How long a person has, by what is asked; a possible match is the most urgent.
DUE = {
    Kind.MATCH: timedelta(days=1),
    Kind.REVIEW: timedelta(days=3),
    Kind.UNDETERMINED: timedelta(days=5),
}

Wanted = dict[tuple[int, str, str], dict[str, Any]]  # (licensee, kind, subject) → evidence
Asked = tuple[tuple[int, ...], tuple[int, ...]]  # positions, and the finding at each

# What a person must decide of what was granted: whoever was granted nothing is asked nothing.
ASKED = """
    SELECT w.licensee_id, array_agg(o.position ORDER BY o.position),
           array_agg(f.id ORDER BY o.position)
    FROM {whom} w
    JOIN accesscontrol_entitlement e ON e.licensee_id = w.licensee_id AND e.ended_at IS NULL
    JOIN accesscontrol_offering o ON o.id = e.offering_id
    JOIN accesscontrol_standing s ON s.licensee_id = w.licensee_id
    JOIN accesscontrol_sheet sheet ON sheet.id = s.sheet_id
    JOIN accesscontrol_finding f ON f.id = sheet.findings[o.position + 1]
    WHERE f.outcome IN ('review', 'undetermined')
    GROUP BY w.licensee_id
"""

# Whose row says that a list has it as possible or confirmed, or that there is more than the row's
# own columns hold: of all others there is no match to ask about.
MAYBE_LISTED = """
    SELECT w.licensee_id FROM {whom} w
    JOIN accesscontrol_currentfacts c ON c.licensee_id = w.licensee_id
    WHERE c.lists & %s <> 0 OR c.more <> 0
"""
POSSIBLE_OR_CONFIRMED = sum(2 << 2 * n for n in range(31))  # the upper one of a list's two bits

PRESENT = """
    SELECT c.id FROM accesscontrol_case c JOIN {whom} w ON w.licensee_id = c.licensee_id
    WHERE c.state = ANY(%s)
"""
# Whether a match is answered stands in the register: one that is still possible is asked again.
DECIDED = """
    SELECT c.id FROM accesscontrol_case c JOIN {whom} w ON w.licensee_id = c.licensee_id
    WHERE c.state = 'decided' AND c.kind <> 'match'
      AND NOT EXISTS (SELECT FROM {changed} d WHERE d.licensee_id = c.licensee_id)
"""


def follow(whom: str, *, changed: str, run: ScreeningRun, at: datetime) -> dict[str, int]:
    """Open and close the cases of these licensees as their standings and matches say, set-wise.

    ``whom`` and ``changed``: tables of this transaction with a ``licensee_id``; of the latter the
    standing changed. A standing asks only about what the licensee was granted: nobody must decide
    about the rest, and a finding on one model would otherwise ask about every licensee there is.
    What a person decided stays decided until the standing changes. Safe to repeat.
    """
    wanted = _wanted(whom) | _matches(whom, at)
    open_ones = Case.objects.filter(id__in=_ids(PRESENT.format(whom=whom), [list(OPEN)]))
    present = {_key(case): case for case in open_ones.order_by("id").select_for_update()}
    answered = _ids(DECIDED.format(whom=whom, changed=changed), []) if wanted else []
    decided = {_key(case) for case in Case.objects.filter(id__in=answered)}
    over = [case for key, case in present.items() if key not in wanted]
    fresh = [key for key in wanted if key not in present and key not in decided]
    _close(over, run, at)
    _refresh([(present[key], wanted[key]) for key in wanted if key in present])
    Case.objects.bulk_create((_case(key, wanted[key], run, at) for key in fresh), batch_size=5_000)
    return {"cases_opened": len(fresh), "cases_closed": len(over)}


def _ids(statement: str, values: Sequence[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _key(case: Case) -> tuple[int, str, str]:
    """Missing facts make one case a licensee, whichever they are; the rest one for each subject."""
    about = "" if case.kind == Kind.UNDETERMINED else case.evidence.get("key", case.subject)
    return case.licensee_id, case.kind, about


def _wanted(whom: str) -> Wanted:
    """Licensees with the same findings and entitlements are asked about alike: worked out once."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED.format(whom=whom))
        rows = [(pk, (tuple(at), tuple(found))) for pk, at, found in cursor.fetchall()]
    asked = _asked({asks for _, asks in rows})
    return {
        (licensee, kind, subject): evidence
        for licensee, asks in rows
        for kind, subject, evidence in asked[asks]
    }


def _asked(distinct: Collection[Asked]) -> dict[Asked, list[tuple[str, str, dict[str, Any]]]]:
    ids = {finding for _, findings in distinct for finding in findings}
    verdict = dict(Finding.objects.filter(id__in=ids).values_list("id", "verdict"))
    rows = Offering.objects.values_list("position", "model__ref", "activity")
    offering = {position: {"model": ref, "activity": activity} for position, ref, activity in rows}
    return {
        (positions, findings): list(
            _asks([
                (offering[position], verdict[finding])
                for position, finding in zip(positions, findings, strict=True)
            ])
        )
        for positions, findings in distinct
    }  # fmt: skip


def _asks(
    found: Sequence[tuple[dict[str, str], Mapping[str, Any]]],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, subject, evidence) of each question that findings on offerings put to a person."""
    reviews: dict[str, dict[str, Any]] = {}
    missing: set[str] = set()
    rules: set[str] = set()
    held_up: list[dict[str, str]] = []
    for offering, finding in found:
        if finding["outcome"] == "review":
            for reason in finding["reasons"]:
                name = f"{reason['rule']} v{reason['version']}"
                about = {"rule": reason["rule"], "version": reason["version"], "key": name}
                reviews.setdefault(name, about | {"offerings": []})["offerings"].append(offering)
        elif finding["outcome"] == "undetermined":
            lacks, by = _lacks(finding)
            if lacks:
                missing |= lacks
                rules |= by
                held_up.append(offering)
    for name, evidence in reviews.items():
        yield Kind.REVIEW, name, evidence
    if missing:
        evidence = {"missing": sorted(missing), "rules": sorted(rules), "offerings": held_up}
        yield Kind.UNDETERMINED, "", evidence


def _lacks(finding: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The facts that a person can find out about this licensee, and the rules that lack them.

    A fact of the *model* that is missing is no question about any licensee, and would open as many
    cases as there are: the model's page asks it once.
    """
    lacks: set[str] = set()
    by: set[str] = set()
    for unknown in finding["undetermined"]:
        names = {name for name in unknown["missing"] if not name.startswith("model.")}
        if not unknown["missing"] and unknown.get("error"):
            names = {f"rule {unknown['rule']} could not be judged"}
        if names:
            lacks |= names
            by.add(unknown["rule"] or "")
    return lacks, by


POSSIBLE = """
    SELECT m.licensee_id, m.id, r.code, p.name, p.source_id, m.list_version
    FROM accesscontrol_match m
    JOIN accesscontrol_restrictedlist r ON r.id = m.restricted_list_id
    LEFT JOIN accesscontrol_listedparty p ON p.id = m.party_id
    WHERE m.licensee_id = ANY(%(ids)s::bigint[]) AND m.status = 'possible'
      AND m.superseded_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM accesscontrol_clearance c
                      WHERE c.match_id = m.id AND c.confirmed_at <= %(at)s
                        AND c.valid @> %(at)s::timestamptz
                        AND (c.revoked_at IS NULL OR c.revoked_at > %(at)s))
"""


def _matches(whom: str, at: datetime) -> Wanted:
    """Possible matches that no clearance in force answers."""
    licensees = _ids(MAYBE_LISTED.format(whom=whom), [POSSIBLE_OR_CONFIRMED])
    if not licensees:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(POSSIBLE, {"ids": licensees, "at": at})
        rows = cursor.fetchall()
    wanted: Wanted = {}
    for licensee, match, code, name, source_id, list_version in rows:
        key = f"{code} {source_id or match}"
        wanted[licensee, Kind.MATCH, key] = {
            "key": key,
            "match": match,
            "list": code,
            "party": name or "",
            "list_version": list_version,
        }
    return wanted


def _subject(kind: str, evidence: Mapping[str, Any]) -> str:
    if kind == Kind.UNDETERMINED:
        text = ", ".join(evidence["missing"])
    elif kind == Kind.MATCH:
        text = f"{evidence['key']}: {evidence['party']}"
    else:
        text = evidence["key"]
    return text if len(text) <= 200 else text[:199] + "…"


def _case(
    key: tuple[int, str, str], evidence: dict[str, Any], run: ScreeningRun, at: datetime
) -> Case:
    licensee, kind, _ = key
    return Case(
        kind=kind,
        licensee_id=licensee,
        subject=_subject(kind, evidence),
        evidence=evidence,
        run=run,
        opened_at=at,
        due_at=at + DUE[Kind(kind)],
    )


def _close(over: Sequence[Case], run: ScreeningRun, at: datetime) -> None:
    for case in over:
        case.state, case.version = State.CLOSED, case.version + 1
    Case.objects.bulk_update(over, ["state", "version"], batch_size=1_000)
    text = f"No longer needed: run {run.pk} found nothing left to decide."
    CaseNote.objects.bulk_create(
        CaseNote(case=case, kind="closed", by=None, at=at, text=text) for case in over
    )


def _refresh(pairs: Sequence[tuple[Case, dict[str, Any]]]) -> None:
    """Bring the evidence of open cases up to date; a person who looks at the old one is told."""
    stale = [(case, evidence) for case, evidence in pairs if case.evidence != evidence]
    for case, evidence in stale:
        case.evidence, case.subject = evidence, _subject(case.kind, evidence)
        case.version += 1
    Case.objects.bulk_update(
        [case for case, _ in stale], ["evidence", "subject", "version"], batch_size=1_000
    )
