"""What persons find of a match: the same party (one person), or not the same (two, and dated)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol import audit, parties
from accesscontrol.errors import Refused
from accesscontrol.models import Clearance, Match, User
from accesscontrol.registry.aftermath import after_change
from accesscontrol.registry.rights import Actor, end_now, lock, may_edit, person, second_word

CAUSE = "match"


class CannotClear(Refused):
    """The match is none or changed meanwhile, or the clearance has no reason or fitting end."""

    code = "cannot_clear"


def confirm_match(*, match: Match, by: Actor, at: datetime, because: str) -> Match:
    """The licensee is the listed party; it tightens at once, so one person is enough.

    The finding is a row of its own from now on, and no earlier clearance answers it.
    """
    may_edit(by, at)
    _needs_reason(because)
    with transaction.atomic():
        found = _current(match)
        answered = found.clearances.on_record().exists()
        if found.status == Match.Status.CONFIRMED and not answered:
            raise CannotClear("A person has already confirmed that it is the same party.")
        Match.objects.filter(pk=found.pk).update(superseded_at=at)
        row = Match.objects.create(
            licensee=found.licensee,
            restricted_list=found.restricted_list,
            party=found.party,
            status=Match.Status.CONFIRMED,
            evidence=found.evidence,
            learned_at=at,
            list_version=found.list_version,
            matcher_version=found.matcher_version,
        )
        _record("match.confirmed", row, _party(row), by, at, because)
        _screen(row, by, at, because)
    return row


def clear(
    *, match: Match, because: str, valid_until: datetime, by: Actor, at: datetime
) -> Clearance:
    """The licensee is not the listed party; that answers nothing until confirm_clearance.

    It rests on the licensee's name, number, country and owners and on the list's entry as they are
    now: where one changes, matching finds anew and the question is open. Raises CannotClear.
    """
    may_edit(by, at)
    _needs_reason(because)
    if not at < valid_until or valid_until.astimezone(UTC).date() > _in_a_year(at):
        refusal = "A clearance ends after now and within 12 months."
        raise CannotClear(refusal, pointer="/valid_until")
    with transaction.atomic():
        found = _current(match)
        if found.clearances.waiting().exists():
            raise CannotClear("A clearance of this match already waits for a second person.")
        row = Clearance.objects.create(
            match=found,
            because=because,
            valid=DateTimeTZRange(at, valid_until),
            facts=_rests_on(found, at),
            recorded_at=at,
            entered_by=person(by),
        )
        _record("clearance.entered", found, _details(row), by, at, because)
    return row


def confirm_clearance(
    *, clearance: Clearance, by: User, at: datetime, because: str = ""
) -> Clearance:
    """The second person's word: from now on the match is answered, while its facts hold."""
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
    """The match is open again, from now on; it takes one person, since it tightens.

    One that waits for its second person never counts, and nobody has to be screened for it.
    """
    may_edit(by, at)
    _needs_reason(because)
    with transaction.atomic():
        row = end_now(clearance, at)
        _record("clearance.revoked", row.match, _details(row), by, at, because)
        if row.confirmed_at is not None:
            _screen(row.match, by, at, because)


def _current(match: Match) -> Match:
    """The match, locked, if it still is the finding about a listed party. Raises CannotClear."""
    found: Match = lock(match)
    if found.superseded_at is not None:
        raise CannotClear("The name or the list changed since this match; look at the new one.")
    if found.party is None:
        raise CannotClear("There is no listed party here that could be the same.")
    return found


def _rests_on(match: Match, at: datetime) -> dict[str, Any]:
    """The licensee as `parties.match` compares it, and the entry and matcher that found it."""
    assert match.party is not None  # _current
    return {
        "licensee": parties.basis(match.licensee_id, at=at),
        "digest": match.party.digest,
        "list_version": match.list_version,
        "matcher_version": match.matcher_version,
    }


def _screen(match: Match, by: Actor, at: datetime, because: str) -> None:
    """Whom the licensee owns a part of is captured by its match, so they are looked at too."""
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
