"""Decisions on matches: one person confirms the same party, two clear one that is not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit, parties
from accesscontrol.errors import Refused
from accesscontrol.models import Clearance, Match, User
from accesscontrol.registry.consequences import after_change
from accesscontrol.registry.rights import Actor, end_now, lock, may_edit, person, second_word

CAUSE = "match"


class CannotClear(Refused):
    """The match is none or changed meanwhile, or the clearance has no reason or fitting end."""

    code = "cannot_clear"


def confirm_match(*, match: Match, by: Actor, at: datetime, because: str) -> Match:
    """Say that the licensee is the listed party. It takes one person, since it tightens.

    The confirmed match is a new row, so that no earlier clearance answers it.
    """
    may_edit(by, at)
    _needs_reason(because)
    with transaction.atomic():
        current = _current(match)
        answered = current.clearances.on_record().exists()
        if current.status == Match.Status.CONFIRMED and not answered:
            raise CannotClear("A person has already confirmed that it is the same party.")
        Match.objects.filter(pk=current.pk).update(superseded_at=at)
        row = Match.objects.create(
            licensee=current.licensee,
            restricted_list=current.restricted_list,
            party=current.party,
            status=Match.Status.CONFIRMED,
            evidence=current.evidence,
            learned_at=at,
            list_version=current.list_version,
            matcher_version=current.matcher_version,
        )
        _record("match.confirmed", row, _party(row), by, at, because)
        _screen(row, by, at, because)
    return row


def clear(
    *, match: Match, because: str, valid_until: datetime, by: Actor, at: datetime
) -> Clearance:
    """Say that the licensee is not the listed party. It counts after confirm_clearance.

    It rests on the licensee's name, number, country and owners and on the list's entry. Where one
    of them changes, matching makes a new match, which is open. Raises CannotClear.
    """
    may_edit(by, at)
    _needs_reason(because)
    if not at < valid_until or valid_until.astimezone(UTC).date() > _in_a_year(at):
        refusal = "A clearance ends after now and within 12 months."
        raise CannotClear(refusal, pointer="/valid_until")
    with transaction.atomic():
        current = _current(match)
        if current.clearances.waiting().exists():
            raise CannotClear("A clearance of this match already waits for a second person.")
        row = Clearance.objects.create(
            match=current,
            because=because,
            valid=DateTimeTZRange(at, valid_until),
            facts=_rests_on(current, at),
            recorded_at=at,
            entered_by=person(by),
        )
        _record("clearance.entered", current, _details(row), by, at, because)
    return row


def confirm_clearance(
    *, clearance: Clearance, by: User, at: datetime, because: str = ""
) -> Clearance:
    """Confirm it as the second person; it answers the match while its facts stay the same."""
    with transaction.atomic():
        match = _current(clearance.match)
        row = second_word(clearance, by, at)
        if row.valid.upper <= at:
            raise CannotClear("This clearance ended before it was confirmed; propose it again.")
        if row.facts["licensee"] != parties.basis(match.licensee_id, at=at):
            raise CannotClear("The licensee changed since this was proposed; look at it again.")
        _record("clearance.confirmed", match, _details(row), by, at, because)
        _screen(match, by, at, because)
    return row


def revoke_clearance(*, clearance: Clearance, by: Actor, at: datetime, because: str) -> None:
    """End the clearance now; the match is open again. It takes one person, since it tightens.

    A clearance that no second person confirmed never counted: ending it screens no licensee.
    """
    may_edit(by, at)
    _needs_reason(because)
    with transaction.atomic():
        row = end_now(clearance, at)
        _record("clearance.revoked", row.match, _details(row), by, at, because)
        if row.confirmed_at is not None:
            _screen(row.match, by, at, because)


def _current(match: Match) -> Match:
    """Lock the match. Raises CannotClear if it is superseded or names no listed party."""
    locked = lock(match)
    if locked.superseded_at is not None:
        raise CannotClear("The name or the list changed since this match; look at the new one.")
    if locked.party is None:
        raise CannotClear("There is no listed party here that could be the same.")
    return locked


def _rests_on(match: Match, at: datetime) -> dict[str, Any]:
    """The licensee as `parties.match` compares it, the list's entry and the matcher."""
    assert match.party is not None  # _current
    return {
        "licensee": parties.basis(match.licensee_id, at=at),
        "digest": match.party.digest,
        "list_version": match.list_version,
        "matcher_version": match.matcher_version,
    }


def _screen(match: Match, by: Actor, at: datetime, because: str) -> None:
    """Screen the licensee and those that it owns a part of: its match can capture them."""
    after_change([match.licensee], cause=CAUSE, by=by, at=at, because=because, owners=True)


def _in_a_year(at: datetime) -> date:
    today = at.astimezone(UTC).date()
    leap = (today.month, today.day) == (2, 29)
    return today.replace(year=today.year + 1, day=28 if leap else today.day)


def _needs_reason(because: str) -> None:
    if not because.strip():
        raise CannotClear("Say what settles it: this needs a reason.", pointer="/because")


def _record(
    kind: str, match: Match, details: Mapping[str, Any], by: Actor, at: datetime, because: str
) -> None:
    audit.record(kind, match.licensee, by=by, at=at, because=because, details=details)


def _party(match: Match) -> Mapping[str, Any]:
    assert match.party is not None  # _current
    return {
        "list": match.restricted_list.code,
        "list_version": match.list_version,
        "party": match.party.name[:400],
        "source_id": match.party.source_id,
        "matcher_version": match.matcher_version,
    }


def _details(row: Clearance) -> Mapping[str, Any]:
    return {
        **_party(row.match),
        "rests_on": row.facts,
        "valid_from": row.valid.lower,
        "valid_until": row.valid.upper,
    }
