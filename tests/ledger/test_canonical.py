"""The canonical JSON of a value is the same bytes on every machine (RFC 8785)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accesscontrol.ledger.canonical import (
    NotCanonical,
    by_definition,
    canonical_json,
    digest,
    is_plain,
    leaf_hash,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # halves of surrogate pairs too
NEAR_THE_LIMITS = st.sampled_from([2**53, 2**53 - 1, -(2**53), 1 - 2**53, 10**40])
SCALARS = st.none() | st.booleans() | st.integers() | NEAR_THE_LIMITS | ANY_TEXT
NAMES = ANY_TEXT | st.sampled_from(["\ufb33", "\U0001f600", "\x00", "\x7f", "a", ""])
ODD = st.floats() | st.binary(max_size=2) | st.sets(st.integers(), max_size=2)


def values(scalars: st.SearchStrategy[Any], names: st.SearchStrategy[Any]) -> Any:
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(names, inner, max_size=5)
        ),
        max_leaves=20,
    )


JSON = values(st.none() | st.booleans() | st.integers(-9, 9) | st.text(), st.text())
ANYTHING = values(SCALARS | ODD, NAMES | st.integers())


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


def outcome(write: Callable[[object], str], value: object) -> str:
    """The text, or the words of the refusal."""
    try:
        return write(value)
    except NotCanonical as refused:
        return f"refused: {refused}"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON | ANYTHING)
@example({"\ufb33": 1, "\U0001f600": 2})
@example({"a": [1, {"b": "\u2028"}], "\x7f": "\x00"})
def test_the_fast_way_writes_what_the_definition_writes(value: object) -> None:
    assert outcome(canonical_json, value) == outcome(by_definition, value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values(st.none() | st.booleans() | st.integers(-9, 9) | st.text("aé°"), st.text("ab")))
def test_ordinary_values_take_the_fast_way(value: object) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "value", [1.0, 2**53, "\x00", "\ud800", "a\nb", {"\u00e9": 1}, {1: 2}, {1, 2}, [[b"x"]]]
)
def test_what_two_encoders_could_write_differently_is_not_plain(value: object) -> None:
    assert not is_plain(value)


def test_digest_is_sha256_of_utf8() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


def test_leaf_hash_is_that_of_rfc_6962() -> None:
    empty = leaf_hash(b"").hex()
    assert empty == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
