"""The vocabulary: what is built in, once a list or regime, and custom; and the canonical text of it all."""

from datetime import UTC, datetime

import pytest

from accesscontrol import policy
from accesscontrol.ledger.canonical import canonical_json, digest
from tests.worlds.language import NOW, document, entry, exemption, release, rule

CUSTOM = {"name": "licensee.custom.biosafety_certificate", "type": "boolean", "source": "register"}
WHOLE = policy.vocabulary(
    lists=["EL", "SDN"], regimes=["ofac"], end_uses=["research", "civil"], custom=[CUSTOM]
)


def test_it_is_accepted_by_a_release() -> None:
    read = policy.parse_release(document(vocabulary=WHOLE)).attributes
    assert {attribute.name for attribute in policy.BUILT_IN} < set(read)
    assert read["licensee.list_status.SDN"].values == ("clear", "confirmed", "possible")
    assert read["licensee.captured_by_ownership.ofac"].type == "boolean"
    assert read["licensee.restricted_owner_share.ofac"].register_only
    assert read["request.end_use"].values == ("civil", "research")
    assert read[str(CUSTOM["name"])].type == "boolean"


@pytest.mark.parametrize("attribute", policy.BUILT_IN, ids=lambda attribute: attribute.name)
def test_every_attribute_says_what_it_is(attribute: policy.Attribute) -> None:
    assert attribute.label
    assert attribute.meaning.endswith(".")


def test_the_table_has_no_attribute_twice() -> None:
    names = [attribute.name for attribute in policy.BUILT_IN]
    assert len(names) == len(set(names))


def test_a_canonical_text_sorts_sets_and_writes_quantities_out() -> None:
    loose = rule(
        {
            "all": [
                {"one_of": ["licensee.country", ["US", "CN"]]},
                {"at_least": ["model.training_ops", "1e3"]},
            ]
        }
    )
    exact = rule(
        {
            "all": [
                {"one_of": ["licensee.country", ["CN", "US"]]},
                {"at_least": ["model.training_ops", "1000"]},
            ]
        }
    )
    vocabulary = [
        {**each, "values": sorted(each["values"])} if isinstance(each.get("values"), list) else each
        for each in document()["vocabulary"]  # type: ignore[attr-defined]
    ]
    written = canonical_json(document(exact, vocabulary=vocabulary))
    assert release(loose).canonical == written
    assert release(loose).digest == release(exact).digest == digest(written)


def test_boundaries_are_every_instant_at_which_an_answer_can_change() -> None:
    found = release(
        rule(
            {"in_group": ["licensee.country", "g"]},
            effective_from="2026-01-01T00:00:00Z",
            effective_until="2026-02-01T00:00:00Z",
            report_only_until="2026-01-02T00:00:00Z",
            unless=[
                exemption({"in_list": ["licensee.id", "l"]}, effective_until="2026-01-03T00:00:00Z")
            ],
        ),
        groups={"g": [entry("CN", "2026-01-04T00:00:00Z")]},
        lists={"l": [entry("acme", None, "2026-01-05T00:00:00Z"), entry("bolt", NOW)]},
    ).boundaries()
    days = [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 1), (6, 20)]
    assert list(found) == [datetime(2026, month, day, tzinfo=UTC) for month, day in days]
