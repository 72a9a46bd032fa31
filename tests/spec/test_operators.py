"""Each operator on each type that it has: what it is true of, and that it is unknown over nothing."""

import pytest

from tests.worlds.language import truth_of

TABLE = [
    # operator    attribute                          operand            value               truth
    ("is",       "user.us_person",                   True,              True,               "true"),
    ("is",       "user.us_person",                   True,              False,              "false"),
    ("is",       "licensee.sector",                  "bank",            "bank",             "true"),
    ("is",       "licensee.sector",                  "bank",            "Bank",             "false"),
    ("is",       "licensee.sector",                  "\u00e9",          "e\u0301",          "false"),  # no normalisation
    ("is",       "licensee.country",                 "CN",              "CN",               "true"),
    ("is",       "licensee.country",                 "CN",              "HK",               "true"),   # belongs to it
    ("is",       "licensee.country",                 "HK",              "CN",               "false"),  # not the reverse
    ("is",       "model.safety_level",               3,                 3,                  "true"),
    ("is",       "model.safety_level",               3,                 4,                  "false"),
    ("is",       "model.custom.released",            "2026-01-01",      "2026-01-01",       "true"),
    ("one_of",   "licensee.sector",                  ["bank", "shop"],  "shop",             "true"),
    ("one_of",   "licensee.sector",                  ["bank", "shop"],  "farm",             "false"),
    ("one_of",   "licensee.country",                 ["DK", "SE"],      "GL",               "true"),
    ("one_of",   "model.safety_level",               [1, 2],            2,                  "true"),
    ("one_of",   "model.capability_tags",            ["bio", "cyber"],  ["text", "bio"],    "true"),
    ("one_of",   "model.capability_tags",            ["bio", "cyber"],  ["text"],           "false"),
    ("one_of",   "licensee.data_center_countries",   ["CN"],            ["US", "HK"],       "true"),
    ("contains", "model.capability_tags",            "bio",             ["bio"],            "true"),
    ("contains", "model.capability_tags",            "bio",             [],                 "false"),  # none is a fact
    ("contains", "user.nationalities",               "CN",              ["US", "HK"],       "true"),
    ("in_group", "licensee.country",                 "D:5",             "HK",               "true"),
    ("in_group", "licensee.country",                 "D:5",             "MO",               "false"),  # no parent
    ("in_group", "user.nationalities",               "D:5",             ["US", "RU"],       "true"),
    ("in_list",  "licensee.id",                      "annex",           None,               "true"),   # acme is in it
    ("in_list",  "licensee.sector",                  "annex",           "bank",             "false"),
    ("in_list",  "model.capability_tags",            "annex",           ["bio"],            "true"),
    ("at_least", "model.training_ops",               "1e26",            "1" + "0" * 26,     "true"),   # never a float
    ("at_least", "model.training_ops",               "1e26",            "9" * 26,           "false"),
    ("at_most",  "licensee.foreign_national_access", 2500,              2500,               "true"),
    ("at_most",  "licensee.foreign_national_access", 2500,              2501,               "false"),
    ("at_least", "model.safety_level",               3,                 2,                  "false"),
    ("before",   "model.custom.released",            "2026-01-01",      "2025-12-31",       "true"),
    ("before",   "model.custom.released",            "2026-01-01",      "2026-01-01",       "false"),
    ("after",    "model.custom.released",            "2026-01-01",      "2026-01-02",       "true"),
    ("after",    "model.custom.released",            "2026-01-01",      "2026-01-01",       "false"),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "attribute", "operand", "value", "truth"), TABLE)
def test_operator(
    operator: str, attribute: str, operand: object, value: object, truth: str
) -> None:
    facts = {} if value is None else {attribute: value}
    assert truth_of({operator: [attribute, operand]}, facts) == truth


@pytest.mark.parametrize(
    ("operator", "attribute", "operand"), [row[:3] for row in TABLE if row[3] is not None]
)
def test_unknown_over_an_absent_fact(operator: str, attribute: str, operand: object) -> None:
    assert truth_of({operator: [attribute, operand]}) == "unknown"


KNOWN = {"not": {"is_known": ["licensee.hq_country"]}}


@pytest.mark.parametrize(
    ("facts", "stated", "truth"),
    [
        ({"licensee.hq_country": "US"}, {}, "false"),
        ({}, {}, "true"),
        (
            {},
            {"licensee.hq_country": "US"},
            "true",
        ),  # a statement does not count of a register attribute
        ({"licensee.hq_country": "us"}, {}, "true"),  # outside its domain is absent
    ],
)
def test_is_known(facts: dict[str, object], stated: dict[str, object], truth: str) -> None:
    assert truth_of(KNOWN, facts, stated=stated) == truth
