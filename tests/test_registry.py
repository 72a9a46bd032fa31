"""The register's verbs: each leaves one event, what may loosen takes two, all of it is screened."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from accesscontrol import facts, parties, registry
from accesscontrol.errors import NotAllowed, Refused, Stale
from accesscontrol.matching.csl import COLUMNS
from accesscontrol.models import AuditEvent, Fact, Licensee, RedFlag, ScreeningRun
from tests.worlds import register as world

AT = world.AT
DAY = timedelta(days=1)
LATER = AT + timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return world.person("mina")


@pytest.fixture
def jonas():
    return world.person("jonas", "approver")


@pytest.fixture
def release():
    return world.publish(
        world.rule("R-CU", "deny", world.EMBARGO),
        world.rule("R-CN", "license_required", world.HQ_IN_CHINA),
        world.rule("R-FLAG", "review", world.RED_FLAG),
        at=AT - DAY,
    )


@pytest.fixture
def frontier(mina, release):
    return registry.add_model(
        ref="frontier-5", name="Frontier 5", activities=["use_api"], source="card", by=mina, at=AT,
        facts={"model.family": "frontier", "model.training_ops": "1e26"},
    )  # fmt: skip


def add(mina, ref="acme", **known):
    return registry.add_licensee(
        ref=ref, name=ref.title(), source="contract", by=mina, at=AT, facts=known
    )


def known(licensee, at=LATER):
    return facts.about_licensees([licensee.pk], at=at)[licensee.pk].facts


def value(licensee, attribute, at=LATER):
    return known(licensee, at).get(attribute)


class Watched:
    """How many events and runs a verb leaves."""

    def __enter__(self):
        self.events, self.runs = AuditEvent.objects.count(), ScreeningRun.objects.count()
        return self

    def __exit__(self, *_):
        self.events = AuditEvent.objects.count() - self.events
        self.runs = ScreeningRun.objects.count() - self.runs
        self.kind = AuditEvent.objects.latest("id").kind


# ------------------------------------------------------------ licensees and facts


def test_a_new_licensee_has_its_facts_columns_and_screening(mina, release):
    with Watched() as seen:
        acme = add(mina, **{"licensee.country": "US", "licensee.foreign_national_access": 250})
    assert (seen.events, seen.runs, seen.kind) == (1, 1, "licensee.added")
    assert value(acme, "licensee.country") == "US"
    acme.refresh_from_db()
    assert (acme.country, acme.hq_country, acme.foreign_national_access) == ("US", "", 250)


@pytest.mark.parametrize(
    ("attribute", "given", "words"),
    [
        ("licensee.country", "UK", "country code"),
        ("licensee.contry", "US", "Did you mean “licensee.country”"),
        ("licensee.foreign_national_access", 10_001, "basis points"),
        ("licensee.red_flags_open", 0, "derived"),
        ("licensee.captured_by_ownership.ofac", False, "derived"),
        ("licensee.list_status.SDN", "clear", "no attribute"),
        ("model.family", "frontier", "no attribute"),
    ],
)
def test_a_bad_fact_is_refused_in_words(mina, attribute, given, words):
    with pytest.raises(Refused, match=words):
        add(mina, **{attribute: given})
    assert not Licensee.objects.exists()


@pytest.mark.parametrize("name", ["", "—", "a\0b", "x" * 401])
def test_a_name_that_cannot_be_compared_is_refused(mina, name):
    with pytest.raises(registry.CannotAdd):
        registry.add_licensee(ref="a", name=name, source="x", by=mina, at=AT)


def test_a_reference_is_unique(mina):
    add(mina)
    with pytest.raises(registry.CannotAdd, match="already"):
        add(mina)


def test_what_tightens_takes_effect_at_once(mina, frontier):
    acme = add(mina, **{"licensee.country": "US", "licensee.hq_country": "US"})
    with Watched() as seen:
        row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="CN",
                                 source="filing", by=mina, at=LATER)  # fmt: skip
    assert (row.waits, seen.events, seen.runs) == (False, 1, 1)
    assert value(acme, "licensee.hq_country") == "CN"
    assert Licensee.objects.get().hq_country == "CN"
    assert value(acme, "licensee.hq_country", at=AT) == "US"


def test_what_loosens_waits_for_a_second_person(mina, jonas, frontier):
    acme = add(mina, **{"licensee.country": "US", "licensee.hq_country": "CN"})
    with Watched() as seen:
        row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="US",
                                 source="filing", by=mina, at=LATER)  # fmt: skip
    assert (row.waits, seen.events, seen.runs) == (True, 1, 0)
    assert value(acme, "licensee.hq_country") == "CN"
    with pytest.raises(registry.SamePerson):
        registry.confirm_fact(fact=row, by=mina, at=LATER)
    with Watched() as seen:
        registry.confirm_fact(fact=row, by=jonas, at=LATER + DAY)
    assert (seen.events, seen.runs) == (1, 1)
    assert value(acme, "licensee.hq_country", at=LATER + DAY) == "US"
    assert value(acme, "licensee.hq_country", at=AT) == "CN"
    with pytest.raises(registry.AlreadyConfirmed):
        registry.confirm_fact(fact=row, by=jonas, at=LATER + DAY)


def test_supplying_a_missing_fact_that_decides_waits_too(mina, frontier):
    acme = add(mina, **{"licensee.country": "US"})
    row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="US",
                             source="filing", by=mina, at=LATER)  # fmt: skip
    assert row.waits


def test_one_reason_less_is_looser_although_another_one_still_refuses(mina, frontier):
    acme = add(mina, **{"licensee.country": "CU", "licensee.hq_country": "CN"})
    row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="US",
                             source="filing", by=mina, at=LATER)  # fmt: skip
    assert row.waits


def test_the_second_person_can_be_switched_off(mina, frontier, settings):
    settings.LOOSENING_NEEDS_TWO = False
    acme = add(mina, **{"licensee.hq_country": "CN"})
    row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="US",
                             source="filing", by=mina, at=LATER)  # fmt: skip
    assert not row.waits


def test_a_waiting_fact_can_be_withdrawn(mina, jonas, frontier):
    acme = add(mina, **{"licensee.hq_country": "CN"})
    row = registry.edit_fact(of=acme, attribute="licensee.hq_country", value="US",
                             source="filing", by=mina, at=LATER)  # fmt: skip
    registry.withdraw_fact(fact=row, by=jonas, at=LATER, because="wrong paper")
    with pytest.raises(registry.AlreadyConfirmed):
        registry.confirm_fact(fact=row, by=jonas, at=LATER)


def test_a_withdrawn_fact_is_absent(mina, frontier):
    acme = add(mina, **{"licensee.country": "US"})
    row = registry.edit_fact(of=acme, attribute="licensee.country", value=None,
                             source="filing", by=mina, at=LATER)  # fmt: skip
    assert not row.waits
    assert value(acme, "licensee.country") is None
    assert Licensee.objects.get().country == ""


def test_a_correction_of_the_past_keeps_what_was_known_then(mina, settings):
    settings.LOOSENING_NEEDS_TWO = False
    acme = add(mina, **{"licensee.country": "US"})
    registry.edit_fact(of=acme, attribute="licensee.country", value="DE", source="filing", by=mina,
                       at=AT + 10 * DAY, held_from=AT + DAY)  # fmt: skip
    then = facts.about_licensees([acme.pk], at=AT + 2 * DAY)[acme.pk].facts
    now = facts.about_licensees([acme.pk], at=AT + 2 * DAY, known_at=AT + 11 * DAY)[acme.pk].facts
    assert (then["licensee.country"], now["licensee.country"]) == ("US", "DE")
    assert value(acme, "licensee.country", at=AT) == "US"
    assert Fact.objects.filter(superseded_at=None).count() == 2


def test_a_stale_edit_is_refused(mina):
    acme = add(mina)
    registry.edit_fact(of=acme, attribute="licensee.sector", value="banking", source="x", by=mina,
                       at=LATER, version=1)  # fmt: skip
    with pytest.raises(Stale):
        registry.edit_fact(of=acme, attribute="licensee.sector", value="energy", source="x",
                           by=mina, at=LATER, version=1)  # fmt: skip


def test_a_viewer_changes_nothing(mina):
    acme, vera = add(mina), world.person("vera", "viewer")
    with pytest.raises(NotAllowed):
        registry.edit_fact(of=acme, attribute="licensee.sector", value="x", source="x", by=vera,
                           at=LATER)  # fmt: skip


def test_a_rename_is_matched(mina):
    acme = add(mina)
    with Watched() as seen:
        assert registry.rename(licensee=acme, name="Acme Holding", source="x", by=mina, at=LATER,
                               because="merger") is None  # fmt: skip
    assert (seen.events, seen.kind) == (1, "licensee.renamed")
    assert (acme.name, acme.normalized_name) == ("Acme Holding", "acme holding")


def test_a_rename_away_from_a_listed_name_waits(mina, jonas):
    listed = {"is": ["licensee.list_status.SDN", "possible"]}
    header = ",".join(COLUMNS)
    row = ",".join({"name": "Acme", "source": "List (SDN) - T"}.get(c, "") for c in COLUMNS)
    parties.import_list(data=f"{header}\n{row}\n".encode(), file_name="x", by=None, at=AT - DAY)
    world.publish(world.rule("R-SDN", "deny", listed), at=AT - DAY)
    registry.add_model(ref="m", name="M", activities=["use_api"], source="card", by=mina, at=AT)
    acme = add(mina)
    assert value(acme, "licensee.list_status.SDN") == "possible"
    waits = registry.rename(licensee=acme, name="Zeta", source="x", by=mina, at=LATER, because="x")
    assert (waits.waits, Licensee.objects.get().name) == (True, "Acme")
    assert value(acme, "licensee.list_status.SDN") == "possible"
    with Watched() as seen:
        registry.confirm_fact(fact=waits, by=jonas, at=LATER + DAY)
    assert (seen.events, seen.runs) == (1, 1)
    assert Licensee.objects.get().name == "Zeta"
    assert value(acme, "licensee.list_status.SDN", at=LATER + DAY) == "clear"


def test_several_changes_together_are_screened_once(mina, release):
    with Watched() as seen, registry.together(by=mina, at=AT, because="first load"):
        add(mina, "one")
        add(mina, "two")
    assert (seen.events, seen.runs) == (2, 1)
    assert ScreeningRun.objects.latest("id").total == 2


# ------------------------------------------------------------ models


def test_a_models_fact_that_a_rule_reads_waits(mina, jonas):
    world.publish(world.rule("R-F", "deny", {"is": ["model.family", "frontier"]}), at=AT - DAY)
    model = registry.add_model(ref="m", name="M", activities=["use_api", "hosted"], source="card",
                               by=mina, at=AT, facts={"model.family": "frontier"})  # fmt: skip
    add(mina)
    row = registry.edit_fact(of=model, attribute="model.family", value="mini", source="card",
                             by=mina, at=LATER)  # fmt: skip
    assert row.waits
    with Watched() as seen:
        registry.confirm_fact(fact=row, by=jonas, at=LATER)
    assert (seen.events, seen.runs) == (1, 1)
    assert facts.about_models([model.pk], at=LATER)[model.pk].facts["model.family"] == "mini"
    free = registry.edit_fact(of=model, attribute="model.eccn", value="4E091", source="card",
                              by=mina, at=LATER)  # fmt: skip
    assert not free.waits


def test_offerings_have_positions_that_are_never_reused(mina, frontier):
    more = registry.add_offering(model=frontier, activity="hosted", by=mina, at=AT)
    assert more.position == 2
    with pytest.raises(registry.CannotAdd, match="already offered"):
        registry.add_offering(model=frontier, activity="hosted", by=mina, at=AT)
    with pytest.raises(registry.CannotAdd, match="Did you mean “hosted”"):
        registry.add_offering(model=frontier, activity="hostd", by=mina, at=AT)


def test_an_incident_counts_until_a_second_person_closes_it(mina, jonas, frontier):
    add(mina)

    def open_():
        attribute = "model.jailbreak_findings_open"
        return facts.about_models([frontier.pk], at=LATER)[frontier.pk].facts[attribute]

    with Watched() as seen:
        incident = registry.report_incident(model=frontier, note="found", by=mina, at=AT)
    assert (seen.events, seen.runs, open_()) == (1, 1, 1)
    registry.resolve_incident(incident=incident, resolution="patched, retested", by=mina, at=AT)
    assert open_() == 1
    with pytest.raises(registry.SamePerson):
        registry.confirm_incident(incident=incident, by=mina, at=LATER)
    registry.confirm_incident(incident=incident, by=jonas, at=LATER)
    assert open_() == 0


# ------------------------------------------------------------ flags, attestations, papers


def test_a_red_flag_counts_until_a_second_person_closes_it(mina, jonas, release):
    acme = add(mina)
    with Watched() as seen:
        flag = registry.open_red_flag(
            licensee=acme, number=29, note="share unknown", by=mina, at=AT
        )
    assert (seen.events, seen.runs) == (1, 1)
    assert value(acme, "licensee.red_flags_open") == 1
    with pytest.raises(registry.CannotResolve):
        registry.confirm_red_flag(flag=flag, by=jonas, at=LATER)
    registry.resolve_red_flag(flag=flag, resolution="register extract of today", by=mina, at=AT)
    assert value(acme, "licensee.red_flags_open") == 1
    with pytest.raises(registry.SamePerson):
        registry.confirm_red_flag(flag=flag, by=mina, at=LATER)
    registry.confirm_red_flag(flag=flag, by=jonas, at=LATER)
    assert value(acme, "licensee.red_flags_open") == 0
    with pytest.raises(registry.CannotResolve, match="1 to 29"):
        registry.open_red_flag(licensee=acme, number=30, note="x", by=mina, at=AT)
    assert RedFlag.objects.count() == 1


def attested(acme, by, **changes):
    values = {"attribute": "user.us_person", "value": True, "evidence": "letter of today",
              "valid_until": AT + 90 * DAY}  # fmt: skip
    return registry.attest(licensee=acme, by=by, at=AT, **(values | changes))


def test_an_attestation_counts_once_confirmed_and_ends_when_revoked(mina, jonas, release):
    acme = add(mina)
    with Watched() as seen:
        row = attested(acme, mina)
    assert (seen.events, seen.runs, value(acme, "user.us_person")) == (1, 0, None)
    with pytest.raises(registry.SamePerson):
        registry.confirm_attestation(attestation=row, by=mina, at=AT)
    with Watched() as seen:
        registry.confirm_attestation(attestation=row, by=jonas, at=AT)
    assert (seen.events, seen.runs, value(acme, "user.us_person")) == (1, 1, True)
    assert value(acme, "user.us_person", at=AT + 91 * DAY) is None
    registry.revoke(attestation=row, by=mina, at=LATER, because="they hired")
    assert value(acme, "user.us_person", at=LATER) is None


def test_a_new_attestation_takes_the_place_of_the_old_one(mina, jonas, release):
    acme = add(mina)
    registry.confirm_attestation(attestation=attested(acme, mina), by=jonas, at=AT)
    newer = attested(acme, mina, value=False)
    registry.confirm_attestation(attestation=newer, by=jonas, at=LATER)
    assert value(acme, "user.us_person", at=LATER) is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attribute": "user.us_persn"}, "Did you mean “user.us_person”"),
        ({"attribute": "licensee.country", "value": "US"}, "no attribute"),
        ({"attribute": "request.activity", "value": "use_api"}, "no attribute"),
        ({"value": "yes"}, "true or false"),
        ({"evidence": " "}, "rests on"),
        ({"valid_until": AT - DAY}, "end after"),
    ],
)
def test_a_bad_attestation_is_refused_in_words(mina, changes, words):
    with pytest.raises(Refused, match=words):
        attested(add(mina), mina, **changes)


def export_license(mina, **changes):
    values = {"number": "D-1", "licensees": ["acme"], "valid_from": AT, "valid_until": None}
    rest = values | changes
    names = rest.keys() & {field.name for field in fields(registry.LicenseScope)}
    scope = registry.LicenseScope(**{name: rest.pop(name) for name in names})
    return registry.enter_export_license(scope=scope, by=mina, at=AT, **rest)


def test_an_export_license_counts_once_confirmed(mina, jonas, frontier):
    acme = add(mina)
    with Watched() as seen:
        row = export_license(mina, models=["frontier-5"], quantity=3)
    assert (seen.events, seen.runs) == (1, 0)
    assert facts.about_licensees([acme.pk], at=LATER)[acme.pk].licenses == []
    with Watched() as seen:
        registry.confirm_export_license(license_=row, by=jonas, at=AT)
    assert (seen.events, seen.runs) == (1, 1)
    (license_,) = facts.about_licensees([acme.pk], at=LATER)[acme.pk].licenses
    assert (license_["number"], license_["remaining"]) == ("D-1", 3)
    registry.revoke_export_license(license_=row, by=mina, at=LATER, because="withdrawn")
    assert facts.about_licensees([acme.pk], at=LATER)[acme.pk].licenses == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licensees": ["acmee"]}, "Did you mean “acme”"),
        ({"licensees": []}, "at least one"),
        ({"activities": ["use-api"]}, "Did you mean “use_api”"),
        ({"countries": ["UK"]}, "country code"),
        ({"valid_until": AT - DAY}, "after the beginning"),
        ({"number": " "}, "empty or already"),
        ({"quantity": -1}, "0 or more"),
    ],
)
def test_a_bad_export_license_is_refused_in_words(mina, changes, words):
    add(mina)
    with pytest.raises(Refused, match=words):
        export_license(mina, **changes)


def disposition(mina, acme, rule="R-FLAG"):
    review = registry.Review(rule=rule, version=1, licensee=acme)
    return registry.enter_disposition(
        ref="DISP-1", review=review, valid_until=AT + 90 * DAY, because="explained by the bank",
        by=mina, at=LATER,
    )  # fmt: skip


def test_a_disposition_rests_on_the_facts_that_its_rule_reads(mina, jonas, frontier):
    acme = add(mina)
    registry.open_red_flag(licensee=acme, number=3, note="x", by=mina, at=AT)
    row = disposition(mina, acme)
    assert row.facts == {"licensee.red_flags_open": 1}
    with pytest.raises(registry.SamePerson):
        registry.confirm_disposition(disposition=row, by=mina, at=LATER)
    with Watched() as seen:
        registry.confirm_disposition(disposition=row, by=jonas, at=LATER)
    assert (seen.events, seen.runs) == (1, 1)
    about = facts.about_licensees([acme.pk], at=LATER)[acme.pk]
    assert [each["ref"] for each in about.dispositions] == ["DISP-1"]


def test_only_a_review_rule_whose_facts_are_known_can_be_decided(mina, release):
    acme = add(mina)
    with pytest.raises(registry.CannotEnter, match="no review rule"):
        disposition(mina, acme, rule="R-CN")
    world.publish(world.rule("R-HQ", "review", world.HQ_IN_CHINA), at=AT)
    with pytest.raises(registry.CannotEnter, match=r"licensee\.hq_country"):
        disposition(mina, acme, rule="R-HQ")


# ------------------------------------------------------------ owners


def test_a_declaration_takes_two_and_replaces_what_was_on_record(mina, jonas, release):
    acme = add(mina)
    first = registry.declare_owners(licensee=acme, owners=[registry.OwnedBy("Jane Roe", 10_000)],
                                    source="register", by=mina, at=AT)  # fmt: skip
    with pytest.raises(registry.SamePerson):
        registry.confirm_owners(declaration=first, by=mina, at=AT)
    with Watched() as seen:
        registry.confirm_owners(declaration=first, by=jonas, at=AT)
    assert (seen.events, seen.runs, seen.kind) == (1, 1, "owners.confirmed")
    second = registry.declare_owners(licensee=acme, owners=[registry.OwnedBy("John Doe", None)],
                                     source="register", by=mina, at=LATER)  # fmt: skip
    registry.confirm_owners(declaration=second, by=jonas, at=LATER)
    assert [str(each.owner_party) for each in acme.owners.filter(revoked_at=None)] == ["John Doe"]
    assert value(acme, "licensee.captured_by_ownership.ofac") is False
    registry.revoke_declaration(declaration=second, by=mina, at=LATER + DAY, because="sold")
    assert value(acme, "licensee.captured_by_ownership.ofac", at=LATER + DAY) is None


def test_impossible_owners_are_refused_in_words(mina):
    acme = add(mina)
    both = [registry.OwnedBy("Jane Roe", 6000), registry.OwnedBy("John Doe", 5000)]
    with pytest.raises(registry.CannotOwn, match="more than 100 %"):
        registry.declare_owners(licensee=acme, owners=both, source="x", by=mina, at=AT)
    with pytest.raises(registry.CannotOwn, match="himself"):
        registry.add_owner(owned=acme, owner=acme, share_bp=1, source="x", by=mina, at=AT)
    with pytest.raises(registry.CannotOwn, match="between 0 and 100"):
        registry.add_owner(owned=acme, owner="J", share_bp=10_001, source="x", by=mina, at=AT)
    registry.add_owner(owned=acme, owner="Jane", share_bp=6000, source="x", by=mina, at=AT)
    with pytest.raises(registry.CannotOwn, match="on record"):
        registry.add_owner(owned=acme, owner="John", share_bp=6000, source="x", by=mina, at=AT)


def test_a_job_or_token_is_never_the_second_person(mina, release):
    row = attested(add(mina), mina)
    with pytest.raises(NotAllowed, match="needs a person"):
        registry.confirm_attestation(attestation=row, by=None, at=datetime.now(UTC))
