"""The canonical JSON of a value is the same bytes on every machine (RFC 8785)."""

import json

import pytest

from accesscontrol.ledger.canonical import NotCanonical, canonical_json, digest, leaf_hash


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (-(2**53 - 1), "-9007199254740991"),
        ([], "[]"),
        ({}, "{}"),
        ([1, "a", [False]], '[1,"a",[false]]'),
        ({"b": 1, "a": {"d": 2, "c": 3}}, '{"a":{"c":3,"d":2},"b":1}'),
        ("é\u2028\x7f/", '"é\u2028\x7f/"'),  # what RFC 8785 leaves as it is
        ('\b\t\n\f\r"\\\x00\x1f', '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f"'),
        # the sample of RFC 8785 §3.2.3: by UTF-16 code units an emoji comes before U+FB33
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7},
            '{"\\r":2,"1":4,"\x80":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}',
        ),
    ],
)
def test_text(value: object, text: str) -> None:
    assert canonical_json(value) == text
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "value",
    [1.0, 2**53, -(2**53), "\ud800", {"\udc00": 1}, {1: 2}, {1, 2}, b"x", [float("nan")]],
)
def test_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_digest_is_sha256_of_utf8() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


def test_leaf_hash_is_that_of_rfc_6962() -> None:
    empty = leaf_hash(b"").hex()
    assert empty == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
