"""The tests of the rule language as a form offers them: which fit a type, and their words."""

from dataclasses import dataclass
from typing import Any

NUMBERS = ("integer", "quantity", "share")
SETS = ("countries", "codes")


@dataclass(frozen=True)
class Operator:
    """One choice of the form: a test of the language, plain or under a `not`."""

    code: str
    test: str
    negated: bool
    words: str
    types: tuple[str, ...]


OPERATORS: tuple[Operator, ...] = (
    Operator("is", "is", False, "is", ("boolean", "code", "country", "integer", "date")),
    Operator("is_not", "is", True, "is not", ("boolean", "code", "country", "integer", "date")),
    Operator("one_of", "one_of", False, "is one of", ("code", "country", "integer")),
    Operator("none_of", "one_of", True, "is none of", ("code", "country", "integer")),
    Operator("has_one_of", "one_of", False, "has at least one of", SETS),
    Operator("has_none_of", "one_of", True, "has none of", SETS),
    Operator("contains", "contains", False, "contains", SETS),
    Operator("contains_not", "contains", True, "does not contain", SETS),
    Operator("in_group", "in_group", False, "is in the country group", ("country",)),
    Operator("not_in_group", "in_group", True, "is not in the country group", ("country",)),
    Operator("has_in_group", "in_group", False, "has one in the country group", ("countries",)),
    Operator(
        "has_none_in_group", "in_group", True, "has none in the country group", ("countries",)
    ),
    Operator("in_list", "in_list", False, "is on the list", ("code",)),
    Operator("not_in_list", "in_list", True, "is not on the list", ("code",)),
    Operator("has_in_list", "in_list", False, "has one on the list", ("codes",)),
    Operator("has_none_in_list", "in_list", True, "has none on the list", ("codes",)),
    Operator("at_least", "at_least", False, "is at least", NUMBERS),
    Operator("less_than", "at_least", True, "is less than", NUMBERS),
    Operator("at_most", "at_most", False, "is at most", NUMBERS),
    Operator("more_than", "at_most", True, "is more than", NUMBERS),
    Operator("before", "before", False, "is before", ("date",)),
    Operator("not_before", "before", True, "is not before", ("date",)),
    Operator("after", "after", False, "is after", ("date",)),
    Operator("not_after", "after", True, "is not after", ("date",)),
)
KNOWN = Operator("known", "is_known", False, "is known", ())
UNKNOWN = Operator("unknown", "is_known", True, "is not known", ())
BY_CODE = {each.code: each for each in (*OPERATORS, KNOWN, UNKNOWN)}


def fitting(type_: str, *, in_exemption: bool, under_none: bool) -> list[Operator]:
    """The operators for a type; of known and not known, the one that never loosens there."""
    stricter = KNOWN if in_exemption != under_none else UNKNOWN
    return [each for each in OPERATORS if type_ in each.types] + [stricter]


def of(test: str, type_: str, *, negated: bool) -> Operator | None:
    """The form's operator for a test of the language on a type, if it has one."""
    if test == "is_known":
        return UNKNOWN if negated else KNOWN
    for each in OPERATORS:
        if each.test == test and each.negated == negated and type_ in each.types:
            return each
    return None


def by_name(vocabulary: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The attributes of a vocabulary by their names."""
    return {attribute["name"]: attribute for attribute in vocabulary}
