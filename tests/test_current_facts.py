"""The narrow row that screening reads of a licensee says what the dated facts say, whatever is done.

Verbs of the register are drawn at random; after each, and after the workers have seen to what has
become due, every row is read back and held against the truth.
"""

import json
import os
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accesscontrol import entitlements, facts, parties, registry, screening, tasks
from accesscontrol.errors import Refused
from accesscontrol.models import (
    Attestation,
    Boundary,
    Clearance,
    CurrentFacts,
    CustomAttribute,
    Disposition,
    Entitlement,
    ExportLicense,
    Fact,
    FactValue,
    Hold,
    Licensee,
    Match,
    Offering,
    Owner,
    RedFlag,
    RestrictedList,
    Standing,
)
from accesscontrol.screening.register import current_facts
from tests.test_parties import ALPHA, BETA, GAMMA, file, load
from tests.worlds import register as world
from tests.worlds.register import AT, DAY, HOUR, SECOND

pytestmark = pytest.mark.django_db

NAMES = ["Alpha Trading", "Beta Bank", "Gamma Institute", "Delta Works", "Epsilon Labs"]
ROLE = "licensee.custom.role"
EDITS: dict[str, list[Any]] = {
    "licensee.country": ["US", "CN", None],
    "licensee.hq_country": ["US", "HK", None],
    "licensee.sector": ["bank", "chips"],
    "licensee.data_center_countries": [[], ["US"], ["FR", "US"]],
    "licensee.foreign_national_access": [0, 250, None],
    "licensee.statements_on_file": [["a"], ["b", "a"]],
    ROLE: ["maker", "seller", None],
}


def said(row: CurrentFacts) -> dict[str, Any]:
    """The row as facts, papers and statuses again."""
    names = current_facts.VALUES
    text = dict(FactValue.objects.values_list("id", "text")) | {0: "null"}
    value = {name: json.loads(text[getattr(row, name)]) for name in names}
    known = {
        attribute: value[column]
        for attribute, column in current_facts.COLUMNS.items()
        if getattr(row, column)
    }
    for pk, code in RestrictedList.objects.values_list("id", "code"):
        place = current_facts.shift(pk)
        if place is not None and row.lists >> place & 3:
            known[current_facts.LIST_STATUS + code] = current_facts.LIST_CODES[
                (row.lists >> place & 3) - 1
            ]
    known |= (value["attested"] or {}) | (value["more"] or {})
    return {"facts": known, "papers": value["papers"], "statuses": value["statuses"] or {}}


def truth(licensee: Licensee, at: datetime) -> dict[str, Any]:
    about = facts.about_licensees([licensee.pk], at=at)[licensee.pk]
    position = dict(Offering.objects.values_list("id", "position"))
    held = facts.entitlement_statuses([licensee.pk], known_at=at)
    papers = {
        "licenses": [each["number"] for each in about.licenses],
        "dispositions": [each["ref"] for each in about.dispositions],
    }
    return {
        "facts": {name: each for name, each in about.facts.items() if name != "licensee.id"},
        "papers": papers if any(papers.values()) else None,
        "statuses": {str(position[offering]): each for (_, offering), each in held.items()},
    }


def assert_rows_are_true(at: datetime, what: str) -> None:
    rows = {row.licensee_id: row for row in CurrentFacts.objects.all()}
    for licensee in Licensee.objects.all():
        assert said(rows[licensee.pk]) == truth(licensee, at), f"{licensee.ref} after {what}"


class Registrar:
    """Does one thing at random, as two persons would."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.mina, self.jonas = world.person("mina"), world.person("jonas", "approver")
        self.count = 0

    def step(self, at: datetime) -> str:
        self.count += 1
        verb: Callable[[datetime], Any] = self.draw.choice([
            self.adds, self.edits, self.edits, self.confirms_a_fact, self.renames, self.attests,
            self.revokes, self.flags, self.closes_a_flag, self.owns, self.confirms_an_owner,
            self.declares, self.licenses, self.disposes, self.matches, self.clears,
            self.confirms_a_match, self.grants, self.holds, self.releases, self.ends, self.together,
            self.imports,
        ])  # fmt: skip
        try:
            verb(at)
        except Refused as refused:
            return f"{verb.__name__} ({refused})"
        return verb.__name__

    def one(self, rows: Any) -> Any:
        found = list(rows.order_by("pk"))
        if not found:
            raise Refused("there is none")
        return self.draw.choice(found)

    def someone(self) -> Licensee:
        return self.one(Licensee.objects)

    def adds(self, at: datetime) -> None:
        registry.add_licensee(
            ref=f"l{self.count}", name=self.draw.choice(NAMES), source="contract", by=self.mina,
            at=at, facts={"licensee.country": self.draw.choice(["US", "CN"])},
        )  # fmt: skip

    def edits(self, at: datetime) -> None:
        attribute = self.draw.choice(list(EDITS))
        registry.edit_fact(
            of=self.someone(), attribute=attribute, value=self.draw.choice(EDITS[attribute]),
            source="contract", by=self.mina, at=at,
            held_from=self.draw.choice([None, None, at - DAY, at + 3 * HOUR]),
        )  # fmt: skip

    def confirms_a_fact(self, at: datetime) -> None:
        fact = self.one(Fact.objects.filter(waits=True, superseded_at=None))
        registry.confirm_fact(fact=fact, by=self.jonas, at=at)

    def renames(self, at: datetime) -> None:
        registry.rename(
            licensee=self.someone(), name=self.draw.choice(NAMES), source="x", by=self.mina, at=at,
            because="x",
        )  # fmt: skip

    def attests(self, at: datetime) -> None:
        attribute, value = self.draw.choice([
            ("user.us_person", True), ("user.us_person", False), ("request.end_use", "civil"),
            ("request.location_country", "US"),
        ])  # fmt: skip
        paper = registry.attest(
            licensee=self.someone(), attribute=attribute, value=value, evidence="letter",
            valid_until=at + self.draw.choice([2 * HOUR, 90 * DAY]), by=self.mina, at=at,
        )  # fmt: skip
        if self.draw.random() < 0.8:
            registry.confirm_attestation(attestation=paper, by=self.jonas, at=at)

    def revokes(self, at: datetime) -> None:
        kind = self.draw.choice(["attestation", "export_license", "disposition", "clearance"])
        how = {"by": self.mina, "at": at, "because": "over"}
        if kind == "attestation":
            registry.revoke(attestation=self.one(Attestation.objects), **how)
        elif kind == "export_license":
            registry.revoke_export_license(license_=self.one(ExportLicense.objects), **how)
        elif kind == "disposition":
            registry.revoke_disposition(disposition=self.one(Disposition.objects), **how)
        else:
            registry.revoke_clearance(clearance=self.one(Clearance.objects), **how)

    def flags(self, at: datetime) -> None:
        registry.open_red_flag(
            licensee=self.someone(), number=3, note="odd route", by=self.mina, at=at
        )

    def closes_a_flag(self, at: datetime) -> None:
        flag = self.one(RedFlag.objects.filter(confirmed_at=None))
        registry.resolve_red_flag(flag=flag, resolution="explained", by=self.mina, at=at)
        registry.confirm_red_flag(flag=flag, by=self.jonas, at=at)

    def owns(self, at: datetime) -> None:
        registry.add_owner(
            owned=self.someone(), owner=self.draw.choice([self.someone(), "Alpha Trading LLC"]),
            share_bp=self.draw.choice([3_000, 6_000, None]), source="extract", by=self.mina, at=at,
            valid_until=self.draw.choice([None, at + 4 * HOUR]),
        )  # fmt: skip

    def confirms_an_owner(self, at: datetime) -> None:
        edge = self.one(Owner.objects.filter(confirmed_at=None))
        registry.confirm_owner(edge=edge, by=self.jonas, at=at)

    def declares(self, at: datetime) -> None:
        registry.declare_owners(
            licensee=self.someone(), owners=[registry.OwnedBy("Beta Bank", 10_000)],
            source="extract", by=self.mina, at=at,
        )  # fmt: skip

    def licenses(self, at: datetime) -> None:
        scope = registry.LicenseScope(licensees=[self.someone().ref])
        paper = registry.enter_export_license(
            number=f"D-{self.count}", scope=scope, valid_from=at,
            valid_until=at + self.draw.choice([3 * HOUR, 90 * DAY]), by=self.mina, at=at,
        )  # fmt: skip
        registry.confirm_export_license(license_=paper, by=self.jonas, at=at)

    def disposes(self, at: datetime) -> None:
        review = registry.Review(rule="R-FLAG", version=1, licensee=self.someone())
        paper = registry.enter_disposition(
            ref=f"P-{self.count}", review=review,
            valid_until=at + 30 * DAY, because="harmless", by=self.mina, at=at,
        )  # fmt: skip
        registry.confirm_disposition(disposition=paper, by=self.jonas, at=at)

    def matches(self, at: datetime) -> None:
        rows = self.draw.sample([ALPHA, BETA, GAMMA], self.draw.randint(1, 3))
        load(file(*rows), at=at, accept_shrink=True)

    def clears(self, at: datetime) -> None:
        match = self.one(Match.objects.filter(superseded_at=None).exclude(status="clear"))
        paper = registry.clear(
            match=match, because="another town", by=self.mina, at=at,
            valid_until=at + self.draw.choice([2 * HOUR, 90 * DAY]),
        )  # fmt: skip
        registry.confirm_clearance(clearance=paper, by=self.jonas, at=at)

    def confirms_a_match(self, at: datetime) -> None:
        match = self.one(Match.objects.filter(superseded_at=None, status="possible"))
        registry.confirm_match(match=match, by=self.mina, at=at, because="same number")

    def grants(self, at: datetime) -> None:
        entitlements.grant(
            licensee=self.someone(), offering=self.one(Offering.objects), by=self.mina, at=at
        )

    def holds(self, at: datetime) -> None:
        granted = self.one(Entitlement.objects)
        entitlements.hold(entitlement=granted, by=self.mina, at=at, because="a call")

    def releases(self, at: datetime) -> None:
        held = self.one(Hold.objects.filter(cause="officer"))
        entitlements.ask_release(hold=held, by=self.mina, at=at, because="cleared up")
        entitlements.release_hold(hold=held, by=self.jonas, at=at)

    def ends(self, at: datetime) -> None:
        granted = self.one(Entitlement.objects)
        entitlements.end(entitlement=granted, by=self.mina, at=at, because="over")

    def together(self, at: datetime) -> None:
        """Of a licensee and of a model at once: whoever is screened with everybody counts too."""
        with registry.together(by=self.mina, at=at, because="one letter"):
            registry.open_red_flag(licensee=self.someone(), number=4, note="x", by=self.mina, at=at)
            registry.report_incident(
                model=self.one(Offering.objects).model, note="x", by=self.mina, at=at
            )

    def imports(self, at: datetime) -> None:
        row = self.someone()
        data = f"ref,name,licensee.country\n{row.ref},{row.name},FR\nn{self.count},Zeta,US\n"
        registry.import_licensees(
            data=data.encode(), file_name="a.csv", by=self.mina, at=at, because="x"
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("EG_WORLDS", "2"))))
def test_the_row_says_what_the_dated_facts_say(seed: int) -> None:
    world.model()
    custom = {"name": ROLE, "type": "code", "source": "register"}
    registrar = Registrar(seed)
    CustomAttribute.objects.create(
        name=ROLE, definition=custom, recorded_at=AT - DAY, confirmed_at=AT - DAY,
        entered_by=registrar.mina, confirmed_by=registrar.jonas,
    )  # fmt: skip
    world.publish(
        world.rule("R-FLAG", "review", world.RED_FLAG), world.rule("R-CU", "deny", world.EMBARGO),
        at=AT - DAY,
    )  # fmt: skip
    for name in NAMES[:3]:
        registry.add_licensee(ref=name.lower(), name=name, source="x", by=None, at=AT)
    at = AT
    done: set[str] = set()
    for _ in range(30):
        at += registrar.draw.choice([SECOND, HOUR, DAY])
        pass_time(at)
        what = registrar.step(at)
        pass_time(at)
        assert_rows_are_true(at, what)
        done |= set() if "(" in what else {what}
    world.work(at)
    night = world.screened(at + SECOND, cause="nightly")
    assert (night.changed, night.alarm) == (0, 0)
    assert len(done) > 8, "hardly anything could be done"


def pass_time(at: datetime) -> None:
    """What beat does each second, but for the screening itself."""
    tasks._let_time_pass(at)


def test_an_edit_is_in_the_row_before_anybody_screens() -> None:
    world.model()
    world.publish(world.rule("R-1", "deny", world.EMBARGO))
    acme = registry.add_licensee(
        ref="acme", name="Acme", source="x", by=None, at=AT, facts={"licensee.country": "US"}
    )
    registry.edit_fact(
        of=acme, attribute="licensee.country", value="CU", source="x", by=None, at=AT + SECOND
    )
    assert not Standing.objects.exists()
    assert said(CurrentFacts.objects.get(licensee=acme))["facts"]["licensee.country"] == "CU"


def test_the_register_has_rows_before_the_first_release() -> None:
    acme = registry.add_licensee(ref="acme", name="Acme", source="x", by=None, at=AT)
    assert said(CurrentFacts.objects.get(licensee=acme)) == truth(acme, AT)


def test_somebody_without_a_row_is_not_passed_over() -> None:
    world.model()
    world.publish(world.rule("R-1", "deny", world.EMBARGO))
    cuban = world.licensee("cuban", country="CU")
    assert not CurrentFacts.objects.exists()
    run = screening.start(cause="rule", by=None, at=AT)
    world.work()
    assert run is not None
    assert world.standing(cuban) == "deny"
    assert said(CurrentFacts.objects.get(licensee=cuban)) == truth(cuban, AT)


def test_what_is_known_in_any_shape_is_kept() -> None:
    """Also a value outside every domain, which is named and never taken for an absent one."""
    acme = world.licensee("acme", country=1.5, sector={"a": [None, 2**60]})
    current_facts.refresh([acme.pk], at=AT)
    assert said(CurrentFacts.objects.get(licensee=acme)) == truth(acme, AT)


@pytest.mark.parametrize("number", [1, 31, 32])
def test_a_list_beyond_the_bits_is_kept_too(number: int) -> None:
    acme = world.licensee("acme")
    listed = RestrictedList.objects.create(id=number, code="X", name="X")
    Match.objects.create(
        licensee=acme, restricted_list=listed, status="confirmed", list_version=1,
        matcher_version="1", learned_at=AT,
    )  # fmt: skip
    current_facts.refresh([acme.pk], at=AT)
    row = CurrentFacts.objects.get(licensee=acme)
    assert said(row) == truth(acme, AT)
    assert (row.lists == 0, row.more != 0) == (number > 31, number > 31)


def test_a_row_that_says_it_already_is_left_alone() -> None:
    acme = world.licensee("acme", country="US")
    current_facts.refresh([acme.pk], at=AT)
    where = _version(acme)
    current_facts.refresh([acme.pk], at=AT + SECOND)
    assert _version(acme) == where
    world.learn(acme, "licensee.country", "FR", AT + SECOND)
    current_facts.refresh([acme.pk], at=AT + SECOND)
    assert _version(acme) != where


def _version(row: Licensee) -> str:
    rows = CurrentFacts.objects.extra(select={"version": "ctid::text"})
    return str(rows.values_list("version", flat=True).get(licensee=row))


def test_the_instants_ahead_are_kept_with_the_row() -> None:
    acme = world.licensee("acme")
    world.learn(acme, "licensee.country", "US", AT, until=AT + DAY)
    current_facts.refresh([acme.pk], at=AT)
    assert list(Boundary.objects.values_list("at", "licensee")) == [(AT + DAY, acme.pk)]


def test_a_match_that_a_list_brings_is_in_the_row() -> None:
    world.model()
    world.publish(world.rule("R-1", "deny", world.EMBARGO))
    acme = registry.add_licensee(ref="acme", name="Alpha Trading", source="x", by=None, at=AT)
    load(file(ALPHA, BETA), at=AT + timedelta(minutes=1))
    known = said(CurrentFacts.objects.get(licensee=acme))["facts"]
    assert known["licensee.list_status.SDN"] == "possible"
    parties.refresh(at=AT + HOUR)
    assert said(CurrentFacts.objects.get(licensee=acme))["facts"] == known
