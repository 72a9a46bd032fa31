"""Opens cases where a standing or a match leaves a question to a person, and closes them again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accesscontrol.cases.queue import OPEN
from accesscontrol.models import Case, CaseNote, Entitlement, ScreeningRun

Kind, State = Case.Kind, Case.State

# How long a person has, by what is asked; a possible match is the most urgent.
DUE = {
    Kind.MATCH: timedelta(days=1),
    Kind.REVIEW: timedelta(days=3),
    Kind.UNDETERMINED: timedelta(days=5),
}

Says = Mapping[int, Sequence[Mapping[str, Any] | None]]  # licensee id → finding by position
Offerings = Mapping[int, tuple[str, str]]  # position → (model, activity)
Wanted = dict[tuple[int, str, str], dict[str, Any]]  # (licensee, kind, subject) → evidence


def follow(
    says: Says,
    *,
    offerings: Offerings,
    changed: Collection[int],
    run: ScreeningRun,
    at: datetime,
) -> dict[str, int]:
    """Open and close the cases of these licensees as their standings and matches say, set-wise.

    A standing asks only about what the licensee was granted: nobody must decide about the rest,
    and a finding on one model would otherwise ask about every licensee there is. What a person
    decided stays decided until the standing changes. Safe to repeat.
    """
    wanted = _wanted(says, offerings, _granted(says.keys())) | _matches(says.keys(), at)
    rows = Case.objects.filter(licensee__in=says.keys())
    present = {_key(case): case for case in rows.filter(state__in=OPEN).select_for_update()}
    # Whether a match is answered stands in the register: one that is still possible is asked again.
    answered = rows.filter(state=State.DECIDED).exclude(kind=Kind.MATCH)
    decided = {_key(case) for case in answered if case.licensee_id not in changed}
    over = [case for key, case in present.items() if key not in wanted]
    fresh = [key for key in wanted if key not in present and key not in decided]
    _close(over, run, at)
    _refresh([(present[key], wanted[key]) for key in wanted if key in present])
    Case.objects.bulk_create((_case(key, wanted[key], run, at) for key in fresh), batch_size=5_000)
    return {"cases_opened": len(fresh), "cases_closed": len(over)}


def _key(case: Case) -> tuple[int, str, str]:
    """Missing facts make one case a licensee, whichever they are; the rest one for each subject."""
    about = "" if case.kind == Kind.UNDETERMINED else case.evidence.get("key", case.subject)
    return case.licensee_id, case.kind, about


def _granted(licensees: Collection[int]) -> dict[int, frozenset[int]]:
    """licensee id → positions of the offerings that it was granted and that have not ended."""
    rows = Entitlement.objects.filter(licensee__in=licensees, ended_at=None)
    granted: dict[int, set[int]] = {}
    for licensee, position in rows.values_list("licensee_id", "offering__position"):
        granted.setdefault(licensee, set()).add(position)
    return {licensee: frozenset(positions) for licensee, positions in granted.items()}


def _wanted(says: Says, offerings: Offerings, granted: Mapping[int, frozenset[int]]) -> Wanted:
    wanted: Wanted = {}
    asked: dict[tuple[int, frozenset[int]], list[tuple[str, str, dict[str, Any]]]] = {}
    for licensee, findings in says.items():
        # Licensees with the same findings and entitlements are asked about alike: worked out once.
        alike = (id(findings), granted.get(licensee, frozenset()))
        if alike not in asked:
            about = {at: what for at, what in offerings.items() if at in alike[1]}
            asked[alike] = list(_asks(findings, about))
        for kind, subject, evidence in asked[alike]:
            wanted[licensee, kind, subject] = evidence
    return wanted


def _asks(
    findings: Sequence[Mapping[str, Any] | None], offerings: Offerings
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, subject, evidence) of each question that one sheet puts to a person."""
    reviews: dict[str, dict[str, Any]] = {}
    missing: set[str] = set()
    rules: set[str] = set()
    held_up: list[dict[str, str]] = []
    for position, finding in enumerate(findings):
        if finding is None or position not in offerings:
            continue
        model, activity = offerings[position]
        offering = {"model": model, "activity": activity}
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


def _matches(licensees: Collection[int], at: datetime) -> Wanted:
    """Possible matches that no clearance in force answers."""
    with connection.cursor() as cursor:
        cursor.execute(POSSIBLE, {"ids": list(licensees), "at": at})
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
