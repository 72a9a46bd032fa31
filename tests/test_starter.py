"""The starter policy: the written law on the cases that the law is known by, and its dates."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesscontrol import orders, policy, releases, starter
from accesscontrol.management.starting import load_starter
from accesscontrol.models import Order, Release, Rule, RuleVersion, Term
from tests.worlds import ground
from tests.worlds.officers import submit

AT = datetime(2026, 6, 12, 16, tzinfo=UTC)

# A licensee of which everything is known, and nothing speaks against it.
CLEAN: dict[str, Any] = {
    "licensee.id": "acme",
    "licensee.country": "US",
    "licensee.hq_country": "US",
    "licensee.ultimate_parent_country": "US",
    "licensee.end_user_type": "commercial",
    "licensee.red_flags_open": 0,
    "licensee.captured_by_ownership.ofac": False,
    "licensee.captured_by_ownership.bis_affiliates": False,
    "licensee.restricted_owner_share.bis_affiliates": 0,
    **{f"licensee.list_status.{code}": "clear" for code in starter.LISTS},
    "model.id": "frontier-5",
    "model.eccn": "4E091",
    "model.training_ops": "4e26",
    "model.weights_published": False,
    "model.jailbreak_findings_open": 0,
    "request.activity": "use_api",
    "request.location_country": "US",
    "request.end_use": "commercial",
}
ALL_SEATS = ("licensee.country", "licensee.hq_country", "licensee.ultimate_parent_country")


@pytest.fixture(scope="module")
def law(django_db_setup: None, django_db_blocker: Any) -> policy.Release:
    """The release of a fresh installation."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        load_starter(at=AT)
        release = releases.current().policy
        transaction.set_rollback(True)
    return release


def judged(law: policy.Release, at: datetime = AT, **facts: Any) -> policy.Verdict:
    """The verdict on the clean licensee with some facts changed (``a__b`` is ``a.b``)."""
    changed = {name.replace("__", "."): value for name, value in facts.items()}
    known = {name: value for name, value in {**CLEAN, **changed}.items() if value is not None}
    return policy.judge(law, facts=known, at=at)


def test_who_is_clean_is_allowed(law: policy.Release) -> None:
    verdict = judged(law)
    assert (verdict.outcome, verdict.undetermined) == ("permit", ())


@pytest.mark.parametrize("missing", [name for name in CLEAN if not name.endswith(".id")])
def test_each_fact_that_a_rule_needs_is_needed(law: policy.Release, missing: str) -> None:
    """Taking one away never loosens; what it leaves open is named."""
    verdict = judged(law, **{missing: None})
    named = {name for each in verdict.undetermined for name in each.missing}
    assert verdict.outcome in ("permit", "undetermined")
    assert (verdict.outcome == "undetermined") == (missing in named)


@pytest.mark.parametrize(
    ("facts", "outcome", "rule"),
    [
        ({"licensee.country": "IR"}, "license_required", "EMBARGO"),
        ({"licensee.hq_country": "KP"}, "license_required", "EMBARGO"),
        ({"licensee.ultimate_parent_country": "SY"}, "license_required", "EMBARGO"),
        ({"request.location_country": "CU"}, "license_required", "EMBARGO"),
        ({"request.location_country": "UA", "request.location_region": "UA-43"},
         "license_required", "EMBARGO-REGIONS"),
        ({"licensee.country": "SG", "licensee.ultimate_parent_country": "CN"},
         "license_required", "HEADQUARTERS"),
        ({"licensee.hq_country": "HK"}, "license_required", "HEADQUARTERS"),
        ({"licensee.hq_country": "MO"}, "license_required", "HEADQUARTERS"),
        ({"licensee.list_status.DPL": "confirmed"}, "deny", "DENIED-PERSON"),
        ({"licensee.list_status.SDN": "confirmed"}, "deny", "BLOCKED-PERSON"),
        ({"licensee.captured_by_ownership.ofac": True}, "deny", "OFAC-50"),
        ({"licensee.list_status.EL": "confirmed"}, "license_required", "ENTITY-LIST"),
        ({"licensee.list_status.MEU": "confirmed"}, "license_required", "MILITARY-END-USE"),
        ({"licensee.list_status.UVL": "confirmed", "licensee.statements_on_file": []},
         "review", "UNVERIFIED"),
        ({"licensee.list_status.EL": "possible"}, "review", "POSSIBLE-MATCH"),
        ({"licensee.restricted_owner_share.bis_affiliates": 4990}, "review", "RED-FLAG-29"),
        ({"licensee.red_flags_open": 1}, "review", "RED-FLAG"),
        ({"model.jailbreak_findings_open": 1}, "review", "JAILBREAK"),
        ({"licensee.country": "RU", "request.end_use": "military"},
         "license_required", "MILITARY-END-USE"),
        ({"request.location_country": "VE", "request.end_use": "military_intelligence"},
         "license_required", "MILITARY-INTELLIGENCE"),
        ({"request.activity": "source_access", "user.us_person": False,
          "user.most_recent_nationality": "CN"}, "license_required", "DEEMED-EXPORT"),
    ],
)  # fmt: skip
def test_what_the_law_catches(
    law: policy.Release, facts: dict[str, Any], outcome: str, rule: str
) -> None:
    verdict = judged(law, **facts)
    assert verdict.outcome == outcome
    assert rule in [reason.rule for reason in verdict.reasons]


@pytest.mark.parametrize(
    "facts",
    [
        {"licensee.country": "GL", "licensee.hq_country": "GL"},
        {"licensee.hq_country": "CN", "model.eccn": "EAR99"},
        {"request.location_country": "UA", "request.location_region": "UA-30"},
        {"licensee.list_status.UVL": "confirmed",
         "licensee.statements_on_file": ["uvl_statement"]},
        {"request.activity": "source_access", "user.us_person": True},
        {"request.activity": "source_access", "user.us_person": False,
         "user.most_recent_nationality": "FR"},
    ],
)  # fmt: skip
def test_what_the_law_lets_pass(law: policy.Release, facts: dict[str, Any]) -> None:
    assert judged(law, **facts).outcome == "permit"


@pytest.mark.django_db
def test_the_affiliates_rule_flips_by_date_at_midnight_in_new_york() -> None:
    """Also its first term, which had ended when the product was installed, is on record."""
    load_starter(at=AT)
    terms = Term.objects.filter(rule__ref="BIS-AFFILIATES", withdrawn=False)
    for at, in_force in (
        (datetime(2025, 9, 29, 3, 59, 59, tzinfo=UTC), False),
        (datetime(2025, 9, 29, 4, tzinfo=UTC), True),
        (datetime(2025, 11, 10, 4, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 11, 10, 5, tzinfo=UTC), False),
        (datetime(2026, 11, 10, 4, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 10, 5, tzinfo=UTC), True),
    ):
        assert terms.filter(period__contains=at).exists() is in_force, at


def test_the_suspension_is_in_the_release(law: policy.Release) -> None:
    owned = {
        "licensee.captured_by_ownership.bis_affiliates": True,
        "licensee.restricted_owner_share.bis_affiliates": 5500,
    }
    suspended = judged(law, at=datetime(2026, 11, 10, 4, 59, 59, tzinfo=UTC), **owned)
    back = judged(law, at=datetime(2026, 11, 10, 5, tzinfo=UTC), **owned)
    assert (suspended.outcome, back.outcome) == ("review", "license_required")


def test_cambodia_left_country_group_d5(law: policy.Release) -> None:
    seat = {"licensee.hq_country": "KH"}
    last_second = datetime(2026, 2, 3, 4, 59, 59, tzinfo=UTC)
    assert judged(law, at=last_second, **seat).outcome == "license_required"
    assert judged(law, at=last_second + timedelta(seconds=1), **seat).outcome == "permit"


def test_weights_are_judged_and_refuse_nothing_yet(law: policy.Release) -> None:
    weights = {"request.activity": "download_weights", "user.us_person": True}
    abroad = {**dict.fromkeys(ALL_SEATS, "BR"), **weights}
    verdict = judged(law, **abroad)
    assert verdict.outcome == "permit"
    assert [each.rule for each in verdict.would_have] == ["WEIGHTS-4E091"]
    enforced = judged(law, at=datetime(2027, 5, 15, 4, tzinfo=UTC), **abroad)
    assert enforced.outcome == "license_required"
    assert judged(law, **weights).would_have == ()  # License Exception AIA


@pytest.mark.django_db
def test_the_starter_policy_is_installed_once_and_cites_its_law() -> None:
    release = load_starter(at=AT)
    assert release is not None
    assert release.number == 1
    assert load_starter(at=AT) is None
    assert Release.objects.count() == 1
    for rule in Rule.objects.select_related("order"):
        version = rule.versions.latest("version")
        assert version.content["citation"], rule
        assert Order.objects.filter(reference=version.content["order"]).exists()
    assert {term.rule.ref for term in Term.objects.all()} == {r["ref"] for r in starter.RULES}


@pytest.mark.django_db
def test_officers_change_it_through_the_same_gate() -> None:
    load_starter(at=AT)
    olivia, priya = ground.person("olivia", "officer"), ground.person("priya", "approver")
    old = RuleVersion.objects.get(rule__ref="JAILBREAK")
    version = orders.duplicate(version=old, by=olivia, at=AT, because="Stricter from now on.")
    orders.edit(version=version, content={**old.content, "effect": "deny"}, by=olivia, at=AT)
    submit(version=version, by=olivia, at=AT, because="Ready.")
    orders.approve(version=version, by=priya, at=AT)
    orders.publish(version=version, by=olivia, at=AT, because="Stricter.")
    verdict = judged(releases.current().policy, **{"model.jailbreak_findings_open": 1})
    assert verdict.outcome == "deny"


# ---------------------------------------------------------------- the commands


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, skip_checks=True)
    return out.getvalue()


@pytest.mark.django_db
def test_load_starter_says_what_it_did() -> None:
    assert "Release 1" in run("load_starter")
    assert "nothing was changed" in run("load_starter")


@pytest.mark.django_db
def test_load_demo_prints_who_can_sign_in_and_is_idempotent(settings: Any) -> None:
    settings.EMBEDDED = True
    said = run("load_demo", "--crowd", "30")
    for role in ("viewer", "auditor", "officer", "approver", "admin"):
        assert role in said
    from accesscontrol import access, parties
    from accesscontrol.models import Licensee

    now = datetime.now(UTC)
    assert access.sign_in(username="priya", password=said.split()[-1], at=now).role == "approver"
    before = Licensee.objects.count()
    assert "nothing was changed" in run("load_demo")
    assert Licensee.objects.count() == before
    # What the crowd was given in one go is what the register would have computed and matched.
    assert parties.match(at=now) == set()
    assert parties.refresh_ownership(at=now) == set()


@pytest.mark.django_db
def test_load_demo_needs_a_password_on_a_real_database(settings: Any) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="--password"):
        run("load_demo")


@pytest.mark.django_db
def test_publish_from_the_command_line() -> None:
    ground.lay()
    olivia, priya = ground.person("olivia", "officer"), ground.person("priya", "approver")
    ground.person("vera", "viewer")
    now = datetime.now(UTC)
    old = RuleVersion.objects.get(rule__ref="R-PLACE")
    version = orders.duplicate(version=old, by=olivia, at=now, because="Renewed.")
    with pytest.raises(CommandError, match="Only an approved version"):
        run("publish", "R-PLACE", "--by", "olivia")
    submit(version=version, by=olivia, at=now, because="Ready.")
    orders.approve(version=version, by=priya, at=now)
    assert "can be published" in run("publish", "R-PLACE", "--by", "olivia", "--dry-run")
    for arguments, says in (
        (("R-PLACE", "--by", "nobody"), "no user"),
        (("R-NONE", "--by", "olivia"), "waits to be published"),
        (("R-PLACE", "--by", "vera"), "needs the role"),
    ):
        with pytest.raises(CommandError, match=says):
            run("publish", *arguments)
    assert "Release 2 puts R-PLACE v2 in force" in run("publish", "R-PLACE", "--by", "olivia")
