"""Every error of the language: its code, and the pointer to what is at fault."""

import json
from typing import Any

import pytest

from accesscontrol import policy
from accesscontrol.policy.command.session import Session
from tests.worlds.language import (
    ATTRIBUTES,
    IDS,
    LONG_AGO,
    NOW,
    disposition,
    document,
    entry,
    exemption,
    license_,
    rule,
)

BANK = {"is": ["licensee.sector", "bank"]}


def attribute(**more: object) -> dict[str, object]:
    return {
        "vocabulary": [
            *ATTRIBUTES,
            {"name": "user.custom.badge", "type": "code", "source": "request", **more},
        ]
    }


LAST = f"/release/vocabulary/{len(ATTRIBUTES)}"


def family(name: str, type_: str, **more: object) -> dict[str, object]:
    """A vocabulary with one attribute more, of those once a list or regime."""
    whole = {"type": type_, "source": "register", "register_only": True, **more}
    return {"vocabulary": [*ATTRIBUTES, {"name": f"licensee.{name}", **whole}]}


def built_in(name: str, **more: object) -> dict[str, object]:
    return {
        "vocabulary": [{**each, **more} if each["name"] == name else each for each in ATTRIBUTES]
    }


def nested(levels: int) -> dict[str, object]:
    condition: dict[str, object] = BANK
    for _ in range(levels - 1):
        condition = {"not": condition}
    return condition


WHEN = "/release/rules/0/when"
CONDITIONS = [
    (True, WHEN, "bad_shape"),
    ({}, WHEN, "bad_shape"),
    ({"all": []}, WHEN, "bad_shape"),
    ({"any": [BANK, {"all": {}}]}, f"{WHEN}/any/1", "bad_shape"),
    ({"not": [BANK]}, f"{WHEN}/not", "bad_shape"),
    ({**BANK, "not": BANK}, WHEN, "bad_shape"),
    ({"is": ["licensee.sector"]}, WHEN, "bad_shape"),
    ({"is": [5, "bank"]}, WHEN, "bad_shape"),
    ({"is_known": ["licensee.sector", 1]}, WHEN, "bad_shape"),
    ({"equals": ["licensee.sector", "bank"]}, WHEN, "unknown_operator"),
    ({"all": [{"is": ["licensee.sectors", "bank"]}]}, f"{WHEN}/all/0", "unknown_attribute"),
    ({"in_group": ["licensee.country", "D:9"]}, WHEN, "unknown_group"),
    ({"in_group": ["licensee.country", ["D:5"]]}, WHEN, "bad_value"),
    ({"in_list": ["licensee.id", "D:5"]}, WHEN, "unknown_list"),
    ({"contains": ["licensee.country", "CN"]}, WHEN, "wrong_operator"),
    ({"is": ["model.training_ops", "1e26"]}, WHEN, "wrong_operator"),
    ({"one_of": ["user.us_person", [True]]}, WHEN, "wrong_operator"),
    ({"is": ["licensee.country", "cn"]}, WHEN, "bad_value"),
    ({"is": ["licensee.custom.tier", "bronze"]}, WHEN, "bad_value"),
    ({"one_of": ["licensee.country", []]}, WHEN, "bad_value"),
    ({"one_of": ["licensee.country", "CN"]}, WHEN, "bad_value"),
    ({"one_of": ["licensee.country", ["CN", "CN"]]}, WHEN, "bad_value"),
    ({"at_least": ["model.safety_level", 1.0]}, WHEN, "bad_value"),
    ({"is_known": ["licensee.sector"]}, WHEN, "is_known_forbidden"),
    ({"not": {"not": {"is_known": ["licensee.sector"]}}}, f"{WHEN}/not/not", "is_known_forbidden"),
    (nested(101), WHEN, "too_deep"),
    ({"any": [BANK] * 65}, WHEN, "too_many_clauses"),
    ({"all": [{"any": [BANK] * 5}, {"any": [BANK] * 13}]}, WHEN, "too_many_clauses"),
    ({"not": {"all": [BANK] * 65}}, WHEN, "too_many_clauses"),
]
RULES: list[tuple[dict[str, object], str, str]] = [
    ({"mode": "x"}, "", "bad_shape"),
    ({"unless": {}}, "/unless", "bad_shape"),
    ({"license_review_policy": "denial"}, "", "bad_shape"),
    ({"effect": "permit"}, "/effect", "bad_value"),
    ({"version": 0}, "/version", "bad_value"),
    ({"version": 1.0}, "/version", "bad_value"),
    ({"title": ""}, "/title", "bad_value"),
    ({"effective_from": None}, "/effective_from", "bad_value"),
    ({"effective_from": "2026-06-12T24:00:00Z"}, "/effective_from", "bad_value"),
    ({"effective_from": "2026-06-12T21:21:00+00:00"}, "/effective_from", "bad_value"),
    ({"effective_from": "2026-06-12T21:21:00.5Z"}, "/effective_from", "bad_value"),
    ({"report_only_until": "2026-06-12"}, "/report_only_until", "bad_value"),
    ({"effective_until": LONG_AGO}, "", "bad_period"),
    ({"unless": [exemption(BANK), exemption(BANK)]}, "/unless/1", "duplicate"),
    ({"unless": [{**exemption(BANK), "x": 1}]}, "/unless/0", "bad_shape"),
    (
        {"unless": [exemption(BANK, effective_from=NOW, effective_until=NOW)]},
        "/unless/0",
        "bad_period",
    ),
    ({"unless": [exemption({"any": [BANK] * 65})]}, "/unless/0/when", "too_many_clauses"),
    (
        {"unless": [exemption({"not": {"is_known": ["licensee.sector"]}})]},
        "/unless/0/when/not",
        "is_known_forbidden",
    ),
]
RELEASES: list[tuple[object, str, str]] = [
    (5, "/release", "bad_shape"),
    ({}, "/release", "bad_shape"),
    (document(more=1), "/release", "bad_shape"),
    (document(release=0), "/release/release", "bad_value"),
    (document(release=True), "/release/release", "bad_value"),
    (document(rules={}), "/release/rules", "bad_shape"),
    (document(rule(BANK), rule(BANK)), "/release/rules/1", "duplicate"),
    (document(rule(BANK), rule(BANK, version=2)), "/release/rules/1", "bad_period"),
    (document(territories={"HK": "HK"}), "/release/territories", "cycle"),
    (document(territories={"HK": "CN", "CN": "MO", "MO": "HK"}), "/release/territories", "cycle"),
    (document(territories={"HK": "cn"}), "/release/territories/HK", "bad_value"),
    (document(groups={"a/b~c": {}}), "/release/groups/a~1b~0c", "bad_shape"),
    (document(groups={"g": [entry("CN"), entry("CN")]}), "/release/groups/g/1", "bad_period"),
    (document(groups={"g": [entry("cn")]}), "/release/groups/g/0/value", "bad_value"),
    (document(territories={"hk": "CN"}), "/release/territories/hk", "bad_value"),
    (
        document(lists={"l": [entry("x", NOW), entry("y"), entry("x", LONG_AGO)]}),
        "/release/lists/l/2",
        "bad_period",
    ),
    (
        document(rule(BANK, effective_until=NOW), rule(BANK, effective_from=NOW)),
        "/release/rules/1",
        "duplicate",
    ),
    (document(lists={"l": [entry("x", NOW, NOW)]}), "/release/lists/l/0", "bad_period"),
    (document(lists={"l": [{"value": "x", "from": None}]}), "/release/lists/l/0", "bad_shape"),
    (document(vocabulary=ATTRIBUTES[1:]), "/release/vocabulary", "bad_shape"),
    (document(vocabulary=[*ATTRIBUTES, ATTRIBUTES[0]]), LAST, "duplicate"),
    (document(**attribute(source="register")), f"{LAST}/source", "bad_value"),
    (document(**attribute(name="user.badge")), f"{LAST}/name", "bad_value"),
    (document(**attribute(name="user.custom.badge\n")), f"{LAST}/name", "bad_value"),
    (document(**attribute(type="text")), f"{LAST}/type", "bad_value"),
    (document(**attribute(values=[])), f"{LAST}/values", "bad_value"),
    (document(**attribute(values=["a", "a"])), f"{LAST}/values", "bad_value"),
    (document(**attribute(type="integer", values=["a"])), LAST, "bad_shape"),
    (document(**attribute(non_empty="yes")), f"{LAST}/non_empty", "bad_value"),
    (document(**attribute(type="countries", values=["CN"])), LAST, "bad_shape"),
    (
        document(**family("list_status.SDN", "code", register_only=False)),
        f"{LAST}/register_only",
        "bad_value",
    ),
    (document(**family("list_status.SDN", "boolean")), f"{LAST}/type", "bad_value"),
    (document(**family("captured_by_ownership.US", "code")), f"{LAST}/type", "bad_value"),
    (document(**family("restricted_owner_share.US", "integer")), f"{LAST}/type", "bad_value"),
    (document(**family("list_status", "code")), f"{LAST}/name", "bad_value"),
    (
        document(**built_in("licensee.id", register_only=False)),
        "/release/vocabulary/0/register_only",
        "bad_value",
    ),
    (
        document(**built_in("licensee.country", type="code")),
        "/release/vocabulary/5/type",
        "bad_value",
    ),
]
QUESTIONS: list[tuple[dict[str, object], str, str]] = [
    ({"facts": []}, "/facts", "bad_shape"),
    ({"stated": None}, "/stated", "bad_shape"),
    ({"at": "2026-06-20"}, "/at", "bad_value"),
    ({"standing": "yes"}, "/standing", "bad_value"),
    ({"standing": True, "stated": {}}, "/stated", "bad_shape"),
    ({"licenses": {}}, "/licenses", "bad_shape"),
    ({"licenses": [license_(), license_()]}, "/licenses/1", "duplicate"),
    ({"licenses": [license_(licensees=None)]}, "/licenses/0/licensees", "bad_value"),
    ({"licenses": [license_(models=[])]}, "/licenses/0/models", "bad_value"),
    ({"licenses": [license_(activities=["fly"])]}, "/licenses/0/activities", "bad_value"),
    ({"licenses": [license_(remaining=-1)]}, "/licenses/0/remaining", "bad_value"),
    ({"licenses": [license_(conditions=[1])]}, "/licenses/0/conditions", "bad_value"),
    ({"licenses": [license_(valid_until=LONG_AGO)]}, "/licenses/0", "bad_period"),
    ({"licenses": [license_(more=1)]}, "/licenses/0", "bad_shape"),
    ({"dispositions": [disposition(valid_until=None)]}, "/dispositions/0/valid_until", "bad_value"),
    ({"dispositions": [disposition(facts=[])]}, "/dispositions/0/facts", "bad_shape"),
    (
        {"dispositions": [disposition(facts={"licensee.country": "cn"})]},
        "/dispositions/0/facts/licensee.country",
        "bad_value",
    ),
    (
        {"dispositions": [disposition(facts={"licensee.size": 1})]},
        "/dispositions/0/facts/licensee.size",
        "unknown_attribute",
    ),
    ({"dispositions": [disposition(), disposition()]}, "/dispositions/1", "duplicate"),
]
LINES: list[bytes] = [
    b"hello", b"null", b"7", b"[]", b"{", b"{} {}", b'{"a":1,"a":1}', b'{"a":NaN}', b'{"a":Infinity}',
    b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"a":"\\uffff"}', b'{"\\ud800":1}', b"\xff", b'{"a":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}",
    b'{"a":1,}', b'{"a":01}', b"{'a':1}", b'{"a":"\n"}',
]  # fmt: skip


def refused(what: object) -> tuple[str, str]:
    """Pointer and code of the error that a release gets."""
    with pytest.raises(policy.PolicyError) as error:
        policy.parse_release(what)
    assert error.value.message.endswith((".", "?"))
    return error.value.pointer, error.value.code


@pytest.mark.parametrize(("when", "at", "code"), CONDITIONS)
def test_condition(when: object, at: str, code: str) -> None:
    assert refused(document(rule(when))) == (at, code)


@pytest.mark.parametrize(("member", "at", "code"), RULES)
def test_rule(member: dict[str, object], at: str, code: str) -> None:
    assert refused(document(rule(BANK, **member))) == (f"/release/rules/0{at}", code)


@pytest.mark.parametrize("member", sorted(rule(BANK)))
def test_rule_without(member: str) -> None:
    lacking = {name: value for name, value in rule(BANK).items() if name != member}
    assert refused(document(lacking)) == ("/release/rules/0", "bad_shape")


@pytest.mark.parametrize(("what", "at", "code"), RELEASES)
def test_release(what: object, at: str, code: str) -> None:
    assert refused(what) == (at, code)


def answer(session: Session, line: object) -> Any:
    printed = session.answer(line if isinstance(line, bytes) else json.dumps(line).encode())
    return printed and printed.get("error", printed)


@pytest.mark.parametrize(("member", "at", "code"), QUESTIONS)
def test_question(member: dict[str, object], at: str, code: str) -> None:
    session = Session()
    assert answer(session, {"release": document()}) is None
    error = answer(session, {"facts": IDS, "at": NOW, **member})
    assert (error["at"], error["code"]) == (at, code)


@pytest.mark.parametrize("missing", ["facts", "at"])
def test_question_without(missing: str) -> None:
    session = Session()
    answer(session, {"release": document()})
    error = answer(
        session, {name: v for name, v in {"facts": IDS, "at": NOW}.items() if name != missing}
    )
    assert (error["at"], error["code"]) == ("", "bad_shape")


@pytest.mark.parametrize("line", LINES)
def test_not_json(line: bytes) -> None:
    session = Session()
    answer(session, {"release": document()})
    assert (answer(session, line)["at"], answer(session, line)["code"]) == ("", "not_json")
    assert (
        answer(session, {"facts": IDS, "at": NOW})["outcome"] == "permit"
    )  # the release stays in use


@pytest.mark.parametrize(
    "refusal", [{"release": {}}, b'{"release":1,"release":1}', b'["release"', b'"release"']
)
def test_a_refused_release_leaves_none_in_use(refusal: object) -> None:
    session = Session()
    question = {"facts": IDS, "at": NOW}
    assert answer(session, question)["code"] == "no_release"
    assert answer(session, {"release": document()}) is None
    assert answer(session, question)["outcome"] == "permit"
    assert answer(session, refusal)["code"] in ("bad_shape", "not_json")
    assert answer(session, question)["code"] == "no_release"
    assert answer(session, {"release": document()}) is None
    assert answer(session, question)["outcome"] == "permit"


def test_a_line_as_deep_as_it_is_long() -> None:
    deep = 20_000
    session = Session()
    line = b'{"release":' + b"[" * deep + b"]" * deep + b"}"
    assert answer(session, line)["code"] == "bad_shape"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            {"is": ["licensee.hqcountry", "CN"]},
            'There is no attribute "licensee.hqcountry". Did you mean "licensee.hq_country"?',
        ),
        ({"in_group": ["licensee.country", "D5"]}, 'There is no group "D5". Did you mean "D:5"?'),
        ({"in_list": ["licensee.id", "anex"]}, 'There is no list "anex". Did you mean "annex"?'),
        (
            {"is": ["licensee.country", "cn"]},
            'Expected a country code of two capital letters (ISO 3166-1, or "XK"), not "cn".',
        ),
    ],
)
def test_a_message_names_the_nearest_known_name(when: object, message: str) -> None:
    base = document()
    with pytest.raises(policy.PolicyError) as error:
        policy.parse_rule(
            rule(when), vocabulary=ATTRIBUTES, groups=base["groups"], lists=base["lists"]
        )
    assert (error.value.pointer, error.value.message) == ("/when", message)
