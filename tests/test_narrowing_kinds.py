"""Every kind of change: exactly those are looked at whom it can touch, and nobody stands wrong."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesscontrol import registry, screening
from accesscontrol.models import AIModel, Fact, Licensee, Offering, ScreeningRun
from accesscontrol.screening.runs import lifecycle
from tests.test_narrowing import wrong
from tests.worlds import register as world
from tests.worlds.register import (
    AT,
    DAY,
    EMBARGO,
    FOREIGN_USER,
    HOUR,
    HQ_IN_CHINA,
    RED_FLAG,
    SECOND,
    publish,
    rule,
    start,
)

pytestmark = pytest.mark.django_db

State = ScreeningRun.State
NOW = AT + DAY
LISTED = {"in_list": ["licensee.id", "annex:X"]}
IN_GROUP = {"in_group": ["licensee.country", "D:5"]}
CAPTURED = {"is": ["licensee.captured_by_ownership.ofac", True]}
ON_A_LIST = {"is": ["licensee.list_status.SDN", "confirmed"]}
CYBER = {"all": [{"contains": ["model.capability_tags", "cyber"]}, EMBARGO]}


def entry(value: str, start: datetime | None = None, end: datetime | None = None) -> dict[str, Any]:
    return {"value": value, "from": text(start), "until": text(end)}


def text(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


RULES = {
    "R-1": rule("R-1", "deny", EMBARGO),
    "R-2": rule("R-2", "license_required", {"all": [HQ_IN_CHINA, FOREIGN_USER]}),
    "R-3": rule("R-3", "review", RED_FLAG),
    "R-4": rule("R-4", "deny", LISTED),
    "R-5": rule("R-5", "deny", IN_GROUP),
    "R-6": rule("R-6", "deny", CYBER),
}
LISTS = {"annex:X": [entry("named")]}
GROUPS = {"D:5": [entry("RU")]}


@pytest.fixture
def settled() -> dict[str, Licensee]:
    """Some licensees, a release, and a run that answers for everybody."""
    world.model()
    known = {
        "cuban": {"country": "CU", "hq_country": "CU"},
        "chinese": {"country": "SG", "hq_country": "CN"},
        "russian": {"country": "RU", "hq_country": "RU"},
        "american": {"country": "US", "hq_country": "US"},
        "named": {"country": "US", "hq_country": "US"},
        "british": {"country": "GB", "hq_country": "GB"},
        "nowhere": {"hq_country": "US"},
        "typo": {"country": "UK", "hq_country": "GB"},
    }
    rows = {ref: world.licensee(ref, **facts) for ref, facts in known.items()}
    put(RULES, at=AT)
    world.screened(AT, cause="starter")
    assert wrong() == []
    return rows


def put(
    rules: dict[str, Any], *, at: datetime = NOW, lists: Any = None, groups: Any = None
) -> None:
    publish(*rules.values(), at=at, lists=lists or LISTS, groups=groups or GROUPS)


def changed(ref: str, **what: Any) -> dict[str, Any]:
    return {**RULES, ref: {**RULES[ref], **what}}


def after_a_release(at: datetime) -> ScreeningRun:
    return world.screened(at, cause="rule")


def looked_at(run: ScreeningRun) -> int:
    run.refresh_from_db()
    assert (run.state, run.failed) == (State.DONE, 0)
    assert run.total == run.changed + run.unchanged
    assert run.judged + run.untouched == run.total
    assert wrong() == []
    return run.judged


# Of each: what is published, and who can be touched.
PUBLISHED: dict[str, tuple[Callable[[], None], set[str]]] = {
    "nothing": (lambda: put(RULES), set()),
    "a rule begins": (
        lambda: put({**RULES, "R-7": rule("R-7", "deny", {"is": ["licensee.country", "GB"]})}),
        {"british", "nowhere", "typo"},
    ),
    "a rule ends": (
        lambda: put({ref: each for ref, each in RULES.items() if ref != "R-1"}),
        {"cuban", "nowhere", "typo"},
    ),
    "a condition": (
        lambda: put(changed("R-1", when={"is": ["licensee.country", "GB"]}, version=2)),
        {"cuban", "british", "nowhere", "typo"},
    ),
    "an effect": (lambda: put(changed("R-5", effect="review", version=2)),
                  {"russian", "nowhere", "typo"}),
    "an exemption": (
        lambda: put(changed("R-2", version=2, unless=[exemption(LISTED)])),
        {"chinese"},
    ),
    "a term that ended": (lambda: put(changed("R-5", effective_until=text(NOW))),
                          {"russian", "nowhere", "typo"}),
    "a term that ends later": (lambda: put(changed("R-5", effective_until=text(NOW + DAY))), set()),
    "report only": (lambda: put(changed("R-5", report_only_until=text(NOW + DAY))),
                    {"russian", "nowhere", "typo"}),
    "a group": (lambda: put(RULES, groups={"D:5": [entry("RU"), entry("GB")]}),
                {"russian", "british", "nowhere", "typo"}),
    "a list": (lambda: put(RULES, lists={"annex:X": [entry("named"), entry("british")]}),
               {"named", "british"}),
    "what nobody reads": (
        lambda: put(RULES, lists={**LISTS, "annex:Y": [entry("british")]}), set(),
    ),
}  # fmt: skip


def exemption(when: Any, ref: str = "annex") -> dict[str, Any]:
    return {
        "ref": ref, "citation": "annex", "when": when, "effective_from": None,
        "effective_until": None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_release_looks_at_those_whom_it_can_touch(
    settled: dict[str, Licensee], kind: str
) -> None:
    publish_it, expected = PUBLISHED[kind]
    publish_it()
    run = after_a_release(NOW)
    assert run.basis is not None
    assert looked_at(run) == len(expected)
    assert set(run.changes.values_list("licensee__ref", flat=True)) <= expected


def test_only_those_whom_a_new_exemption_can_lift(settled: dict[str, Licensee]) -> None:
    put(changed("R-1", unless=[exemption({"is": ["licensee.hq_country", "GB"]})]))
    assert looked_at(after_a_release(NOW)) == 1  # the typo: no country is known, and British


def test_an_entry_that_comes_and_goes_between_two_runs(settled: dict[str, Licensee]) -> None:
    """Whoever was judged in between stands as it was then."""
    came, went = NOW + HOUR, NOW + 2 * HOUR
    put(RULES, lists={"annex:X": [entry("named"), entry("british", came, went)]})
    assert looked_at(after_a_release(NOW)) == 0
    world.screened(came + SECOND, cause="fact", licensees=[settled["british"].pk])
    assert world.standing(settled["british"]) == "deny"
    assert looked_at(world.screened(went + SECOND, cause="boundary")) == 2
    assert world.standing(settled["british"]) == "permit"


def test_a_rule_that_begins_by_itself(settled: dict[str, Licensee]) -> None:
    """Nothing is published at the instant: the boundary alone starts the run."""
    later = {"is": ["licensee.country", "GB"]}
    put({**RULES, "R-7": rule("R-7", "deny", later, effective_from=text(NOW + DAY))})
    assert looked_at(after_a_release(NOW)) == 0
    (run,) = screening.due_boundaries(NOW + DAY)
    world.work(NOW + DAY)
    assert looked_at(run) == 3
    assert world.standing(settled["british"]) == "deny"


def test_a_fact_of_a_model(settled: dict[str, Licensee]) -> None:
    model, by = AIModel.objects.get(), world.person("mina")
    Fact.objects.create(
        model=model, attribute="model.capability_tags", value=[], source="?", held=(AT, None),
        learned_at=NOW,
    )  # fmt: skip
    assert looked_at(world.screened(NOW, cause="fact")) == 3
    later = NOW + HOUR
    registry.report_incident(model=model, note="jailbreak", by=by, at=later)
    world.work(later)
    run = ScreeningRun.objects.latest("id")
    assert run.basis is not None
    assert looked_at(run) == 0  # no rule reads it


def test_a_fact_of_a_model_that_no_run_has_seen(settled: dict[str, Licensee]) -> None:
    """Its run was cancelled: the next one has to know of it."""
    Fact.objects.create(
        model=AIModel.objects.get(), attribute="model.capability_tags", value=["cyber"],
        source="?", held=(AT, None), learned_at=NOW,
    )  # fmt: skip
    cancelled = start(NOW, cause="fact")
    lifecycle.close_early(cancelled, State.CANCELLED, by=None, at=NOW, because="?")
    assert looked_at(world.screened(NOW + HOUR, cause="boundary")) == 3


def test_a_new_model_or_offering_is_judged_for_everybody(settled: dict[str, Licensee]) -> None:
    registry.add_model(
        ref="new", name="New", activities=["use_api"], source="?", by=world.person("mina"), at=NOW
    )
    world.work(NOW)
    run = ScreeningRun.objects.latest("id")
    assert run.basis is None
    assert looked_at(run) == len(settled)


def test_an_offering_that_came_without_a_word(settled: dict[str, Licensee]) -> None:
    Offering.objects.create(model=AIModel.objects.get(), activity="hosted", position=7)
    put(changed("R-1", effect="review", version=2))
    assert looked_at(after_a_release(NOW)) == len(settled)


def test_what_a_cancelled_run_began_is_looked_at_again(settled: dict[str, Licensee]) -> None:
    """The release in between is gone again, but it has moved the first chunk's standings."""
    put({**RULES, "R-7": rule("R-7", "deny", {"is": ["licensee.sector", "x"]})})
    half = start(NOW, cause="rule", chunk=3)
    assert screening.next_chunk(at=NOW)
    half.refresh_from_db()
    lifecycle.close_early(half, State.CANCELLED, by=None, at=NOW, because="?")
    put(RULES, at=NOW + HOUR)
    assert looked_at(after_a_release(NOW + HOUR)) == len(settled)  # nobody's sector is known
    assert not screening.alarm()


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_whom_a_named_run_left_out_is_looked_at(settled: dict[str, Licensee], end: str) -> None:
    world.learn(settled["british"], "licensee.country", "CU", NOW)
    left = start(NOW, cause="fact", licensees=[settled["british"].pk])
    left.chunks.update(state=end, failed=1 if end == "failed" else 0, finished_at=NOW)
    ScreeningRun.objects.filter(pk=left.pk).update(
        state=end, failed=1 if end == "failed" else 0, finished_at=NOW
    )
    run = world.screened(NOW + 2 * HOUR, cause="boundary")
    assert run.basis is None
    assert looked_at(run) == len(settled)
    assert looked_at(world.screened(NOW + DAY, cause="boundary")) == 0


@pytest.mark.parametrize("cause", ["manual", "nightly"])
def test_some_runs_look_at_everybody(settled: dict[str, Licensee], cause: str) -> None:
    assert looked_at(world.screened(NOW, cause=cause)) == len(settled)


def test_a_value_never_seen_before_is_looked_at(settled: dict[str, Licensee]) -> None:
    """What this process has looked at says nothing of the numbers that came later."""
    put(changed("R-1", effect="review", version=2))
    assert looked_at(after_a_release(NOW)) == 3
    late = world.licensee("late", NOW, sector="never seen before", country="CU")
    world.screened(NOW + HOUR, cause="fact", licensees=[late.pk])
    put(changed("R-1", effect="deny", version=3))
    assert looked_at(after_a_release(NOW + DAY)) == 4


# ---------------------------------------------------------------- the register's own changes


def own_rules() -> dict[str, Any]:
    return {
        **RULES,
        "R-8": rule("R-8", "deny", CAPTURED),
        "R-9": rule("R-9", "deny", {"is": ["request.end_use", "military"]}),
    }


def owner(row: Licensee, by: Any, second: Any) -> None:
    edge = registry.add_owner(
        owned=row, owner="Somebody", share_bp=9_000, source="?", by=by, at=NOW
    )
    registry.confirm_owner(edge=edge, by=second, at=NOW)


def attestation(row: Licensee, by: Any, second: Any) -> None:
    paper = registry.attest(
        licensee=row, attribute="user.us_person", value=True, evidence="letter", by=by, at=NOW,
        valid_until=NOW + 90 * DAY,
    )  # fmt: skip
    registry.confirm_attestation(attestation=paper, by=second, at=NOW)


def disposition(row: Licensee, by: Any, second: Any) -> None:
    registry.open_red_flag(licensee=row, number=1, note="?", by=by, at=NOW)
    review = registry.Review(rule="R-3", version=1, licensee=row)
    paper = registry.enter_disposition(
        ref="P-1", review=review, valid_until=NOW + 30 * DAY, because="harmless", by=by, at=NOW
    )
    registry.confirm_disposition(disposition=paper, by=second, at=NOW)


def fact(row: Licensee, by: Any, second: Any) -> None:
    registry.edit_fact(of=row, attribute="licensee.country", value="CU", source="?", by=by, at=NOW)


def export_license(row: Licensee, by: Any, second: Any) -> None:
    scope = registry.LicenseScope(licensees=[row.ref])
    paper = registry.enter_export_license(
        number="D-1", scope=scope, valid_from=NOW, valid_until=NOW + 90 * DAY, by=by, at=NOW
    )
    registry.confirm_export_license(license_=paper, by=second, at=NOW)


@pytest.mark.parametrize("change", [owner, attestation, disposition, fact, export_license])
@pytest.mark.parametrize("ref", ["chinese", "british"])
def test_a_change_of_one_licensee_is_seen_before_and_after_a_release(
    settled: dict[str, Licensee], change: Callable[..., None], ref: str
) -> None:
    """The run of the licensee still waits when everybody's run starts; and once more later."""
    change(settled[ref], world.person("mina"), world.person("jonas", "approver"))
    put(own_rules())
    run = start(NOW, cause="rule")
    world.work(NOW)
    looked_at(run)
    assert run.basis is not None
    put(changed("R-2", effect="review", version=2), at=NOW + HOUR)
    looked_at(after_a_release(NOW + HOUR))
    proof = screening.nightly(at=NOW + DAY)
    world.work(NOW + DAY)
    assert proof is not None
    assert looked_at(proof) == len(settled)
    assert (proof.alarm, proof.changed) == (0, 0)


def test_the_page_says_how_many_were_judged(settled: dict[str, Licensee], client: Client) -> None:
    put(changed("R-1", effect="review", version=2))
    run = after_a_release(NOW)
    client.force_login(world.person("mina"))
    page = client.get(reverse("dashboard:run", args=[run.pk])).content.decode()
    assert "3 licensees judged, 5 not touched by the change" in page
