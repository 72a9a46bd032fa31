"""The operators that the form offers for a type, with their words, from the language's table."""

from collections.abc import Iterator
from dataclasses import dataclass

from accesscontrol import policy


@dataclass(frozen=True)
class Offer:
    """One operator of the form: a test of the language, plain or under a `not`."""

    code: str
    test: str
    negated: bool
    words: str
    types: tuple[str, ...]
    operand: policy.OperandKind | None  # None: nothing is typed beside it


KNOWN = Offer("known", "is_known", False, "is known", (), None)
UNKNOWN = Offer("unknown", "is_known", True, "is not known", (), None)


def offers() -> Iterator[Offer]:
    """The operators of the language's table, in its order, each plain and negated."""
    for name, operator in policy.OPERATORS.items():
        operand = operator.operand
        for form in operator.form:
            yield Offer(form.code, name, False, form.words, form.types, operand)
            yield Offer(form.negated_code, name, True, form.negated_words, form.types, operand)


def by_code(code: str) -> Offer | None:
    """The operator that a form posts by this code."""
    return next((offer for offer in (*offers(), KNOWN, UNKNOWN) if offer.code == code), None)


def fitting(type_: str, *, in_exemption: bool, under_none: bool) -> list[Offer]:
    """The operators for a type. Of known and not known, only the one that never loosens there."""
    stricter = KNOWN if in_exemption != under_none else UNKNOWN
    return [offer for offer in offers() if type_ in offer.types] + [stricter]


def of(test: str, type_: str, *, negated: bool) -> Offer | None:
    """The form's operator for a test of the language on a type, if it has one."""
    if test == "is_known":
        return UNKNOWN if negated else KNOWN
    for offer in offers():
        if offer.test == test and offer.negated == negated and type_ in offer.types:
            return offer
    return None
