"""Entitlements: what the company granted a licensee, and the holds of screenings and officers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accesscontrol import access, audit
from accesscontrol.errors import Refused
from accesscontrol.models import (
    Boundary,
    Entitlement,
    Finding,
    Hold,
    Licensee,
    Offering,
    ScreeningRun,
    Standing,
    User,
)

# A finding with one of these outcomes leaves the entitlement in force; any other outcome holds it.
USABLE = frozenset({"permit", "per_request"})

WORDS = {
    "deny": "Denied by",
    "license_required": "An export license is required by",
    "review": "To be reviewed under",
}


class CannotGrant(Refused):
    """The licensee has this entitlement already."""

    code = "cannot_grant"


class CannotHold(Refused):
    """The entitlement has ended, or an officer holds it already."""

    code = "cannot_hold"


class CannotRelease(Refused):
    """The hold cannot be released.

    It is not an officer's or not open, its release was not asked for, or the same person asked.
    """

    code = "cannot_release"


def grant(
    *, licensee: Licensee, offering: Offering, by: User | None, at: datetime, because: str = ""
) -> Entitlement:
    """Let a licensee use an offering, as far as the company is concerned.

    The licensee's standing decides at once whether a screening's hold is placed too. Raises
    CannotGrant if the licensee has the entitlement already.
    """
    access.require(by, "register.edit", at=at)
    with transaction.atomic():
        entitlement = _granted(licensee, offering, by, at)
        _hold_by_standing(entitlement, at)
        _screen_again(entitlement, at)
        audit.record(
            "entitlement.granted", licensee, by=by, at=at, because=because, details=_of(entitlement)
        )
    return entitlement


def grant_many(
    *, pairs: Iterable[tuple[int, int]], by: User | None, at: datetime, because: str = ""
) -> int:
    """Grant many (licensee id, offering id) in one statement, with one event, for an import.

    Entitlements that exist stay as they are. The licensees with new ones are screened again.
    Returns the number of new ones.
    """
    access.require(by, "register.edit", at=at)
    wanted = set(pairs)
    with transaction.atomic():
        existing = Entitlement.objects.filter(licensee__in={pk for pk, _ in wanted})
        new = sorted(wanted - set(existing.values_list("licensee_id", "offering_id")))
        Entitlement.objects.bulk_create(
            (
                Entitlement(licensee_id=pk, offering_id=offering, granted_at=at, granted_by=by)
                for pk, offering in new
            ),
            batch_size=5_000,
        )
        _due("entitlements granted", {pk for pk, _ in new}, at)
        if new:
            details = {"entitlements": len(new), "licensees": len({pk for pk, _ in new})}
            kind = "entitlement.granted_many"
            audit.record(kind, None, by=by, at=at, because=because, details=details)
    return len(new)


def end(*, entitlement: Entitlement, by: User | None, at: datetime, because: str) -> Entitlement:
    """Take an entitlement back. A screening's hold ends with it, an officer's hold stays."""
    access.require(by, "register.edit", at=at)
    with transaction.atomic():
        entitlement = _locked(entitlement)
        if entitlement.ended_at is not None:
            raise CannotHold("The entitlement has ended already.")
        entitlement.ended_at = at
        entitlement.save(update_fields=["ended_at"])
        entitlement.holds.filter(cause="screening", released_at=None).update(released_at=at)
        _screen_again(entitlement, at)
        _record("entitlement.ended", entitlement, by, at, because)
    return entitlement


def hold(*, entitlement: Entitlement, by: User | None, at: datetime, because: str) -> Hold:
    """Place an officer's hold on an entitlement at once. One person places it, two release it.

    Raises CannotHold if the entitlement has ended or an officer holds it already.
    """
    access.require(by, "hold.place", at=at)
    if not because.strip():
        raise CannotHold("Say why: a hold needs a reason.", pointer="/because")
    with transaction.atomic():
        entitlement = _locked(entitlement)
        if entitlement.ended_at is not None:
            raise CannotHold("The entitlement has ended, so there is nothing to hold.")
        if entitlement.holds.filter(cause="officer", released_at=None).exists():
            raise CannotHold("An officer holds this entitlement already.")
        placed = Hold.objects.create(
            entitlement=entitlement, cause="officer", because=because, placed_by=by, placed_at=at
        )
        _screen_again(entitlement, at)
        _record("entitlement.held", entitlement, by, at, because, hold=placed.pk)
    return placed


def ask_release(*, hold: Hold, by: User, at: datetime, because: str) -> Hold:
    """Ask that an officer's hold be released. It stays until a second person agrees."""
    access.require(by, "hold.place", at=at)
    if not because.strip():
        raise CannotRelease("Say why: a release needs a reason.", pointer="/because")
    with transaction.atomic():
        hold = _open(hold)
        hold.release_asked_by, hold.release_asked_at = by, at
        hold.save(update_fields=["release_asked_by", "release_asked_at"])
        _record("entitlement.release_asked", hold.entitlement, by, at, because, hold=hold.pk)
    return hold


def release_hold(*, hold: Hold, by: User, at: datetime, because: str = "") -> Hold:
    """Release an officer's hold as the second person.

    Raises CannotRelease if no release was asked for, or if ``by`` asked for it.
    """
    access.require(by, "hold.place", at=at)
    with transaction.atomic():
        hold = _open(hold)
        if hold.release_asked_by_id is None:
            raise CannotRelease("Nobody has asked for the release: the first person does that.")
        if hold.release_asked_by_id == by.pk:
            raise CannotRelease("You asked for this release: a second person has to agree.")
        hold.released_by, hold.released_at = by, at
        hold.save(update_fields=["released_by", "released_at"])
        _screen_again(hold.entitlement, at)
        _record("entitlement.released", hold.entitlement, by, at, because, hold=hold.pk)
    return hold


# ---------------------------------------------------------------- holds that follow a standing

# A temporary table: one row per entitlement whose finding forbids its use. A hold is for the
# finding's outcome, so that other rules with the same outcome do not replace it.
BLOCKING = "eg_blocking"
DROP_BLOCKING = "DROP TABLE IF EXISTS eg_blocking"
CREATE_BLOCKING = """
    CREATE TEMPORARY TABLE eg_blocking ON COMMIT DROP AS
    SELECT w.licensee_id, e.id AS entitlement_id, o.position, f.id AS finding_id, f.outcome
    FROM {licensees} w
    JOIN accesscontrol_entitlement e ON e.licensee_id = w.licensee_id AND e.ended_at IS NULL
    JOIN accesscontrol_offering o ON o.id = e.offering_id
    JOIN accesscontrol_sheet sheet ON sheet.id = w.sheet_id
    JOIN accesscontrol_finding f ON f.id = sheet.findings[o.position + 1]
    WHERE f.outcome <> ALL(%(usable)s) AND e.licensee_id BETWEEN %(first)s AND %(last)s
"""
# The range of ids, so that PostgreSQL reads no row of a licensee outside it.
ID_RANGE = "SELECT coalesce(min(licensee_id), 0), coalesce(max(licensee_id), -1) FROM {licensees}"
RELEASE_HOLDS = """
    UPDATE accesscontrol_hold h SET released_at = %(at)s, released_run_id = %(run)s
    FROM accesscontrol_entitlement e JOIN {licensees} w ON w.licensee_id = e.licensee_id
    WHERE h.entitlement_id = e.id AND h.cause = 'screening' AND h.released_at IS NULL
      AND e.licensee_id BETWEEN %(first)s AND %(last)s
      AND NOT EXISTS (SELECT FROM eg_blocking t
                      WHERE t.entitlement_id = e.id AND t.outcome = h.outcome)
"""
FINDINGS_TO_PLACE = """
    SELECT DISTINCT finding_id FROM eg_blocking t
    WHERE NOT EXISTS (SELECT FROM accesscontrol_hold h WHERE h.entitlement_id = t.entitlement_id
                      AND h.cause = 'screening' AND h.released_at IS NULL)
"""
PLACE_HOLDS = """
    INSERT INTO accesscontrol_hold (entitlement_id, cause, run_id, outcome, because, placed_at)
    SELECT t.entitlement_id, 'screening', %(run)s, t.outcome, why.because, %(at)s
    FROM eg_blocking t
    JOIN unnest(%(findings)s::bigint[], %(because)s::text[]) AS why(finding_id, because)
      USING (finding_id)
    WHERE NOT EXISTS (SELECT FROM accesscontrol_hold h WHERE h.entitlement_id = t.entitlement_id
                      AND h.cause = 'screening' AND h.released_at IS NULL)
"""


def follow(licensees: str, *, run: ScreeningRun, at: datetime) -> dict[str, int]:
    """Place and release the holds of screenings as the standings of these licensees require.

    1. Collect the entitlements that may not be used in the table BLOCKING (licensee_id,
       entitlement_id, position, finding_id, outcome). It stays for the caller.
    2. Release each screening's hold whose outcome is not the entitlement's any more.
    3. Place a hold on each collected entitlement that has no screening's hold.

    ``licensees`` names a temporary table of their ``licensee_id`` and the ``sheet_id`` of their
    standing, null if there is none. An officer's hold is never touched. Safe to repeat.
    """
    values: dict[str, Any] = {"at": at, "run": run.pk, "usable": list(USABLE)}
    with connection.cursor() as cursor:
        cursor.execute(ID_RANGE.format(licensees=licensees))
        values["first"], values["last"] = cursor.fetchone()
        cursor.execute(DROP_BLOCKING)
        cursor.execute(CREATE_BLOCKING.format(licensees=licensees), values)
        cursor.execute("ANALYZE eg_blocking")
        cursor.execute(RELEASE_HOLDS.format(licensees=licensees), values)
        released = cursor.rowcount
        cursor.execute(FINDINGS_TO_PLACE)
        findings = Finding.objects.in_bulk([pk for (pk,) in cursor.fetchall()])
        because = {pk: why(finding.verdict) for pk, finding in findings.items()}
        placed = 0
        if because:
            texts = {"findings": [*because], "because": [*because.values()]}
            cursor.execute(PLACE_HOLDS, values | texts)
            placed = cursor.rowcount
    return {"held": placed, "released": released}


def _screening_hold(
    entitlement: int, finding: Mapping[str, Any], run: ScreeningRun | None, at: datetime
) -> Hold:
    return Hold(
        entitlement_id=entitlement,
        cause="screening",
        run=run,
        outcome=finding["outcome"],
        because=why(finding),
        placed_at=at,
    )


def why(finding: Mapping[str, Any]) -> str:
    """The reason for a screening's hold: the rules that decide, or the facts that are missing."""
    outcome = finding["outcome"]
    if outcome in WORDS:
        rules = [
            f"{r['rule']} v{r['version']}" for r in finding["reasons"] if r["effect"] == outcome
        ]
        return f"{WORDS[outcome]} {', '.join(rules)}."
    missing = sorted({name for unknown in finding["undetermined"] for name in unknown["missing"]})
    return f"Can't decide: not on record is {', '.join(missing) or 'what a rule needs'}."


def _hold_by_standing(entitlement: Entitlement, at: datetime) -> None:
    standing = (
        Standing.objects.filter(licensee=entitlement.licensee_id)
        .values_list("sheet__findings", "chunk__run_id")
        .first()
    )
    position = entitlement.offering.position
    if standing is None or position >= len(standing[0]):
        return  # Not screened yet: the screening that grant() asks for places the hold.
    finding = Finding.objects.filter(pk=standing[0][position]).first()
    if finding is not None and finding.outcome not in USABLE:
        placed = _screening_hold(entitlement.pk, finding.verdict, None, at)
        placed.run_id = standing[1]
        placed.save()


def _granted(licensee: Licensee, offering: Offering, by: User | None, at: datetime) -> Entitlement:
    row, new = Entitlement.objects.select_for_update().get_or_create(
        licensee=licensee, offering=offering, defaults={"granted_at": at, "granted_by": by}
    )
    if new:
        return row
    if row.ended_at is None:
        raise CannotGrant(f"{licensee} has {offering} already.")
    row.granted_at, row.granted_by, row.ended_at = at, by, None
    row.save(update_fields=["granted_at", "granted_by", "ended_at"])
    return row


def _locked(entitlement: Entitlement) -> Entitlement:
    rows = Entitlement.objects.select_for_update(of=("self",))
    return rows.select_related("licensee", "offering__model").get(pk=entitlement.pk)


def _open(hold: Hold) -> Hold:
    rows = Hold.objects.select_for_update(of=("self",))
    rows = rows.select_related("entitlement__licensee", "entitlement__offering__model")
    hold = rows.get(pk=hold.pk)
    if hold.cause != Hold.Cause.OFFICER:
        raise CannotRelease("A screening placed this hold: it follows the standing by itself.")
    if hold.released_at is not None:
        raise CannotRelease("The hold has been released already.")
    return hold


def _screen_again(entitlement: Entitlement, at: datetime) -> None:
    """Add a boundary: a rule can read an entitlement's status, so the standing can change now."""
    _due(f"entitlement {entitlement.pk}", {entitlement.licensee_id}, at)


def _due(what: str, licensees: Iterable[int], at: datetime) -> None:
    Boundary.objects.bulk_create(
        (Boundary(at=at, what=what, licensee_id=pk) for pk in sorted(licensees)),
        update_conflicts=True,
        unique_fields=["at", "what", "licensee"],
        update_fields=["run"],
        batch_size=5_000,
    )


def _record(
    kind: str, of: Entitlement, by: User | None, at: datetime, because: str, **more: Any
) -> None:
    audit.record(kind, of.licensee, by=by, at=at, because=because, details=_of(of) | more)


def _of(entitlement: Entitlement) -> dict[str, Any]:
    offering = entitlement.offering
    return {"model": offering.model.ref, "activity": offering.activity}
