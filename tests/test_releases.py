"""Releases: numbered, content-addressed, never changed, and the newest one at once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accesscontrol import policy, releases
from accesscontrol.ledger.canonical import digest
from accesscontrol.models import CountryGroupMember, Release, RuleVersion, Term, Territory
from tests.worlds import ground

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def next_one(at: datetime = NOW) -> Release:
    return releases.publish_next(by=None, at=at, because="A test.")


def test_without_a_release_nothing_is_in_force() -> None:
    with pytest.raises(releases.NoRelease, match="Publish a rule first"):
        releases.current()


def test_a_release_is_its_canonical_text_and_digest() -> None:
    release = ground.lay()
    assert release.number == 1
    assert digest(release.canonical) == release.sha256
    assert policy.parse_release(json.loads(release.canonical)).digest == release.sha256


def test_the_newest_is_in_force_and_each_day_has_its_own() -> None:
    first = ground.lay()
    second = next_one()
    assert releases.current().number == second.number == first.number + 1
    assert releases.get(first.number).sha256 == first.sha256
    assert releases.as_of(NOW - timedelta(days=1)).number == first.number
    assert releases.as_of(NOW).number == second.number
    with pytest.raises(releases.NoRelease):
        releases.as_of(ground.LONG_AGO - timedelta(days=1))


def test_past_terms_are_left_out_and_scheduled_ones_are_in() -> None:
    ground.lay()
    rules = RuleVersion.objects.filter(rule__ref__in=["R-HQ", "R-USE"])
    for version, period in zip(
        rules.order_by("rule__ref"),
        [(ground.LONG_AGO, NOW), (NOW + timedelta(days=9), None)],
        strict=True,
    ):
        Term.objects.filter(rule_version=version).update(period=period)
    held = {rule["ref"]: rule for rule in json.loads(next_one().canonical)["rules"]}
    assert "R-HQ" not in held
    assert held["R-USE"]["effective_from"] == "2026-07-10T12:00:00Z"


def test_a_change_of_a_group_needs_a_new_release() -> None:
    ground.lay()
    CountryGroupMember.objects.create(group="D:5", country="BY", valid=(NOW, None), recorded_at=NOW)

    def members(loaded: Any) -> set[str]:
        text = Release.objects.get(number=loaded.number).canonical
        return {each["value"] for each in json.loads(text)["groups"]["D:5"]}

    assert members(releases.current()) == {"CN", "RU"}
    next_one()
    assert members(releases.current()) == {"BY", "CN", "RU"}


def test_a_publication_keeps_the_release_that_its_text_is_read_as(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in the order of its names, by which a release can be told from an equal one."""
    ground.lay()
    for group in ("e:1", "E:1", "A:5"):
        CountryGroupMember.objects.create(
            group=group, country="BY", valid=(NOW, None), recorded_at=NOW
        )
    Territory.objects.create(code="GL", parent="DK", citation="15 CFR 738.3")
    Territory.objects.create(code="GF", parent="FR", citation="15 CFR 738.3")
    stored = next_one()
    with monkeypatch.context() as forbidden:
        forbidden.setattr(policy, "parse_release", None)
        kept = releases.current()
    read = policy.parse_release(json.loads(stored.canonical))
    assert (kept.number, kept.sha256) == (stored.number, stored.sha256)
    assert json.dumps(kept.policy.to_json()) == json.dumps(read.to_json())
    assert kept.policy.canonical == stored.canonical


def test_a_publication_that_is_rolled_back_leaves_no_release() -> None:
    first = ground.lay()
    with pytest.raises(RuntimeError), transaction.atomic():
        taken_back = next_one()
        raise RuntimeError
    assert releases.current().number == first.number
    CountryGroupMember.objects.create(group="D:5", country="BY", valid=(NOW, None), recorded_at=NOW)
    again = next_one()
    assert again.number == taken_back.number
    assert releases.current().sha256 == again.sha256 != taken_back.sha256


def test_two_equal_contents_are_two_releases_by_their_number() -> None:
    ground.lay()
    assert next_one().sha256 != next_one().sha256


def test_a_release_is_never_changed() -> None:
    ground.lay()
    for change in ({"canonical": "{}"}, {"number": 9}, {"because": "Another."}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Release.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Release.objects.all().delete()


def test_one_rule_can_be_replaced_for_a_dry_run() -> None:
    ground.lay()
    draft = ground.rule("R-HQ", "deny", {"is": ["model.id", "x"]}, version=2)
    document = releases.build(number=2, at=NOW, with_rule=draft)
    (rule,) = [rule for rule in document["rules"] if rule["ref"] == "R-HQ"]
    assert (rule["version"], rule["effect"]) == (2, "deny")
    assert Release.objects.count() == 1
