"""A rule at an instant: its period, what lifts it, what it only reports, and the order of outcomes."""

from typing import Any

import pytest

from tests.worlds.language import disposition, exemption, judge, license_, rule

BANK = {"is": ["licensee.sector", "bank"]}
CERTIFIED = {"is": ["licensee.custom.certified", True]}
FACTS = {"licensee.sector": "bank"}
NOON, AFTER = "2026-06-20T12:00:00Z", "2026-06-20T12:00:01Z"
BEFORE = "2026-06-20T11:59:59Z"


@pytest.mark.parametrize(
    ("start", "end", "at", "outcome"),
    [
        (NOON, None, BEFORE, "permit"),
        (NOON, None, NOON, "deny"),  # from the instant on
        (BEFORE, NOON, BEFORE, "deny"),
        (BEFORE, NOON, NOON, "permit"),  # up to the end, not including it
    ],
)
def test_period(start: str, end: str | None, at: str, outcome: str) -> None:
    assert (
        judge(rule(BANK, effective_from=start, effective_until=end), FACTS, at=at).outcome
        == outcome
    )


@pytest.mark.parametrize(
    ("true_effects", "unknown", "outcome"),
    [
        ([], False, "permit"),
        ([], True, "undetermined"),
        (["review"], True, "review"),
        (["license_required", "review"], True, "license_required"),
        (["review", "license_required", "deny"], True, "deny"),
    ],
)
def test_the_strictest_wins(true_effects: list[str], unknown: bool, outcome: str) -> None:
    rules = [rule(BANK, effect, ref=f"R-{number}") for number, effect in enumerate(true_effects)]
    rules += [rule(CERTIFIED, "deny", ref="R-unknown")] if unknown else []
    verdict = judge(rules, FACTS)
    assert verdict.outcome == outcome
    strictest_first = ["deny", "license_required", "review"]
    assert [reason.effect for reason in verdict.reasons] == [
        e for e in strictest_first if e in true_effects
    ]
    assert [each.rule for each in verdict.undetermined] == (["R-unknown"] if unknown else [])


def test_a_reason_says_where_it_comes_from_and_what_it_read() -> None:
    (reason,) = judge(
        rule({"all": [BANK, {"not": CERTIFIED}]}), {**FACTS, "licensee.custom.certified": False}
    ).reasons
    assert (reason.rule, reason.version, reason.order, reason.citation) == (
        "R-1",
        1,
        "O-1",
        "15 CFR 744",
    )
    assert reason.facts == {"licensee.custom.certified": False, "licensee.sector": "bank"}


LIFTED: list[tuple[str, dict[str, Any], dict[str, Any], str, str | None, list[str]]] = [
    # effect, the rule's exemptions and the papers, further facts, outcome, lifted by, missing
    ("deny", {"unless": [exemption(CERTIFIED)]}, {"licensee.custom.certified": True}, "permit", "exempt", []),
    ("deny", {"unless": [exemption(CERTIFIED)]}, {"licensee.custom.certified": False}, "deny", None, []),
    ("deny", {"unless": [exemption(CERTIFIED)]}, {}, "undetermined", None, ["licensee.custom.certified"]),
    ("deny", {"unless": [exemption(BANK, effective_until="2026-06-20T00:00:00Z")]}, {}, "deny", None, []),
    ("deny", {"unless": [exemption(CERTIFIED, "a"), exemption(BANK, "b")]}, {}, "permit", "b", []),
    ("deny", {"unless": [exemption(BANK, "z"), exemption(BANK, "a")]}, {}, "permit", "z", []),  # the first in order
    ("license_required", {"licenses": [license_()]}, {}, "permit", "L-1", []),
    ("license_required", {"licenses": [license_("L-2"), license_("L-1")]}, {}, "permit", "L-1", []),
    ("license_required", {"licenses": [license_(licensees=["bolt"])]}, {}, "license_required", None, []),
    ("license_required", {"licenses": [license_(orders=["O-2"])]}, {}, "license_required", None, []),
    ("license_required", {"licenses": [license_(orders=["O-2", "O-1"])]}, {}, "permit", "L-1", []),
    ("license_required", {"licenses": [license_(remaining=0)]}, {}, "license_required", None, []),
    ("license_required", {"licenses": [license_(remaining=1)]}, {}, "permit", "L-1", []),
    ("license_required", {"licenses": [license_(valid_until="2026-06-20T00:00:00Z")]}, {}, "license_required", None, []),
    ("license_required", {"licenses": [license_(countries=["CN"])]}, {"request.location_country": "HK"}, "permit", "L-1", []),
    ("license_required", {"licenses": [license_(countries=["HK"])]}, {"request.location_country": "CN"}, "license_required", None, []),
    ("license_required", {"licenses": [license_(countries=["CN"])]}, {}, "undetermined", None, ["request.location_country"]),
    ("license_required", {"licenses": [license_(countries=["CN"], remaining=0)]}, {}, "license_required", None, []),
    ("deny", {"licenses": [license_()]}, {}, "deny", None, []),
    ("review", {"licenses": [license_()]}, {}, "review", None, []),
    ("review", {"dispositions": [disposition()]}, {}, "permit", "D-1", []),
    ("review", {"dispositions": [disposition(version=2)]}, {}, "review", None, []),
    ("review", {"dispositions": [disposition(models=["other"])]}, {}, "review", None, []),
    ("review", {"dispositions": [disposition(facts={"licensee.country": "CN"})]}, {"licensee.country": "HK"}, "review", None, []),
    ("review", {"dispositions": [disposition(facts={"licensee.country": "HK"})]}, {"licensee.country": "HK"}, "permit", "D-1", []),
    ("review", {"dispositions": [disposition(facts={"licensee.country": "HK"})]}, {}, "undetermined", None, ["licensee.country"]),
    ("deny", {"dispositions": [disposition()]}, {}, "deny", None, []),
    ("license_required", {"unless": [exemption(BANK)], "licenses": [license_()]}, {}, "permit", "exempt", []),
]  # fmt: skip


@pytest.mark.parametrize(("effect", "with_", "facts", "outcome", "by", "missing"), LIFTED)
def test_lifted(
    effect: str,
    with_: dict[str, Any],
    facts: dict[str, object],
    outcome: str,
    by: str | None,
    missing: list[str],
) -> None:
    papers = {name: with_[name] for name in ("licenses", "dispositions") if name in with_}
    verdict = judge(
        rule(BANK, effect, unless=with_.get("unless", [])), {**FACTS, **facts}, **papers
    )
    assert verdict.outcome == outcome
    assert [lifted.by for lifted in verdict.lifted] == ([by] if by else [])
    assert list(verdict.missing) == missing


def test_a_rule_left_unknown_is_lifted_too() -> None:
    verdict = judge(rule(CERTIFIED, "license_required"), licenses=[license_()])
    assert (verdict.outcome, verdict.undetermined) == ("permit", ())
    assert verdict.to_json()["lifted"] == [{"rule": "R-1", "by": "L-1"}]


@pytest.mark.parametrize(
    ("at", "outcome", "would_have"),
    [
        (BEFORE, "permit", [{"rule": "R-1", "effect": "deny", "truth": "true"}]),
        (NOON, "deny", []),  # enforced from that instant on
    ],
)
def test_report_only(at: str, outcome: str, would_have: list[object]) -> None:
    verdict = judge(rule(BANK, report_only_until=NOON), FACTS, at=at)
    assert (verdict.outcome, verdict.to_json()["would_have"]) == (outcome, would_have)


def test_report_only_and_unknown_leaves_nothing_undetermined() -> None:
    verdict = judge(rule(CERTIFIED, report_only_until=AFTER), FACTS, at=NOON)
    assert verdict.outcome == "permit"
    assert verdict.to_json()["would_have"] == [
        {"rule": "R-1", "effect": "deny", "truth": "unknown"}
    ]
    assert verdict.would_have[0].missing == ("licensee.custom.certified",)


def test_report_only_lifts_nothing() -> None:
    verdict = judge(rule(BANK, unless=[exemption(BANK)], report_only_until=AFTER), FACTS, at=NOON)
    assert (verdict.lifted, verdict.would_have) == ((), ())
