"""Register, attestation and statement: which counts, and what two that contradict each other decide."""

from typing import Any

import pytest

from tests.worlds.language import judge, rule

CN = {"is": ["licensee.country", "CN"]}
US = {"is": ["user.us_person", True]}
FLAGS = {"at_least": ["licensee.red_flags_open", 1]}

TABLE = [
    # condition of a deny                facts                            stated                        outcome, conflicts, ignored
    (CN, {"licensee.country": "CN"},      {},                              "deny", (), ()),
    (CN, {},                              {"licensee.country": "CN"},      "deny", (), ()),  # the register is silent
    (CN, {"licensee.country": "DE"},      {"licensee.country": "CN"},      "undetermined", ("licensee.country",), ()),
    (CN, {"licensee.country": "CN"},      {"licensee.country": "DE"},      "undetermined", ("licensee.country",), ()),
    (CN, {"licensee.country": "CN"},      {"licensee.country": "HK"},      "deny", ("licensee.country",), ()),  # true of both
    (CN, {"licensee.country": "DE"},      {"licensee.country": "FR"},      "permit", ("licensee.country",), ()),  # false of both
    (US, {"user.us_person": True},        {},                              "deny", (), ()),  # an attestation
    (US, {"user.us_person": False},       {"user.us_person": True},        "undetermined", ("user.us_person",), ()),
    (FLAGS, {},                           {"licensee.red_flags_open": 1},  "undetermined", (), ("licensee.red_flags_open",)),
    (FLAGS, {"licensee.red_flags_open": 0}, {"licensee.red_flags_open": 1}, "permit", (), ("licensee.red_flags_open",)),
]  # fmt: skip


@pytest.mark.parametrize(("when", "facts", "stated", "outcome", "conflicts", "ignored"), TABLE)
def test_source(
    when: object,
    facts: dict[str, object],
    stated: dict[str, object],
    outcome: str,
    conflicts: tuple[str, ...],
    ignored: tuple[str, ...],
) -> None:
    verdict = judge(rule(when), facts, stated=stated)
    assert (verdict.outcome, verdict.conflicts, verdict.ignored) == (outcome, conflicts, ignored)


def test_two_values_are_missing_where_they_do_not_decide() -> None:
    verdict = judge(rule(CN), {"licensee.country": "DE"}, stated={"licensee.country": "CN"})
    assert verdict.missing == ("licensee.country",)


def test_a_conflict_is_named_though_no_rule_reads_it() -> None:
    verdict = judge([], {"licensee.sector": "bank"}, stated={"licensee.sector": "shop"})
    assert (verdict.outcome, verdict.conflicts) == ("permit", ("licensee.sector",))


SAME = {"any": [{"all": [CN, US]}, {"all": [{"not": CN}, {"not": US}]}]}


@pytest.mark.parametrize("when", [SAME, {"not": SAME}])
def test_no_mixture_of_two_sources_permits(when: Any) -> None:
    facts = {"licensee.country": "CN", "user.us_person": True}
    stated = {"licensee.country": "DE", "user.us_person": False}
    assert judge(rule(when), facts, stated=stated).outcome == "undetermined"
