"""The tests of the rule language as a form offers them: which fit a type, and their words."""

from collections.abc import Iterator
from dataclasses import dataclass

from accesscontrol import policy


@dataclass(frozen=True)
class Offer:
    """One choice of the form: a test of the language, plain or under a `not`."""

    code: str
    test: str
    negated: bool
    words: str
    types: tuple[str, ...]
    operand: policy.OperandKind | None  # what is typed beside it, if anything


KNOWN = Offer("known", "is_known", False, "is known", (), None)
UNKNOWN = Offer("unknown", "is_known", True, "is not known", (), None)


def offers() -> Iterator[Offer]:
    """What the table of the language offers, in its order."""
    for name, operator in policy.OPERATORS.items():
        operand = operator.operand
        for form in operator.form:
            yield Offer(form.code, name, False, form.words, form.types, operand)
            yield Offer(form.negated_code, name, True, form.negated_words, form.types, operand)


def by_code(code: str) -> Offer | None:
    """The choice that a form posts by this code."""
    return next((each for each in (*offers(), KNOWN, UNKNOWN) if each.code == code), None)


def fitting(type_: str, *, in_exemption: bool, under_none: bool) -> list[Offer]:
    """The choices for a type; of known and not known, the one that never loosens there."""
    stricter = KNOWN if in_exemption != under_none else UNKNOWN
    return [each for each in offers() if type_ in each.types] + [stricter]


def of(test: str, type_: str, *, negated: bool) -> Offer | None:
    """The form's choice for a test of the language on a type, if it has one."""
    if test == "is_known":
        return UNKNOWN if negated else KNOWN
    for each in offers():
        if each.test == test and each.negated == negated and type_ in each.types:
            return each
    return None
