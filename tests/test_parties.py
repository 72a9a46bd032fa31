"""Lists and their versions, matches of licensees, and capture by ownership as facts."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from accesscontrol import facts, parties, registry
from accesscontrol.errors import NotAllowed
from accesscontrol.matching.csl import COLUMNS
from accesscontrol.models import (
    AuditEvent,
    Clearance,
    ListedName,
    ListedParty,
    ListVersion,
    Match,
    Owner,
    RestrictedList,
    ScreeningRun,
)
from tests.worlds import register as world

CSL = Path(__file__).parents[2] / "shared/data/csl/csl_reconstructed.csv"
AT = datetime(2026, 6, 12, 21, 21, tzinfo=UTC)
LATER = AT + timedelta(days=1)
SOURCES = {
    "SDN": "Specially Designated Nationals (SDN) - Treasury Department",
    "EL": "Entity List (EL) - Bureau of Industry and Security",
    "DPL": "Denied Persons List (DPL) - Bureau of Industry and Security",
}

pytestmark = pytest.mark.django_db


def file(*rows):
    """A file of the Consolidated Screening List: rows of (list, name, further columns)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for list_, name, *more in rows:
        columns = more[0] if more else {}
        writer.writerow({"_id": name.lower(), "source": SOURCES[list_], "name": name} | columns)
    return out.getvalue().encode()


def load(data, at=AT, **how):
    return parties.import_list(data=data, file_name="list.csv", by=None, at=at, **how)


def add(name, ref="", at=AT):
    return registry.add_licensee(
        ref=ref or name.lower(), name=name, source="contract", by=None, at=at
    )


def status(licensee, list_="SDN", at=AT):
    return facts.about_licensees([licensee.pk], at=at)[licensee.pk].facts.get(
        f"licensee.list_status.{list_}"
    )


def captured(licensee, at=AT, regime="ofac"):
    known = facts.about_licensees([licensee.pk], at=at)[licensee.pk].facts
    return (
        known.get(f"licensee.captured_by_ownership.{regime}"),
        known.get(f"licensee.restricted_owner_share.{regime}"),
    )


ALPHA = ("SDN", "Alpha Trading LLC")
BETA = ("SDN", "Beta Bank")
GAMMA = ("EL", "Gamma Institute", {"alt_names": "GI; and Gamma Labs"})


# ------------------------------------------------------------ lists


def test_an_import_makes_one_version_of_each_list():
    result = load(file(ALPHA, BETA, GAMMA))
    assert (result.rows, result.read, result.errors) == (3, 3, [])
    versions = {str(v): (v.entries, v.added) for v in ListVersion.objects.all()}
    assert versions == {"SDN v1": (2, 2), "EL v1": (1, 1)}
    assert ListedName.objects.filter(party__name="Gamma Institute").count() == 3


def test_a_second_import_of_the_same_file_changes_nothing():
    data = file(ALPHA, BETA, GAMMA)
    load(data)
    result = load(data, at=LATER).to_json()
    assert (result["added"], result["changed"], result["removed"]) == (0, 0, 0)
    assert ListVersion.objects.count() == 2
    assert ListedParty.objects.count() == 3


def test_only_the_list_that_changed_gets_a_version_and_the_old_one_stays():
    load(file(ALPHA, BETA, GAMMA))
    reworded = ("SDN", "Beta Bank", {"remarks": "new"})
    result = load(file(reworded, ("SDN", "Delta"), GAMMA), at=LATER, accept_shrink=True).to_json()
    assert (result["added"], result["changed"], result["removed"]) == (1, 1, 1)
    assert [str(v) for v in ListVersion.objects.order_by("id")] == ["EL v1", "SDN v1", "SDN v2"]
    in_first = ListedParty.objects.filter(restricted_list__code="SDN", first_version=1)
    assert {party.last_version for party in in_first} == {1}
    assert in_first.count() == 2


def test_a_dry_run_says_what_would_change_and_changes_nothing():
    result = load(file(ALPHA), dry_run=True).to_json()
    assert (result["added"], result["dry_run"]) == (1, True)
    assert not RestrictedList.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_list_that_shrinks_keeps_its_parties_until_a_person_accepts():
    many = [("SDN", f"Party {n}") for n in range(40)]
    load(file(*many))
    held = load(file(*many[:30]), at=LATER)
    assert held.to_json()["removed"] == 0
    assert "would shrink from 40 to 30" in held.lists[0].kept_because
    assert ListedParty.objects.filter(last_version=None).count() == 40
    assert load(file(*many[:30]), at=LATER, accept_shrink=True).to_json()["removed"] == 10


def test_one_bad_row_in_a_thousand_is_named_and_nobody_is_cleared_by_it():
    acme, beta = add("Acme"), add("Beta Bank")
    rows = [("SDN", f"Party {n}") for n in range(998)]
    result = load(file(*rows, BETA, ("SDN", "—", {"_id": "x"})))
    assert [(bad.line, "no letter" in bad.reason) for bad in result.errors] == [(1001, True)]
    assert result.read == 999
    assert status(beta) == "possible"
    assert status(acme) is None


def test_a_party_missing_from_a_partly_unreadable_list_is_not_gone():
    beta = add("Beta Bank")
    load(file(ALPHA, BETA))
    result = load(file(ALPHA, ("SDN", "—", {"_id": "x"})), at=LATER)
    assert result.to_json()["removed"] == 0
    assert status(beta, at=LATER) == "possible"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"a;b;c;d\n", "semicolons"),
        (b"name,country\nAcme,US\n", "header"),
        ("name".encode("utf-16"), "UTF-16"),
    ],
)
def test_another_kind_of_file_is_refused_in_words(data, words):
    with pytest.raises(parties.CannotImport, match=words):
        load(data)
    assert not RestrictedList.objects.exists()


def test_an_import_needs_the_right():
    with pytest.raises(NotAllowed):
        parties.import_list(
            data=file(ALPHA), file_name="x", by=world.person("vera", "viewer"), at=AT
        )


def test_an_import_leaves_one_event_and_screens_whom_it_concerns():
    world.publish(at=AT - timedelta(days=1))
    beta = add("Beta Bank")
    before, runs = AuditEvent.objects.count(), ScreeningRun.objects.count()
    load(file(ALPHA, BETA))
    assert AuditEvent.objects.count() == before + 1
    assert AuditEvent.objects.latest("id").kind == "list.imported"
    assert ScreeningRun.objects.count() == runs + 1
    assert ScreeningRun.objects.latest("id").total == 1
    assert status(beta) == "possible"


def test_the_command_loads_the_whole_list(capsys):
    if not CSL.exists():
        pytest.skip("the list of 9,638 entries is not here")
    acme, cimex = add("Acme"), add("Cimex Iberica")
    call_command("import_list", "--source", "csl", str(CSL), "--format", "json")
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    numbers = ("rows", "read", "errors", "added", "changed", "removed")
    assert [first[n] for n in numbers] == [9638, 9638, [], 9638, 0, 0]
    call_command("import_list", "--source", "csl", str(CSL))
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [second[n] for n in numbers] == [9638, 9638, [], 0, 0, 0]
    assert ListVersion.objects.count() == 11
    now = datetime.now(UTC)
    assert (status(acme, at=now), status(cimex, at=now)) == ("clear", "possible")


def test_the_command_tells_bad_rows_and_refusals_by_its_exit_code(tmp_path, capsys):
    path = tmp_path / "list.csv"
    path.write_bytes(file(ALPHA, ("SDN", "—")))
    with pytest.raises(SystemExit) as stopped:
        call_command("import_list", str(path))
    assert stopped.value.code == 1
    assert "line 3" in capsys.readouterr().err
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(SystemExit) as stopped:
        call_command("import_list", str(path), "--format", "json")
    assert stopped.value.code == 2
    assert "header" in json.loads(capsys.readouterr().out)["error"]


# ------------------------------------------------------------ matches


def test_a_licensee_never_matched_has_no_status():
    assert status(add("Acme")) is None


def test_hit_and_clear_by_normalized_name_and_alias():
    alpha, gamma, acme = add("ALPHA TRADING"), add("Gamma-Labs, Inc."), add("Acme")
    load(file(ALPHA, GAMMA))
    assert (status(alpha), status(alpha, "EL")) == ("possible", "clear")
    assert (status(gamma), status(gamma, "EL")) == ("clear", "possible")
    assert (status(acme), status(acme, "EL")) == ("clear", "clear")
    evidence = Match.objects.get(licensee=gamma, status="possible").evidence
    assert (evidence["listed_name"], evidence["alias"]) == ("Gamma Labs", True)


def test_a_licensee_added_later_is_matched_at_once():
    load(file(ALPHA))
    assert (status(add("Alpha Trading")), status(add("Acme"))) == ("possible", "clear")


def test_what_is_known_then_stays_known_then():
    alpha = add("Alpha Trading")
    load(file(ALPHA))
    load(file(BETA), at=LATER)
    assert status(alpha, at=LATER) == "clear"
    assert status(alpha, at=AT) == "possible"


def test_a_changed_entry_opens_a_clearance_again():
    alpha = add("Alpha Trading")
    load(file(ALPHA))
    Clearance.objects.create(
        match=Match.objects.get(licensee=alpha), because="another one", valid=(AT, None),
        recorded_at=AT, entered_by=world.person("mina"),
        confirmed_by=world.person("jonas", "approver"), confirmed_at=AT,
    )  # fmt: skip
    assert status(alpha) == "clear"
    load(file(("SDN", "Alpha Trading LLC", {"remarks": "also in Berlin"})), at=LATER)
    assert status(alpha, at=LATER) == "possible"


def test_a_confirmed_match_stays_while_the_list_has_the_party():
    alpha = add("Alpha Trading")
    load(file(ALPHA, BETA))
    Match.objects.filter(licensee=alpha, restricted_list__code="SDN").update(status="confirmed")
    load(file(("SDN", "Alpha Trading LLC", {"remarks": "reworded"}), BETA), at=LATER)
    assert status(alpha, at=LATER) == "confirmed"
    load(file(BETA), at=LATER + timedelta(days=1))
    assert status(alpha, at=LATER + timedelta(days=1)) == "clear"


def test_a_denial_order_ends_with_its_last_day_in_new_york():
    ending = ("DPL", "Alpha Trading", {"start_date": "2020-01-01", "end_date": "2026-06-12"})
    alpha = add("Alpha Trading")
    load(file(ending, ("DPL", "Other")), at=AT)  # 17:21 in New York
    assert status(alpha, "DPL") == "possible"
    over = datetime(2026, 6, 13, 4, 1, tzinfo=UTC)
    parties.match(at=over)
    assert status(alpha, "DPL", at=over) == "clear"


# ------------------------------------------------------------ ownership


def declare(licensee, *owners, at=AT, confirm=True):
    declaration = registry.declare_owners(
        licensee=licensee, owners=[registry.OwnedBy(*owner) for owner in owners],
        source="register", by=world.person("mina"), at=at,
    )  # fmt: skip
    if confirm:
        registry.confirm_owners(
            declaration=declaration, by=world.person("jonas", "approver"), at=at
        )


def test_two_listed_owners_together_capture():
    acme = add("Acme")
    load(file(ALPHA, GAMMA))
    declare(acme, ("Alpha Trading", 3000), ("Gamma Labs", 2500), ("Jane Roe", 4500))
    assert captured(acme, regime="bis_affiliates") == (True, 5500)
    assert captured(acme, regime="ofac") == (False, 3000)


def test_nothing_declared_is_not_known_and_declared_is():
    acme = add("Acme")
    load(file(ALPHA))
    assert captured(acme) == (None, None)
    declare(acme, ("Jane Roe", 10000))
    assert captured(acme) == (False, 0)


def test_an_edge_that_tightens_counts_at_once_and_one_that_loosens_waits():
    acme, beta = add("Acme"), add("Beta")
    load(file(ALPHA))
    declare(acme, ("Jane Roe", 4000))
    mina = world.person("mina")
    edge = registry.add_owner(
        owned=acme, owner="Alpha Trading", share_bp=6000, source="press", by=mina, at=AT
    )
    assert captured(acme) == (True, 6000)
    assert Owner.objects.get(pk=edge.pk).confirmed_at is None
    declare(beta, ("Jane Roe", 10000), confirm=False)
    assert captured(beta) == (None, None)


def test_capture_follows_the_list_and_the_tiers_below():
    top, below = add("Top"), add("Below")
    load(file(ALPHA, BETA))
    declare(top, ("Omega", 6000))
    declare(below, (top, 6000))
    assert captured(below) == (False, 0)
    load(file(ALPHA, BETA, ("SDN", "Omega")), at=LATER)
    assert (captured(top, at=LATER), captured(below, at=LATER)) == ((True, 6000), (True, 6000))
    assert captured(below, at=AT) == (False, 0)


def test_an_owner_that_is_only_a_possible_match_leaves_it_open():
    alpha, acme = add("Alpha Trading"), add("Acme")
    load(file(ALPHA))
    declare(alpha, ("Jane Roe", 10000))
    declare(acme, (alpha, 6000))
    assert captured(acme) == (None, None)
    Match.objects.filter(licensee=alpha).update(status="confirmed")
    parties.refresh_ownership(at=AT)
    assert captured(acme) == (True, 6000)


def test_a_listed_party_captures_through_an_outside_party():
    acme = add("Acme")
    load(file(ALPHA))
    holding = registry.add_party(name="Holding", by=None, at=AT)
    edge = registry.add_owner(
        owned=holding,
        owner="Alpha Trading",
        share_bp=5000,
        source="x",
        by=world.person("mina"),
        at=AT,
    )
    registry.confirm_owner(edge=edge, by=world.person("jonas", "approver"), at=AT)
    declare(acme, (holding, 5100), ("Jane Roe", 4900))
    assert captured(acme) == (True, 5100)


def test_a_fact_does_not_outlive_the_declaration_it_rests_on():
    """Until somebody looks again it is absent, never the old answer."""
    acme = add("Acme")
    load(file(ALPHA))
    declaration = registry.declare_owners(
        licensee=acme, owners=[registry.OwnedBy("Jane Roe", 4000)], source="register",
        by=world.person("mina"), at=AT, valid_until=LATER,
    )  # fmt: skip
    registry.confirm_owners(declaration=declaration, by=world.person("jonas", "approver"), at=AT)
    assert captured(acme) == (False, 0)
    assert captured(acme, at=LATER) == (None, None)
    parties.refresh(at=LATER)
    assert captured(acme, at=LATER) == (None, None)


def test_what_time_changed_is_found_and_screened_and_logged_once():
    world.publish(at=AT - timedelta(days=1))
    alpha = add("Alpha Trading")
    load(file(("DPL", "Alpha Trading", {"end_date": "2026-06-12"})))
    over = datetime(2026, 6, 13, 4, 1, tzinfo=UTC)
    runs, events = ScreeningRun.objects.count(), AuditEvent.objects.count()
    assert parties.refresh(at=over) == {alpha.pk}
    assert parties.refresh(at=over) == set()
    assert (ScreeningRun.objects.count(), AuditEvent.objects.count()) == (runs + 1, events + 1)
    assert status(alpha, "DPL", at=over) == "clear"
