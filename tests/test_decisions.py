"""May this licensee use this model now: outcomes, what is recorded, replay, holds, units, first refusal."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accesscontrol import decisions, errors, releases
from accesscontrol.decisions import Asked, Faulty, Semantic, UnknownName
from accesscontrol.decisions.record import new_evaluation
from accesscontrol.ledger.canonical import canonical_json, digest, leaf_hash
from accesscontrol.models import (
    ApiToken,
    AuditEvent,
    Decision,
    Hold,
    Licensee,
    LicenseUse,
    Order,
    Release,
    Term,
    User,
)
from tests.worlds import ground
from tests.worlds.ground import AT

DOUBLED = r"\""  # a quotation mark as JSON writes it
US = {"user.us_person": True, "request.end_use": "civil", "request.location_country": "US"}


@pytest.fixture
def token(db: None) -> ApiToken:
    ground.lay()
    return ground.token("decisions:ask", at=AT).token


def asked(
    licensee: str = "acme", model: str = "frontier-5", activity: str = "use_api", **more: Any
) -> Asked:
    return Asked(licensee, model, activity, **{"stated": US, **more})


def decide(by: ApiToken, *args: Any, at: Any = AT, **more: Any) -> Decision:
    return decisions.decide(asked=asked(*args, **more), by=by, at=at)


@pytest.mark.parametrize(
    ("licensee", "stated", "outcome"),
    [
        ("acme", {}, "permit"),
        ("zhong", {}, "license_required"),
        ("murk", {}, "undetermined"),
        ("acme", {"user.us_person": False}, "license_required"),
        ("acme", {"request.end_use": "military"}, "review"),
        ("nobody", {}, "undetermined"),
    ],
)
def test_outcomes(token: ApiToken, licensee: str, stated: dict[str, Any], outcome: str) -> None:
    assert decide(token, licensee, stated=US | stated).outcome == outcome


@pytest.mark.parametrize("missing", list(US))
def test_a_missing_fact_never_permits(token: ApiToken, missing: str) -> None:
    stated = {name: value for name, value in US.items() if name != missing}
    decision = decide(token, activity="download_weights", stated=stated)
    assert decision.outcome == "undetermined"
    assert missing in str(decision.verdict["undetermined"])


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        (asked("nobody"), "licensee.id"),
        (asked(model="nothing"), "model.id"),
        (asked(activity="use_apy"), "request.activity"),
        (asked(subject_type="spaceship"), "licensee.id"),
        (asked(resource_type="spaceship"), "model.id"),
    ],
)
def test_who_or_what_nobody_knows_is_undetermined_by_name(
    token: ApiToken, question: Asked, missing: str
) -> None:
    decision = decisions.decide(asked=question, by=token, at=AT)
    assert decision.outcome == "undetermined"
    assert decision.verdict["undetermined"] == [
        {"rule": None, "missing": [missing], "deferred": []}
    ]


def test_a_decision_and_its_event_tell_the_same(token: ApiToken) -> None:
    decision = decide(token, "zhong", user_id="jane", request_sha256="ab" * 32)
    event = AuditEvent.objects.get(decision_id=decision.decision_id)
    assert event.kind == "decision.made"
    assert (event.actor_id, event.subject_id) == (token.key_id, "zhong")
    assert bytes(event.leaf_hash) == leaf_hash(event.payload.encode())
    assert '"outcome":"license_required"' in event.payload
    assert "jane" not in event.payload
    assert decision.user_digest in event.payload
    assert canonical_json(decision.question) in event.payload


def test_a_user_is_kept_as_the_same_digest_and_never_by_name(token: ApiToken) -> None:
    first, second, other = (decide(token, user_id=name).user_digest for name in ("j", "j", "k"))
    assert first == second != other
    assert len(first) == 64
    assert decide(token).user_digest == ""


def test_only_what_a_rule_reads_is_recorded_with_its_source(token: ApiToken) -> None:
    licensee = ground.add_licensee("custom", "US")
    ground.state(licensee, "licensee.custom.role", "admin")
    stated = {
        **US,
        "licensee.no_such": 1.5,
        "request.location_region": "US-CA",
        "licensee.x" * 9: {},
    }
    question = decide(token, "custom", stated=stated).question
    assert set(question["facts"]) == {
        "licensee.id", "licensee.country", "licensee.hq_country", "model.id", "model.family",
        "request.activity",
    }  # fmt: skip
    assert set(question["stated"]) == set(US)
    assert set(question["sources"]) == set(question["facts"])


@pytest.mark.parametrize("value", [1.5, {"a": [1.5]}, "x" * 100_000, 2**80, ["a", "a"], None])
def test_a_value_that_is_none_makes_the_fact_absent_and_can_be_recorded(
    token: ApiToken, value: Any
) -> None:
    decision = decide(token, stated=US | {"user.us_person": value})
    assert decision.outcome == "undetermined"
    assert decision.verdict["invalid"] == ["user.us_person"]
    assert decisions.replay(decision).to_json() == decision.verdict
    assert len(str(decision.question)) < 5_000


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (1.5, {"unreadable": "float"}),
        (2**53, {"unreadable": "int"}),
        ({"a": [2**80]}, {"unreadable": "dict"}),
        ("x" * 1_998, "x" * 1_998),
        ("x" * 1_999, {"unreadable": "too long", "sha256": digest(f'"{"x" * 1_999}"')}),
        ('"' * 999, '"' * 999),
        ('"' * 1_000, {"unreadable": "too long", "sha256": digest(f'"{DOUBLED * 1_000}"')}),
        ({"\ufb33": 1, "\U0001f600": "\n"}, {"\ufb33": 1, "\U0001f600": "\n"}),
        ([["a"], {"b": None}], [["a"], {"b": None}]),
    ],
)
def test_what_the_register_holds_outside_its_domain_can_be_recorded(
    token: ApiToken, value: Any, recorded: Any
) -> None:
    """The verbs store no such value; whoever writes into the database by other means could."""
    murk = Licensee.objects.get(ref="murk")
    ground.state(murk, "licensee.hq_country", value)
    decision = decide(token, "murk")
    assert decision.outcome == "undetermined"
    assert decision.verdict["invalid"] == ["licensee.hq_country"]
    assert decision.question["facts"]["licensee.hq_country"] == recorded
    assert decisions.replay(decision).to_json() == decision.verdict


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.text(max_size=3),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
        | st.sampled_from([2**53, "x" * 999, "\n" * 999, ["x" * 995], ["ab"] * 400, {"a": {}}]),
        max_size=4,
    )
)  # fmt: skip
def test_facts_are_readable_together_as_each_is_alone(known: dict[str, Any]) -> None:
    each = {name: decisions.questions.readable(value) for name, value in known.items()}
    assert repr(decisions.questions.all_readable(known)) == repr(each)


def test_a_statement_against_the_register_permits_nothing(token: ApiToken) -> None:
    decision = decide(token, stated=US | {"licensee.hq_country": "CN"})
    assert decision.outcome == "undetermined"
    assert decision.verdict["conflicts"] == ["licensee.hq_country"]
    assert decide(token, "zhong", stated=US | {"licensee.hq_country": "US"}).outcome != "permit"


def test_a_statement_fills_what_the_register_does_not_hold(token: ApiToken) -> None:
    assert decide(token, "murk", stated=US | {"licensee.hq_country": "US"}).outcome == "permit"


def test_a_custom_attribute_is_stated_by_its_short_name(token: ApiToken) -> None:
    assert decisions.questions.statements(
        asked(stated={"licensee.role": "admin"}), {"licensee.custom.role": None}
    ) == {"licensee.custom.role": "admin"}


def test_an_unknown_name_about_a_person_is_refused(token: ApiToken) -> None:
    with pytest.raises(UnknownName) as caught:
        decide(token, stated=US | {"user.us_persn": True})
    assert caught.value.pointer == "/subject/properties/user/us_persn"
    assert "us_person" in caught.value.message
    assert not Decision.objects.exists()


class TestReplay:
    def test_every_outcome_again(self, token: ApiToken) -> None:
        ground.license_for("zhong")
        for licensee in ("acme", "zhong", "murk", "nobody"):
            for stated in (US, {}, US | {"request.end_use": "military", "licensee.country": "KP"}):
                decision = decide(token, licensee, stated=stated)
                assert decisions.replay(decision).to_json() == decision.verdict

    def test_after_a_later_release_and_corrected_facts(self, token: ApiToken) -> None:
        decision = decide(token)
        publish_without_rules()
        ground.state(decision_licensee(decision), "licensee.sector", "finance")
        assert decide(token, "zhong").outcome == "permit"
        again = Decision.objects.get(pk=decision.pk)
        assert decisions.replay(again).to_json() == again.verdict

    @settings(
        max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    @given(
        stated=st.fixed_dictionaries(
            {},
            optional={
                "user.us_person": st.sampled_from([True, False, "yes", 1.0]),
                "request.end_use": st.sampled_from(["civil", "military", "nonsense"]),
                "request.location_country": st.sampled_from(["US", "RU", "XX"]),
                "licensee.hq_country": st.sampled_from(["US", "CN", "HK"]),
                "licensee.country": st.sampled_from(["US", "KP"]),
                "licensee.red_flags_open": st.integers(),
                "licensee.sector": st.text(max_size=4),
            },
        ),
        licensee=st.sampled_from(["acme", "zhong", "murk"]),
    )
    def test_any_question_again(
        self, token: ApiToken, stated: dict[str, Any], licensee: str
    ) -> None:
        decision = decide(token, licensee, activity="download_weights", stated=stated)
        assert decisions.replay(decision).to_json() == decision.verdict


class TestNeverChanged:
    @pytest.mark.parametrize(
        "sql", ["UPDATE {} SET outcome = 'permit'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
    )
    def test_a_decision(self, token: ApiToken, sql: str) -> None:
        decide(token, "zhong")
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format("accesscontrol_decision"))
        assert Decision.objects.get().outcome == "license_required"

    def test_by_saving(self, token: ApiToken) -> None:
        decision = decide(token, "zhong")
        decision.outcome = "permit"
        with pytest.raises(DatabaseError), transaction.atomic():
            decision.save()


class TestNoAnswerWithoutARecord:
    @pytest.mark.parametrize("table", ["accesscontrol_decision", "audit.event"])
    def test_a_trigger_that_fails(self, token: ApiToken, table: str) -> None:
        refuse_inserts(table)
        with pytest.raises(errors.NotRecorded):
            decide(token)
        assert not Decision.objects.exists()
        assert not AuditEvent.objects.filter(kind="decision.made").exists()

    def test_a_batch_is_all_or_nothing(self, token: ApiToken) -> None:
        refuse_inserts("audit.event")
        with pytest.raises(errors.NotRecorded):
            decisions.decide_many(asked=[asked(), asked("zhong")], by=token, at=AT)
        assert not Decision.objects.exists()

    def test_without_a_release_there_is_no_answer(self, db: None) -> None:
        token = ground.token("decisions:ask", at=AT).token
        with pytest.raises(errors.Refused, match="No release"):
            decide(token)

    def test_a_question_too_large_for_the_log(self, token: ApiToken) -> None:
        ground.license_for("acme", conditions=["Mind this. " * 6_000])
        with pytest.raises(errors.NotRecorded):
            decide(token)
        assert not Decision.objects.exists()


class TestHold:
    def test_an_officers_hold_refuses_and_says_who_can_release_it(self, token: ApiToken) -> None:
        hold_by("officer")
        decided = decisions.evaluate(asked=asked(), by=token, at=AT)
        assert decided.decision.outcome == "deny"
        answer = decisions.answer(decided.judged, explained=False)
        assert answer["reason"] == "entitlement_held"
        assert "release" in answer["reasons"][0]["message"]
        assert decisions.replay(decided.decision).outcome == "permit"
        assert decisions.again(decided.decision).outcome == "deny"

    def test_a_screenings_hold_leaves_the_answer_to_the_judge(self, token: ApiToken) -> None:
        hold_by("screening")
        assert decide(token).outcome == "permit"

    def test_without_an_entitlement_the_verdict_stands(self, token: ApiToken) -> None:
        decision = decide(token)
        assert (decision.outcome, decision.entitlement) == ("permit", "none")


class TestFirstRefusal:
    def test_stops_the_orders_clock_once(self, token: ApiToken) -> None:
        decide(token)
        assert Order.objects.get(reference="LETTER-1").first_refusal_at is None
        decide(token, "zhong")
        decide(token, "zhong", at=AT + timedelta(hours=1))
        assert Order.objects.get(reference="LETTER-1").first_refusal_at == AT
        assert Order.objects.get(reference="SECRET-1").first_refusal_at is None

    def test_a_missing_fact_is_no_refusal_by_the_order(self, token: ApiToken) -> None:
        decide(token, "murk")
        assert Order.objects.get(reference="LETTER-1").first_refusal_at is None


class TestWords:
    def test_a_confidential_order_is_told_in_neutral_words(self, token: ApiToken) -> None:
        judged = decisions.evaluate(
            asked=asked(stated={"user.us_person": False, "request.end_use": "civil"}),
            by=token,
            at=AT,
        ).judged
        plain, full = (decisions.answer(judged, explained=each) for each in (False, True))
        assert "SECRET-1" not in str(plain)
        assert "R-USER" not in str(plain)
        assert "secret project" not in str(plain)
        assert plain["outcome"] == full["outcome"] == "license_required"
        assert plain["reasons"][0]["effect"] == "license_required"
        assert full["reasons"][0]["order"] == "SECRET-1"

    def test_what_is_missing_is_named_all_the_same(self, token: ApiToken) -> None:
        judged = decisions.evaluate(
            asked=asked(stated={"request.end_use": "civil"}), by=token, at=AT
        ).judged
        plain = decisions.answer(judged, explained=False)
        assert plain["undetermined"][0]["missing"] == ["user.us_person"]
        assert "R-USER" not in str(plain)

    def test_a_report_only_rule_is_told_and_refuses_nothing(self, token: ApiToken) -> None:
        licensee = ground.add_licensee("kim", "US")
        licensee.facts.filter(attribute="licensee.country").update(superseded_at=AT)
        ground.state(licensee, "licensee.country", "KP", at=ground.LONG_AGO + timedelta(days=1))
        judged = decisions.evaluate(asked=asked("kim"), by=token, at=AT).judged
        answer = decisions.answer(judged, explained=False)
        assert answer["outcome"] == "permit"
        assert [each["rule"] for each in answer["would_have"]] == ["R-SEEN"]

    def test_the_next_change_is_the_end_of_report_only(self, token: ApiToken) -> None:
        judged = decisions.evaluate(asked=asked(), by=token, at=AT).judged
        answer = decisions.answer(judged, explained=False)
        assert answer["next_scheduled_change"] == "2027-01-01T00:00:00Z"

    def test_what_would_change_it_does(self, token: ApiToken) -> None:
        judged = decisions.evaluate(asked=asked("murk"), by=token, at=AT).judged
        changes = decisions.answer(judged, explained=True, changes=True)["what_would_change"]
        assert "licensee.hq_country" in str(changes)


class TestLicense:
    def test_lifts_and_its_conditions_are_obligations(self, token: ApiToken) -> None:
        ground.license_for("zhong")
        judged = decisions.evaluate(asked=asked("zhong"), by=token, at=AT).judged
        answer = decisions.answer(judged, explained=True)
        assert answer["outcome"] == "permit"
        assert answer["obligations"] == [{"license": "D-100", "condition": "Report each quarter."}]
        assert [(each["rule"], each["by"]) for each in answer["lifted"]] == [("R-HQ", "D-100")]

    def test_an_unconfirmed_one_lifts_nothing(self, token: ApiToken) -> None:
        ground.license_for("zhong", confirmed_at=None, confirmed_by=None)
        assert decide(token, "zhong").outcome == "license_required"

    def test_with_a_quantity_needs_a_key_and_says_so(self, token: ApiToken) -> None:
        ground.license_for("zhong", quantity=1)
        decided = decisions.evaluate(asked=asked("zhong"), by=token, at=AT)
        assert decided.decision.outcome == "license_required"
        assert "Idempotency-Key" in decisions.answer(decided.judged, explained=False)["notes"][0]
        assert not LicenseUse.objects.exists()

    def test_a_unit_is_used_once_a_key(self, token: ApiToken) -> None:
        ground.license_for("zhong", quantity=1)
        outcomes = [
            decide(token, "zhong", idempotency_key=key, request_sha256="aa").outcome
            for key in ("k1", "k1", "k2")
        ]
        assert outcomes == ["permit", "permit", "license_required"]
        assert LicenseUse.objects.count() == 1

    def test_a_key_is_for_one_question(self, token: ApiToken) -> None:
        ground.license_for("zhong", quantity=5)
        decide(token, "zhong", idempotency_key="k1", request_sha256="aa")
        with pytest.raises(errors.Refused, match="another question"):
            decide(token, "zhong", idempotency_key="k1", request_sha256="bb")

    def test_a_permit_that_does_not_rest_on_it_uses_nothing(self, token: ApiToken) -> None:
        ground.license_for("acme", quantity=1)
        assert decide(token, idempotency_key="k", request_sha256="aa").outcome == "permit"
        assert not LicenseUse.objects.exists()

    def test_a_unit_given_back_can_be_used(self, token: ApiToken) -> None:
        ground.license_for("zhong", quantity=1)
        decide(token, "zhong", idempotency_key="k1", request_sha256="aa")
        LicenseUse.objects.update(given_back_at=AT)
        later = AT + timedelta(minutes=1)
        second = decide(token, "zhong", at=later, idempotency_key="k2", request_sha256="aa")
        assert second.outcome == "permit"

    def test_a_batch_uses_a_unit_an_item(self, token: ApiToken) -> None:
        ground.license_for("zhong", quantity=2)
        one = asked("zhong", idempotency_key="k", request_sha256="aa")
        for _ in range(2):  # a retry gets the same answers and uses nothing more
            batch = decisions.decide_many(asked=[one, one, one], by=token, at=AT)
            assert [each.decision.outcome for each in batch.answers if not isinstance(each, Faulty)] == [
                "permit", "permit", "license_required",
            ]  # fmt: skip
            assert LicenseUse.objects.count() == 2


class TestBatch:
    def test_items_are_numbered_from_one(self, token: ApiToken) -> None:
        batch = decisions.decide_many(asked=[asked(), asked("zhong")], by=token, at=AT)
        ids = sorted(Decision.objects.values_list("decision_id", flat=True))
        assert ids == [f"{batch.evaluation}.1", f"{batch.evaluation}.2"]
        events = AuditEvent.objects.filter(kind="decision.made").values_list(
            "decision_id", flat=True
        )
        assert sorted(events) == ids

    @pytest.mark.parametrize(
        ("semantic", "answered"),
        [(Semantic.ALL, 4), (Semantic.DENY_FIRST, 2), (Semantic.PERMIT_FIRST, 1)],
    )
    def test_ends_where_the_semantic_says(
        self, token: ApiToken, semantic: Semantic, answered: int
    ) -> None:
        items = [asked(), asked("zhong"), asked(), asked("murk")]
        batch = decisions.decide_many(asked=items, by=token, at=AT, semantic=semantic)
        assert len(batch.answers) == Decision.objects.count() == answered

    def test_a_faulty_item_is_no_permit_and_no_decision(self, token: ApiToken) -> None:
        faulty = Faulty(400, "missing", "The request names no subject.")
        items = [faulty, asked(), asked(stated={"user.typo": 1})]
        batch = decisions.decide_many(asked=items, by=token, at=AT)
        assert [isinstance(each, Faulty) for each in batch.answers] == [True, False, True]
        assert Decision.objects.get().item == 2

    def test_a_faulty_item_counts_as_a_refusal(self, token: ApiToken) -> None:
        faulty = Faulty(400, "missing", "The request names no subject.")
        batch = decisions.decide_many(
            asked=[faulty, asked()], by=token, at=AT, semantic=Semantic.DENY_FIRST
        )
        assert batch.answers == [faulty]

    def test_equal_items_with_other_contexts_are_judged_apart(self, token: ApiToken) -> None:
        items = [asked(), asked(stated=US | {"user.us_person": False})]
        batch = decisions.decide_many(asked=items, by=token, at=AT)
        outcomes = [each.decision.outcome for each in batch.answers if not isinstance(each, Faulty)]
        assert outcomes == ["permit", "license_required"]


class TestWhatIf:
    def test_leaves_an_event_and_no_decision(self, token: ApiToken) -> None:
        judged = decisions.what_if(asked=asked("zhong"), by=token, at=AT)
        assert judged.outcome == "license_required"
        assert not Decision.objects.exists()
        assert AuditEvent.objects.filter(kind="decision.what_if", subject_id="zhong").count() == 1
        assert Order.objects.get(reference="LETTER-1").first_refusal_at is None

    def test_as_of_then_and_as_known_then(self, token: ApiToken) -> None:
        murk = decision_licensee(decide(token, "murk"))
        fact = ground.state(murk, "licensee.hq_country", "US", at=ground.LONG_AGO)
        type(fact).objects.filter(pk=fact.pk).update(learned_at=AT)
        later = AT + timedelta(days=1)
        then = AT - timedelta(days=10)
        now_known = decisions.what_if(asked=asked("murk"), by=token, at=later, as_of=then)
        then_known = decisions.what_if(
            asked=asked("murk"), by=token, at=later, as_of=then, known_at=then
        )
        assert (now_known.outcome, then_known.outcome) == ("permit", "undetermined")

    def test_before_any_release_there_is_no_answer(self, token: ApiToken) -> None:
        with pytest.raises(errors.Refused, match="No release"):
            decisions.what_if(asked=asked(), by=token, at=AT, as_of=ground.LONG_AGO - timedelta(1))


def test_an_evaluation_id_is_a_uuid_7_that_sorts_by_time() -> None:
    first, second = new_evaluation(AT), new_evaluation(AT + timedelta(seconds=1))
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert str(first) < str(second)


def test_a_person_asks_as_himself(token: ApiToken) -> None:
    officer = User.objects.get(username="enterer")
    decision = decisions.decide(asked=asked(), by=officer, at=AT)
    assert (decision.asked_by, decision.token) == (str(officer), None)


def test_a_token_notes_when_it_last_asked_and_by_which_release(token: ApiToken) -> None:
    decide(token)
    token.refresh_from_db()
    assert (token.last_used_at, token.last_release) == (AT, 1)


def test_a_long_list_of_reasons_is_stored_once(db: None) -> None:
    many = [ground.rule(f"R-{'x' * 90}{n:02}", "deny", ground.FRONTIER) for n in range(60)]
    ground.lay(many)
    token = ground.token("decisions:ask", at=AT).token
    first, second = decide(token), decide(token)
    assert first.reasons is not None
    assert first.reasons_id == second.reasons_id
    assert "reasons" not in first.verdict
    assert len(decisions.replay(first).reasons) == 60


def decision_licensee(decision: Decision) -> Any:
    return Licensee.objects.get(ref=decision.licensee_ref)


def publish_without_rules() -> Release:
    """The next release, in which none of the rules stands."""
    Term.objects.update(period=(ground.LONG_AGO, AT - timedelta(days=1)))
    return releases.publish_next(by=None, at=AT, because="The letter is lifted.")


def refuse_inserts(table: str) -> None:
    """A real trigger that fails, as a full disk or a missing permission would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_insert() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no space left'; END $$;"
            f"CREATE TRIGGER no_insert BEFORE INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION no_insert()"
        )


def hold_by(cause: str) -> Hold:
    return Hold.objects.create(
        entitlement=ground.entitle("acme", "frontier-5"),
        cause=cause,
        because="Asked by counsel.",
        placed_by=User.objects.get(username="enterer"),
        placed_at=ground.LONG_AGO,
    )


@pytest.mark.parametrize("nationalities", [["US", "ZZ"], ["US", "US"], ["US", 7], [], "US"])
def test_nothing_is_derived_from_an_invalid_fact(token: ApiToken, nationalities: Any) -> None:
    stated = {"request.end_use": "civil", "user.nationalities": nationalities}
    decision = decide(token, stated=stated)
    assert decision.outcome == "undetermined"
    assert decisions.replay(decision).to_json() == decision.verdict


def test_a_us_national_is_a_us_person(token: ApiToken) -> None:
    decision = decide(token, stated={"request.end_use": "civil", "user.nationalities": ["US"]})
    assert decision.outcome == "permit"
    assert decisions.replay(decision).to_json() == decision.verdict
