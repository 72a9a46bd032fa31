"""Names that are the same party are spelled the same; names that are not are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accesscontrol.matching.normalize import normalize, words

SAME = [
    ("Acme GmbH", "ACME"),
    ("Acme GmbH & Co. KG", "acme"),
    ("Cimex, S.A.", "CIMEX SA"),
    ("CIMEX S/A", "Cimex"),
    ("Société Générale S.A.", "SOCIETE GENERALE"),
    ("ZBOUN, Anwar Mohammed", "Anwar Mohammed Zboun"),
    ("Fathi Mohammed QAR?AWI", "Fathi Mohammed QAR'AWI"),
    ("H & H METALFORM GMBH", "H AND H METALFORM"),
    ("ООО «Альфа»", "Alfa, OOO"),
    ("华为技术有限公司", "华为技术"),
    ("株式会社日立製作所", "日立製作所"),
    ("삼성전자 주식회사", "삼성전자"),
    ("The Bank of Nowhere plc", "Bank of Nowhere"),
    ("Ｆｕｌｌ Ｗｉｄｔｈ Ltd", "full width"),
    ("Petróleos de Venezuela, S.A. (PDVSA)", "PETROLEOS DE VENEZUELA SA PDVSA"),
]

DIFFERENT = [
    ("Fund VII", "Fund VIII"),
    ("Plant 12", "Plant 21"),
    ("Alpha 1 Ltd", "Alpha Ltd"),
    ("Santander Chile", "Santander"),
    ("Acme Holding", "Acme Group"),
    ("Limited", "Company"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_party_written_twice(one, other):
    assert normalize(one) == normalize(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_parties(one, other):
    assert normalize(one) != normalize(other)


@pytest.mark.parametrize(
    "name", ["Limited", "Company Ltd", "& Co. Ltd", "The Company", "有限公司", "Inc. and Co."]
)
def test_legal_forms_are_never_removed_to_nothing(name):
    assert normalize(name) not in {"", "and", "the"}


def test_a_name_without_letter_or_digit_is_empty():
    assert normalize("  --- . ") == ""


def test_words_keep_their_order():
    assert words("Zeta Alpha Ltd") == ["zeta", "alpha"]


@given(st.text())
def test_normalizing_twice_changes_no_letters_that_compare(name):
    once = normalize(name)
    assert once == " ".join(sorted(once.split()))
    assert once.isascii()
    assert once == once.lower()


@given(st.text(alphabet="abcABC12 .,-&'", min_size=1), st.sampled_from(["Ltd", "GmbH", "LLC"]))
def test_a_legal_form_more_or_less_is_the_same_party(name, form):
    if any(letter.isalnum() for letter in name):
        assert normalize(f"{name} {form}") == normalize(f"{name} {form} {form}")


@given(st.text())
def test_every_digit_is_kept(name):
    kept = "".join(sorted(c for c in normalize(name) if c.isdigit()))
    ascii_digits = sorted(c for c in name if c in "0123456789")
    assert all(kept.count(digit) >= ascii_digits.count(digit) for digit in set(ascii_digits))
