"""A match is confirmed by one person and cleared by two, for a time, on the facts it rests on."""

from datetime import timedelta

import pytest

from accesscontrol import parties, registry, screening
from accesscontrol.errors import NotAllowed, Refused
from accesscontrol.models import AuditEvent, Clearance, Match, ScreeningRun
from tests.test_parties import ALPHA, AT, BETA, LATER, add, captured, declare, file, load, status
from tests.worlds import register as world

DAY = timedelta(days=1)
ALIASED = ("SDN", "Alpha Trading LLC", {"alt_names": "Omega Holding"})
LISTED = {"any": [{"is": ["licensee.list_status.SDN", each]} for each in ("possible", "confirmed")]}

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return world.person("mina")


@pytest.fixture
def jonas():
    return world.person("jonas", "approver")


@pytest.fixture
def alpha():
    world.model()
    world.publish(
        world.rule("R-SDN", "deny", LISTED, effective_from="2026-01-01T00:00:00Z"),
        at=AT - DAY, lists={"SDN": []},
    )  # fmt: skip
    licensee = registry.add_licensee(
        ref="alpha", name="Alpha Trading", source="contract", by=None, at=AT,
        facts={"licensee.country": "US"},
    )  # fmt: skip
    load(file(ALIASED, BETA))
    world.work(AT)
    return licensee


def current(licensee, list_="SDN"):
    return Match.objects.get(licensee=licensee, restricted_list__code=list_, superseded_at=None)


def propose(licensee, by, at=AT, days=100, **more):
    said = {"because": "Another town, another number.", "valid_until": at + days * DAY, **more}
    return registry.clear(match=current(licensee), by=by, at=at, **said)


def cleared(licensee, mina, jonas, at=AT, **more):
    proposed = propose(licensee, mina, at=at, **more)
    return registry.confirm_clearance(clearance=proposed, by=jonas, at=at)


class Watched:
    """The events and runs that a verb leaves."""

    def __enter__(self):
        self.before = AuditEvent.objects.count(), ScreeningRun.objects.count()
        return self

    def __exit__(self, *_):
        events, runs = self.before
        kinds = AuditEvent.objects.order_by("id").values_list("kind", flat=True)
        self.kinds = list(kinds[events:])
        self.runs = ScreeningRun.objects.count() - runs


# ------------------------------------------------------------ the same party


def test_one_person_confirms_a_match_and_it_is_screened(alpha, mina):
    possible = current(alpha)
    with Watched() as seen:
        confirmed = registry.confirm_match(match=possible, by=mina, at=LATER, because="Same number")
    assert (seen.kinds, seen.runs) == (["match.confirmed"], 1)
    assert (confirmed.status, confirmed.party) == ("confirmed", possible.party)
    assert status(alpha, at=LATER) == "confirmed"
    assert status(alpha, at=AT) == "possible"  # what was known then


def test_a_confirmed_match_stays_confirmed_when_matched_again(alpha, mina):
    registry.confirm_match(match=current(alpha), by=mina, at=AT, because="Same number")
    parties.match(at=LATER)
    assert status(alpha, at=LATER) == "confirmed"
    with pytest.raises(registry.CannotClear, match="already confirmed"):
        registry.confirm_match(match=current(alpha), by=mina, at=LATER, because="Again")


def test_confirming_overrules_a_clearance(alpha, mina, jonas):
    cleared(alpha, mina, jonas)
    assert status(alpha) == "clear"
    registry.confirm_match(match=current(alpha), by=mina, at=LATER, because="It is them after all")
    assert status(alpha, at=LATER) == "confirmed"


def test_a_wrongly_confirmed_match_can_be_cleared_by_two(alpha, mina, jonas):
    registry.confirm_match(match=current(alpha), by=mina, at=AT, because="Same number")
    cleared(alpha, mina, jonas, at=LATER)
    assert status(alpha, at=LATER) == "clear"
    registry.rename(licensee=alpha, name="Alpha Trading Inc", source="x", by=mina,
                    at=LATER + DAY, because="New form")  # fmt: skip
    assert status(alpha, at=LATER + DAY) == "confirmed"


# ------------------------------------------------------------ not the same party


def test_a_clearance_counts_once_a_second_person_confirms_it(alpha, mina, jonas):
    with Watched() as proposed:
        row = propose(alpha, mina)
    assert (proposed.kinds, proposed.runs) == (["clearance.entered"], 0)
    assert status(alpha) == "possible"
    with Watched() as confirmed:
        registry.confirm_clearance(clearance=row, by=jonas, at=AT)
    assert (confirmed.kinds, confirmed.runs) == (["clearance.confirmed"], 1)
    assert status(alpha) == "clear"
    world.work(AT)
    assert world.standing(alpha) == "permit"


def test_nobody_confirms_what_he_proposed(alpha, mina):
    row = propose(alpha, mina)
    with pytest.raises(registry.SamePerson):
        registry.confirm_clearance(clearance=row, by=mina, at=AT)
    with pytest.raises(NotAllowed):
        registry.confirm_clearance(clearance=row, by=None, at=AT)
    assert status(alpha) == "possible"


def test_a_clearance_records_what_it_rests_on(alpha, mina):
    match = current(alpha)
    assert propose(alpha, mina).facts == {
        "licensee": {"name": "Alpha Trading", "country": "US"},
        "digest": match.party.digest, "list_version": 1, "matcher_version": match.matcher_version,
    }  # fmt: skip


def test_a_clearance_lasts_a_year_at_most_and_ends_by_itself(alpha, mina, jonas):
    for days in (367, 0, -1):
        with pytest.raises(registry.CannotClear, match="within 12 months") as refusal:
            propose(alpha, mina, days=days)
        assert refusal.value.pointer == "/valid_until"
    row = cleared(alpha, mina, jonas, days=365)
    assert status(alpha, at=row.valid.upper - timedelta(seconds=1)) == "clear"
    assert status(alpha, at=row.valid.upper) == "possible"
    world.work(AT)
    (run,) = screening.due_boundaries(row.valid.upper)
    assert run.cause == "boundary"
    world.work(row.valid.upper)
    assert world.standing(alpha) == "deny"


def test_a_clearance_has_a_reason_and_a_party(alpha, mina):
    with pytest.raises(registry.CannotClear, match="reason"):
        propose(alpha, mina, because=" ")
    with pytest.raises(registry.CannotClear, match="reason"):
        registry.confirm_match(match=current(alpha), by=mina, at=AT, because="")
    clear = current(add("Acme"))
    with pytest.raises(registry.CannotClear, match="no listed party"):
        registry.confirm_match(match=clear, by=mina, at=AT, because="x")
    with pytest.raises(NotAllowed):
        propose(alpha, world.person("vera", "viewer"))
    assert not Clearance.objects.exists()


def test_one_clearance_of_a_match_waits_at_a_time(alpha, mina, jonas):
    first = propose(alpha, mina)
    with pytest.raises(registry.CannotClear, match="already waits"):
        propose(alpha, jonas)
    with Watched() as seen:
        registry.revoke_clearance(clearance=first, by=jonas, at=AT, because="Show me the number")
    assert (seen.kinds, seen.runs) == (["clearance.revoked"], 0)
    with pytest.raises(registry.AlreadyConfirmed):
        registry.confirm_clearance(clearance=first, by=jonas, at=AT)
    assert propose(alpha, mina).pk != first.pk


def test_one_person_revokes_a_clearance(alpha, mina, jonas):
    row = cleared(alpha, mina, jonas)
    with Watched() as seen:
        registry.revoke_clearance(clearance=row, by=mina, at=LATER, because="New evidence")
    assert (seen.kinds, seen.runs) == (["clearance.revoked"], 1)
    assert status(alpha, at=LATER) == "possible"


def test_what_ended_while_it_waited_is_not_confirmed(alpha, mina, jonas):
    row = propose(alpha, mina, days=1)
    with pytest.raises(registry.CannotClear, match="ended before"):
        registry.confirm_clearance(clearance=row, by=jonas, at=AT + 2 * DAY)


# ------------------------------------------------------------ what opens it again


@pytest.mark.parametrize("name", ["Omega Holding", "ALPHA Trading"])
def test_another_name_opens_it_again_also_where_it_hits_the_same_party(alpha, mina, jonas, name):
    cleared(alpha, mina, jonas)
    before = current(alpha)
    registry.rename(licensee=alpha, name=name, source="x", by=mina, at=LATER, because="Renamed")
    after = current(alpha)
    assert status(alpha, at=LATER) == "possible"
    assert (after.party, after.pk != before.pk) == (before.party, True)
    assert after.evidence["listed_name"] in ("Omega Holding", "Alpha Trading LLC")


def test_another_country_opens_it_again(alpha, mina, jonas):
    cleared(alpha, mina, jonas)
    registry.edit_fact(of=alpha, attribute="licensee.country", value="IR", source="x", by=mina,
                       at=LATER, because="Moved")  # fmt: skip
    assert status(alpha, at=LATER) == "possible"


def test_another_owner_opens_it_again_and_the_same_ones_do_not(alpha, mina, jonas):
    declare(alpha, ("Jane Roe", 10000))
    cleared(alpha, mina, jonas)
    declare(alpha, ("Jane Roe", 10000), at=LATER)
    assert status(alpha, at=LATER) == "clear"
    declare(alpha, ("Jane Roe", 6000), ("John Doe", 4000), at=LATER + DAY, confirm=False)
    assert status(alpha, at=LATER + DAY) == "possible"


def test_a_reworded_entry_opens_it_again(alpha, mina, jonas):
    cleared(alpha, mina, jonas)
    load(file(("SDN", "Alpha Trading LLC", {"remarks": "also in Ohio"}), BETA), at=LATER)
    assert status(alpha, at=LATER) == "possible"


def test_what_else_changes_leaves_it_cleared(alpha, mina, jonas):
    cleared(alpha, mina, jonas)
    registry.edit_fact(of=alpha, attribute="licensee.sector", value="retail", source="x", by=mina,
                       at=LATER)  # fmt: skip
    load(file(ALIASED, BETA, ("SDN", "Delta")), at=LATER)
    parties.refresh(at=LATER)
    assert status(alpha, at=LATER) == "clear"


def test_a_clearance_that_waits_is_lost_when_the_licensee_changes(alpha, mina, jonas):
    row = propose(alpha, mina)
    registry.rename(licensee=alpha, name="Omega Holding", source="x", by=mina, at=LATER,
                    because="Renamed")  # fmt: skip
    with pytest.raises(Refused, match="changed since"):
        registry.confirm_clearance(clearance=row, by=jonas, at=LATER)
    assert status(alpha, at=LATER) == "possible"


# ------------------------------------------------------------ whom it owns


def test_what_a_cleared_owner_owns_is_captured_again_when_the_clearance_ends(alpha, mina, jonas):
    acme = add("Acme")
    declare(alpha, ("Jane Roe", 10000))
    declare(acme, (alpha, 10000))
    assert captured(acme) == (None, None)
    row = cleared(alpha, mina, jonas)
    assert captured(acme) == (False, 0)
    over = row.valid.upper
    assert captured(acme, at=over) == (None, None)
    parties.refresh(at=over)
    assert captured(acme, at=over) == (None, None)
    registry.confirm_match(match=current(alpha), by=mina, at=over, because="Same number")
    assert captured(acme, at=over) == (True, 10000)


def test_an_unlisted_alpha_is_no_party(alpha, mina):
    old = current(alpha)
    load(file(BETA, ("SDN", ALPHA[1] + " of Ohio")), at=LATER)
    with pytest.raises(registry.CannotClear, match="look at the new one"):
        registry.clear(match=old, because="x", valid_until=LATER + DAY, by=mina, at=LATER)
