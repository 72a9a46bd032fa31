"""The domain of each type: what is a value, and that anything else makes the attribute absent."""

import pytest

from tests.worlds.language import IDS, judge, rule, truth_of

OF = {
    "boolean": "user.us_person",
    "code": "licensee.sector",
    "listed": "licensee.custom.tier",
    "country": "licensee.country",
    "integer": "model.safety_level",
    "quantity": "model.training_ops",
    "share": "licensee.foreign_national_access",
    "date": "model.custom.released",
    "countries": "licensee.data_center_countries",
    "non_empty": "user.nationalities",
    "codes": "model.capability_tags",
}
INSIDE = [
    ("boolean", True), ("boolean", False),
    ("code", "x"), ("code", " "), ("code", "x" * 200), ("code", "\U0001f600" * 200), ("code", "中文"),
    ("listed", "gold"),
    ("country", "US"), ("country", "XK"),
    ("integer", 0), ("integer", 2**53 - 1), ("integer", -(2**53 - 1)),
    ("quantity", "0"), ("quantity", "0e99"), ("quantity", "1e26"), ("quantity", "1e59"), ("quantity", "9" * 60),
    ("share", 0), ("share", 10000),
    ("date", "2024-02-29"), ("date", "0001-01-01"),
    ("countries", []), ("countries", ["US", "CN"]), ("non_empty", ["US"]),
    ("codes", []), ("codes", ["b", "a"]),
]  # fmt: skip
OUTSIDE = [
    *[(kind, None) for kind in OF],
    ("boolean", 0), ("boolean", "true"),
    ("code", ""), ("code", "x" * 201), ("code", "a\nb"), ("code", "a\x7f"), ("code", "a\x85"), ("code", 5), ("code", ["a"]),
    ("listed", "bronze"), ("listed", "Gold"),
    ("country", "us"), ("country", "UK"), ("country", "EU"), ("country", "CHN"), ("country", "US\n"),
    ("integer", 1.0), ("integer", 1.5), ("integer", True), ("integer", "1"), ("integer", 2**53), ("integer", -(2**53)),
    ("quantity", 5), ("quantity", "007"), ("quantity", "00"), ("quantity", "+1"), ("quantity", "-1"), ("quantity", "1.5e26"),
    ("quantity", "e26"), ("quantity", "1e"), ("quantity", "1e026"), ("quantity", "1e60"), ("quantity", "9" * 61),
    ("quantity", "1E26"), ("quantity", "1e+2"), ("quantity", " 1"), ("quantity", "1\n"), ("quantity", "\u0661"), ("quantity", ""),
    ("share", -1), ("share", 10001), ("share", 0.5), ("share", True),
    ("date", "2023-02-29"), ("date", "2026-13-01"), ("date", "2026-1-1"), ("date", "20260101"), ("date", "2026-W01-1"),
    ("date", "2026-01-01T00:00:00Z"), ("date", "2026-01-01\n"), ("date", 20260101),
    ("countries", "CN"), ("countries", ["CN", "CN"]), ("countries", ["cn"]), ("countries", [1]), ("countries", {"CN": 1}),
    ("non_empty", []),
    ("codes", "a"), ("codes", ["a", "a"]), ("codes", [""]), ("codes", ["a", 1]),
]  # fmt: skip


def known(attribute: str) -> dict[str, object]:
    """True where the attribute is absent."""
    return {"not": {"is_known": [attribute]}}


@pytest.mark.parametrize(("kind", "value"), INSIDE)
def test_inside(kind: str, value: object) -> None:
    verdict = judge(rule(known(OF[kind])), {OF[kind]: value})
    assert (verdict.outcome, verdict.invalid) == ("permit", ())


@pytest.mark.parametrize(("kind", "value"), OUTSIDE)
def test_outside_is_absent_and_named(kind: str, value: object) -> None:
    verdict = judge(rule(known(OF[kind])), {OF[kind]: value})
    assert (verdict.outcome, verdict.invalid) == ("deny", (OF[kind],))


@pytest.mark.parametrize(("kind", "value"), [row for row in OUTSIDE if row[0] != "share"][:20])
def test_a_statement_outside_silences_the_register_too(kind: str, value: object) -> None:
    inside = dict(INSIDE)[kind]
    verdict = judge(rule(known(OF[kind])), {OF[kind]: inside}, stated={OF[kind]: value})
    assert verdict.invalid == (OF[kind],)
    assert verdict.outcome == "deny"


def test_sets_are_sets_and_quantities_are_numbers() -> None:
    registered = {"model.training_ops": "1e26", "model.capability_tags": ["a", "b"]}
    stated = {"model.training_ops": "1" + "0" * 26, "model.capability_tags": ["b", "a"]}
    assert judge([], registered, stated=stated).conflicts == ()


def test_names_that_the_vocabulary_does_not_hold_say_nothing() -> None:
    verdict = judge(
        [], {"licensee.sectors": "bank"}, stated={"user.age": 3, "licensee.id": "other"}
    )
    assert verdict.ignored == ("licensee.id", "licensee.sectors", "user.age")


@pytest.mark.parametrize("name", sorted(IDS))
def test_a_question_must_have_its_three_facts(name: str) -> None:
    verdict = judge(
        rule({"is": ["licensee.sector", "bank"]}), {name: "", "licensee.sector": "bank"}
    )
    assert verdict.to_json()["undetermined"] == [{"rule": None, "missing": [name], "deferred": []}]
    assert (verdict.outcome, verdict.reasons) == ("undetermined", ())


def test_an_exact_number_is_no_float() -> None:
    at_least = {"at_least": ["model.training_ops", "1e26"]}
    assert truth_of(at_least, {"model.training_ops": "99999999999999999999999999"}) == "false"
