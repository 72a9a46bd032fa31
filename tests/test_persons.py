"""A US person where nobody says so: scenario (f) of the law, and that nothing is guessed."""

from typing import Any

import pytest

from accesscontrol import decisions
from accesscontrol.decisions.persons import us_person
from tests.worlds import ground

KNOWN: dict[str, Any] = {
    "user.nationalities": ["CN"],
    "user.lawful_permanent_resident": False,
    "user.protected_individual": False,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"user.lawful_permanent_resident": True}, True),
        ({"user.protected_individual": True}, True),
        ({"user.nationalities": ["CN", "US"]}, True),
        ({"user.nationalities": ["PR"]}, False),
        ({"user.nationalities": []}, None),
        ({"user.nationalities": "US"}, None),
        ({"user.nationalities": ["US", 1]}, None),
        ({"user.lawful_permanent_resident": "yes"}, None),
        ({"user.protected_individual": None}, None),
        ({"user.us_person": True}, None),
        ({"user.us_person": "perhaps"}, None),
    ],
)
def test_what_is_derived(changes: dict[str, Any], expected: bool | None) -> None:
    assert us_person({}, {**KNOWN, **changes}) is expected
    assert us_person({**KNOWN, **changes}, {}) is expected


@pytest.mark.parametrize("missing", list(KNOWN))
def test_false_needs_all_three(missing: str) -> None:
    assert us_person({}, {name: v for name, v in KNOWN.items() if name != missing}) is None


def test_two_that_differ_are_not_known() -> None:
    attested = {"user.lawful_permanent_resident": True}
    assert us_person(attested, KNOWN) is None
    assert us_person({"user.us_person": False}, {**KNOWN, "user.nationalities": ["US"]}) is None


@pytest.mark.django_db
def test_a_permanent_resident_is_permitted_and_it_replays() -> None:
    ground.lay()
    token = ground.token(at=ground.AT).token
    place = {"request.location_country": "US", "request.end_use": "civil"}

    def ask(**user: Any) -> Any:
        stated = {**place, **{f"user.{name}": value for name, value in user.items()}}
        asked = decisions.Asked("acme", "frontier-5", "use_api", stated)
        return decisions.decide(asked=asked, by=token, at=ground.AT)

    resident = ask(lawful_permanent_resident=True)
    foreign = ask(nationalities=["CN"], lawful_permanent_resident=False, protected_individual=False)
    unsaid = ask(nationalities=["CN"])
    outcomes = [each.outcome for each in (resident, foreign, unsaid)]
    assert outcomes == ["permit", "license_required", "undetermined"]
    assert resident.question["derived"] == ["user.us_person"]
    for decision in (resident, foreign, unsaid):
        assert decisions.replay(decision).to_json() == decision.verdict
