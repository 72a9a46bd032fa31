"""The screens of rules: the list, a rule's life, and the editor by form and by expression."""

import json
from typing import Any

import pytest
from django.urls import reverse

from accesscontrol import orders
from accesscontrol.dashboard.rules import draft as drafts
from accesscontrol.dashboard.rules import outline, tree
from accesscontrol.models import AIModel, AuditEvent, Rule, RuleVersion, User
from accesscontrol.orders import language
from tests.worlds.officers import NOW, content, drafted, letter, person, sign_in, submitted

pytestmark = pytest.mark.django_db
NEW = {
    "ref": "R-9", "order": "L-1", "title": "No China", "citation": "15 CFR 744.23",
    "effect": "deny", "license_review_policy": "", "zone": "America/New_York",
    "effective_from": "2026-12-01T00:00", "effective_until": "", "report_only_until": "",
    "because": "The letter asks for it", "mode": "form", "unless:n": "0",
    "w:how": "all", "w:n": "1",
    "w.0:attribute": "licensee.hq_country", "w.0:operator": "is", "w.0:value": "China",
}  # fmt: skip
TREES = [
    {"is": ["licensee.hq_country", "CN"]},
    {"all": [{"is": ["licensee.hq_country", "CN"]}]},
    {"not": {"is": ["user.us_person", True]}},
    {"all": [{"is": ["model.id", "m"]},
             {"any": [{"not": {"is": ["user.us_person", True]}},
                      {"not": {"any": [{"is": ["licensee.country", "US"]}]}}]}]},
    {"any": [{"one_of": ["licensee.country", ["CN", "RU"]]},
             {"at_least": ["model.training_ops", "1e26"]},
             {"at_least": ["licensee.restricted_owner_share.ofac", 5025]},
             {"contains": ["licensee.data_center_countries", "CN"]},
             {"not": {"is_known": ["licensee.hq_country"]}}]},
]  # fmt: skip


@pytest.fixture
def olivia(client) -> User:
    return sign_in(client, "olivia", "officer")


def vocabulary() -> dict[str, Any]:
    return {each["name"]: each for each in language.ground(NOW)["vocabulary"]}


# ---------------------------------------------------------------- list and detail


def test_no_rule_yet_says_what_one_is(client, olivia) -> None:
    assert b"No rules yet" in client.get(reverse("dashboard:rules")).content


def test_the_list_shows_state_effect_and_order_of_precedence(client, olivia) -> None:
    submitted(olivia)
    text = client.get(reverse("dashboard:rules")).content.decode()
    assert "Denied beats license required" in text
    assert "Waiting for approval" in text
    assert "R-1" in text


def test_the_state_filter_finds_what_it_names(client, olivia) -> None:
    drafted(olivia)
    assert b"R-1" in client.get(reverse("dashboard:rules"), {"state": "draft"}).content
    assert b"No rule fits" in client.get(reverse("dashboard:rules"), {"state": "in_force"}).content


def test_no_query_grows_with_the_list(client, olivia, django_assert_max_num_queries) -> None:
    letter()
    for number in range(12):
        drafted(olivia, ref=f"R-{number}")
    with django_assert_max_num_queries(14):
        client.get(reverse("dashboard:rules"))


def test_a_rule_is_read_back_in_a_sentence(client, olivia) -> None:
    drafted(olivia)
    text = client.get(reverse("dashboard:rule", args=["R-1"])).content.decode()
    assert "If the licensee is headquartered in China, then access is denied." in text


def test_a_draft_is_submitted_with_a_reason(client, olivia) -> None:
    orders.preview_now(version=drafted(olivia), by=olivia, at=NOW)
    address = reverse("dashboard:rule-submit", args=["R-1"])
    assert client.post(address, {"version": 1, "because": ""}).status_code == 422
    client.post(address, {"version": 1, "because": "Ready"})
    assert RuleVersion.objects.get().state == "submitted"


def test_a_failing_test_case_is_shown_and_blocks_submission(client, olivia) -> None:
    drafted(olivia)
    case = {"name": "Swiss", "outcome": "deny",
            "facts": "licensee.id = a\nmodel.id = m\nrequest.activity = use_api\nlicensee.hq_country = CH"}  # fmt: skip
    client.post(reverse("dashboard:rule-case-add", args=["R-1"]), case)
    text = client.get(reverse("dashboard:rule", args=["R-1"])).content.decode()
    assert "Fails" in text
    page = client.post(
        reverse("dashboard:rule-submit", args=["R-1"]), {"version": 1, "because": "Ready"}
    )
    assert page.status_code == 422
    assert "test cases fail" in page.content.decode()
    assert RuleVersion.objects.get().state == "draft"


def test_a_misspelt_fact_of_a_test_case_is_named_with_its_line(client, olivia) -> None:
    drafted(olivia)
    page = client.post(
        reverse("dashboard:rule-case-add", args=["R-1"]),
        {"name": "x", "outcome": "deny", "facts": "licensee.id = a\nlicensee.hq = CN"},
    )
    assert page.status_code == 422
    assert "Line 2: there is no attribute licensee.hq" in page.content.decode()


def test_a_new_version_is_copied_from_an_old_one(client, olivia) -> None:
    version = submitted(olivia)
    approver = person("alice", "approver")
    orders.approve(version=version, by=approver, at=NOW)
    orders.publish(version=version, by=approver, at=NOW)
    client.post(
        reverse("dashboard:rule-start", args=["R-1"]), {"version": 1, "because": "A change"}
    )
    assert RuleVersion.objects.get(version=2).state == "draft"
    assert b"Scheduled" in client.get(reverse("dashboard:rules")).content


@pytest.mark.parametrize("role", ["viewer", "auditor", "admin"])
def test_only_officers_and_approvers_draft(client, role) -> None:
    letter()
    sign_in(client, role, role)
    assert client.post(reverse("dashboard:rule-new"), {**NEW, "do": "save"}).status_code == 403
    assert not Rule.objects.exists()


# ---------------------------------------------------------------- the editor


def test_a_rule_is_drafted_by_form(client, olivia) -> None:
    letter()
    page = client.post(reverse("dashboard:rule-new"), {**NEW, "do": "save"})
    assert page.status_code == 302, page.content.decode()
    version = RuleVersion.objects.get()
    assert version.content["when"] == {"all": [{"is": ["licensee.hq_country", "CN"]}]}
    assert version.content["effective_from"] == "2026-12-01T05:00:00Z"
    assert AuditEvent.objects.filter(kind="rule.drafted").count() == 1


def test_buttons_add_and_remove_without_a_script_and_save_nothing(client, olivia) -> None:
    letter()
    address = reverse("dashboard:rule-new")
    text = client.post(address, {**NEW, "do": "add-test:w"}).content.decode()
    assert 'name="w.1:attribute"' in text
    text = client.post(address, {**NEW, "do": "add-group:w"}).content.decode()
    assert 'name="w.1:how"' in text
    text = client.post(address, {**NEW, "do": "remove:w.0"}).content.decode()
    assert 'name="w.0:attribute"' not in text
    text = client.post(address, {**NEW, "do": "add-exemption"}).content.decode()
    assert 'name="u0:citation"' in text
    assert 'value="No China"' in text
    assert not Rule.objects.exists()


def test_only_operators_of_the_type_are_offered(client, olivia) -> None:
    letter()
    posted = {**NEW, "w.0:attribute": "model.training_ops", "do": "check"}
    text = client.post(reverse("dashboard:rule-new"), posted).content.decode()
    assert '<option value="at_least" selected>' in text
    assert 'value="in_group"' not in text


def test_known_is_offered_only_where_it_never_loosens(client, olivia) -> None:
    letter()
    text = client.post(reverse("dashboard:rule-new"), {**NEW, "do": "check"}).content.decode()
    assert 'value="unknown"' in text
    assert 'value="known"' not in text
    within = {**NEW, "w:how": "none", "do": "check"}
    text = client.post(reverse("dashboard:rule-new"), within).content.decode()
    assert 'value="known"' in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"w.0:value": "Chinaa"}, "country code"),
        ({"w.0:attribute": "", "w.0:operator": ""}, "Choose a fact"),
        ({"w:n": "0"}, "Add a condition"),
        ({"w.0:attribute": "licensee.restricted_owner_share.ofac", "w.0:operator": "at_least",
          "w.0:value": "150"}, "0 to 10000"),
        ({"w.0:attribute": "model.training_ops", "w.0:operator": "at_least", "w.0:value": "big"},
         "quantity"),
        ({"w.0:attribute": "licensee.nothing"}, "no attribute"),
        ({"w.0:value": "\0"}, "country code"),
        ({"effective_until": "2026-11-01T00:00"}, "after"),
        ({"effective_from": "soon"}, "Write a date and a time"),
        ({"because": ""}, "Fill this in"),
        ({"zone": "Nowhere/Else"}, "valid choice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words_and_nothing_is_saved(client, olivia, typed, said) -> None:
    letter()
    page = client.post(reverse("dashboard:rule-new"), {**NEW, **typed, "do": "save"})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert 'value="No China"' in page.content.decode()
    assert not RuleVersion.objects.exists()


def test_a_reference_that_is_taken_is_refused_beside_its_field(client, olivia) -> None:
    drafted(olivia, ref="R-9")
    page = client.post(reverse("dashboard:rule-new"), {**NEW, "do": "save"})
    assert page.status_code == 422
    assert "R-9 exists" in page.content.decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ("[]", "The expression is an object"),
        ('{"when": {"is": ["licensee.hq_contry", "CN"]}}', "licensee.hq_country"),
        ('{"when": {"all": [{"is": ["licensee.hq_country", 3]}]}}', "condition 1 of “all”"),
        ('{"when": {"all": []}}', "one at least"),
        ('{"when": {"is": ["licensee.hq_country", 1.5]}}', "cannot be stored"),
        ('{"when": {"is": ["licensee.hq_country", "CN"]}, "then": 1}', "not then"),
        ('{"when": 1, "when": 2}', "twice"),
        ('{"when": ' + "[" * 900 + "]" * 900 + "}", "too deep"),
        ('{"when": {"is_known": ["licensee.hq_country"]}}', "odd number of nots"),
    ],
)
def test_a_malformed_expression_is_named_at_its_place(client, olivia, text, said) -> None:
    letter()
    posted = {**NEW, "mode": "expression", "expression": text, "do": "save"}
    page = client.post(reverse("dashboard:rule-new"), posted)
    assert page.status_code == 422
    assert said in page.content.decode().replace("&quot;", '"')
    assert not RuleVersion.objects.exists()


def test_form_and_expression_lead_to_the_same_rule(client, olivia) -> None:
    letter()
    address = reverse("dashboard:rule-new")
    page = client.post(address, {**NEW, "do": "as-expression"})
    expression = page.context["builder"]["expression"]
    assert json.loads(expression)["when"] == {"all": [{"is": ["licensee.hq_country", "CN"]}]}
    again = client.post(
        address, {**NEW, "mode": "expression", "expression": expression, "do": "as-form"}
    )
    assert 'name="w.0:attribute"' in again.content.decode()


def test_a_condition_deeper_than_the_form_stays_an_expression(client, olivia) -> None:
    deep: Any = {"is": ["licensee.hq_country", "CN"]}
    for _ in range(6):
        deep = {"all": [{"any": [deep]}]}
    drafted(olivia, when=deep)
    page = client.get(reverse("dashboard:rule-edit", args=["R-1"]))
    assert page.context["builder"]["as_expression"]
    posted = {**NEW, "mode": "expression", "expression": page.context["builder"]["expression"],
              "do": "save", "seen_at": page.context["seen_at"]}  # fmt: skip
    assert client.post(reverse("dashboard:rule-edit", args=["R-1"]), posted).status_code == 302
    assert RuleVersion.objects.get().content["when"] == deep


def test_a_stale_edit_is_refused_and_kept(client, olivia) -> None:
    version = drafted(olivia)
    address = reverse("dashboard:rule-edit", args=["R-1"])
    seen = client.get(address).context["seen_at"]
    orders.edit(
        version=version, content=content(title="Theirs"), by=person("omar", "officer"), at=NOW
    )
    page = client.post(address, {**NEW, "seen_at": seen, "do": "save"})
    assert page.status_code == 422
    assert "by omar" in page.content.decode()
    assert RuleVersion.objects.get().title == "Theirs"


def test_a_condition_without_a_value_asks_for_one(client, olivia) -> None:
    letter()
    address = reverse("dashboard:rule-new")
    for typed in ({"w.0:value": " "}, {"w.0:operator": "one_of", "w.0:value": " , "}):
        page = client.post(address, {**NEW, **typed, "do": "check"}).content.decode()
        assert "Give this condition a value, or remove it." in page
        page = client.post(address, {**NEW, **typed, "do": "save"})
        assert page.status_code == 422
        assert "Give this condition a value, or remove it." in page.content.decode()
    known = {**NEW, "w.0:operator": "unknown", "w.0:value": "", "do": "check"}
    assert "Give this condition" not in client.post(address, known).content.decode()


def test_an_id_that_the_register_does_not_hold_is_warned_of_wherever_it_is_read(
    client, olivia
) -> None:
    warning = "The register holds no model “frontier-6”"
    letter()
    typed = {"w.0:attribute": "model.id", "w.0:value": "frontier-6"}
    page = client.post(reverse("dashboard:rule-new"), {**NEW, **typed, "do": "check"})
    assert warning in page.content.decode()
    expression = '{"when": {"not": {"one_of": ["model.id", ["frontier-6"]]}}}'
    typed = {"mode": "expression", "expression": expression}
    page = client.post(reverse("dashboard:rule-new"), {**NEW, **typed, "do": "check"})
    assert warning in page.content.decode()
    version = submitted(olivia, when={"any": [{"is": ["model.id", "frontier-6"]}]})
    for address in (
        reverse("dashboard:rule", args=["R-1"]),
        reverse("dashboard:approval", args=[version.pk]),
    ):
        assert warning in client.get(address).content.decode()
    AIModel.objects.create(ref="frontier-6", name="Frontier 6", created_at=NOW)
    assert warning not in client.get(address).content.decode()


def test_the_models_of_the_register_are_offered(client, olivia) -> None:
    letter()
    AIModel.objects.create(ref="frontier-5", name="Frontier 5", created_at=NOW)
    typed = {"w.0:attribute": "model.id", "w.0:value": "", "do": "check"}
    page = client.post(reverse("dashboard:rule-new"), {**NEW, **typed}).content.decode()
    assert 'list="known-model.id"' in page
    assert '<datalist id="known-model.id"><option value="frontier-5">Frontier 5' in page


def test_a_stale_edit_from_ones_own_other_window_says_so(client, olivia) -> None:
    version = drafted(olivia)
    address = reverse("dashboard:rule-edit", args=["R-1"])
    seen = client.get(address).context["seen_at"]
    orders.edit(version=version, content=content(title="Mine"), by=olivia, at=NOW)
    page = client.post(address, {**NEW, "seen_at": seen, "do": "save"})
    assert "by yourself, in another window" in page.content.decode()


def test_exemptions_have_dates_in_the_zone(client, olivia) -> None:
    letter()
    posted = {
        **NEW, "unless:n": "1", "u0:ref": "annex-a", "u0:citation": "Letter, annex",
        "u0:effective_from": "2026-12-02T00:00", "u0:effective_until": "", "u0:how": "all", "u0:n": "1",
        "u0.0:attribute": "licensee.country", "u0.0:operator": "is", "u0.0:value": "us", "do": "save",
    }  # fmt: skip
    assert client.post(reverse("dashboard:rule-new"), posted).status_code == 302
    (exemption,) = RuleVersion.objects.get().content["unless"]
    assert exemption["effective_from"] == "2026-12-02T05:00:00Z"
    assert exemption["when"] == {"all": [{"is": ["licensee.country", "US"]}]}


@pytest.mark.parametrize("document", TREES)
def test_what_the_form_shows_comes_back_the_same(document, client, olivia) -> None:
    letter()
    known = vocabulary()
    top = tree.from_json(document, known)
    back = tree.to_json(top, known, "w", "/when", {})
    assert back in (document, {"all": [document]})
    assert not drafts.of_content({"when": document, "unless": []}, known, "UTC").as_expression


@pytest.mark.parametrize(
    "document",
    [{"not": {"all": [{"is": ["licensee.hq_country", "CN"]}]}}, {"odd": []}, 3, {"all": 3},
     {"one_of": ["licensee.custom.x", ["a, b"]]}, {"one_of": ["licensee.sector", [" a"]]}],
)  # fmt: skip
def test_what_the_form_cannot_show_is_never_changed_by_it(document) -> None:
    with pytest.raises(tree.NotInTheForm):
        tree.from_json(document, vocabulary())


def test_a_difference_is_told_line_by_line() -> None:
    known = vocabulary()
    before = outline.of_rule(content(), known)
    after = outline.of_rule(content(when={"all": [{"is": ["licensee.hq_country", "RU"]}]}), known)
    changed = [
        (line.change, line.text) for line in outline.difference(before, after) if line.change
    ]
    assert changed == [
        ("removed", "the licensee is headquartered in China"),
        ("added", "the licensee is headquartered in Russia"),
    ]
