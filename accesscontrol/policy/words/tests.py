"""One leaf of a rule in words: as the rule reads, or with the value that was found."""

from typing import Final, assert_never

from accesscontrol.policy.judge.known import World, as_seen
from accesscontrol.policy.judge.truth import is_true
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.builtin import built_in
from accesscontrol.policy.language.conditions import IsKnown, Leaf, Test
from accesscontrol.policy.language.countries import COUNTRIES
from accesscontrol.policy.language.operators import OPERATORS
from accesscontrol.policy.language.values import Value, element, elements

# The beginnings of a sentence about a value, plain and denied. Other attributes get "the … is".
BEFORE: Final[dict[str, tuple[str, str]]] = {
    "licensee.country": ("the licensee is in", "the licensee is not in"),
    "licensee.hq_country": (
        "the licensee is headquartered in",
        "the licensee is not headquartered in",
    ),
    "licensee.ultimate_parent_country": (
        "the licensee's ultimate parent is headquartered in",
        "the licensee's ultimate parent is not headquartered in",
    ),
    "licensee.data_center_countries": (
        "the licensee has a data center in",
        "the licensee has no data center in",
    ),
    "licensee.statements_on_file": (
        "the licensee has on file the statement",
        "the licensee has not on file the statement",
    ),
    "model.capability_tags": (
        "the model has the capability tag",
        "the model has not the capability tag",
    ),
    "user.nationalities": (
        "the user is a national of",
        "the user is not a national of",
    ),
    "user.most_recent_nationality": (
        "the user most recently became a national of",
        "the user did not most recently become a national of",
    ),
    "request.location_country": ("access is from", "access is not from"),
    "request.location_region": ("access is from the region", "access is not from the region"),
}
# What stands before a limit and after it.
LIMITS: Final[dict[str, tuple[str, str]]] = {
    "model.training_ops": ("the model was trained with", " operations"),
    "licensee.red_flags_open": ("the licensee has", " open red flags"),
    "model.jailbreak_findings_open": ("the model has", " open jailbreak findings"),
}
# The sentences for true and for false.
STATES: Final[dict[str, tuple[str, str]]] = {
    "model.weights_published": (
        "the model's weights are published",
        "the model's weights are not published",
    ),
    "user.us_person": ("the user is a US person", "the user is not a US person"),
    "user.lawful_permanent_resident": (
        "the user is a lawful permanent resident of the United States",
        "the user is not a lawful permanent resident of the United States",
    ),
    "user.protected_individual": (
        "the user is a protected individual",
        "the user is not a protected individual",
    ),
    "user.employee_of_provider": (
        "the user works for the model's provider",
        "the user does not work for the model's provider",
    ),
}
WITH_ARTICLE: Final = frozenset({"BS", "GM", "KM", "MV", "NL", "PH"})
ARTICLE_WORDS: Final = ("United", "Republic", "Islands", "Territor", "Netherlands")
_ROUND: Final = 10**6  # round quantities from here on are written with an exponent


def say(leaf: Leaf, *, negated: bool = False) -> str:
    """The leaf as a rule reads, or (``negated``) its opposite."""
    match leaf:
        case IsKnown(attribute):
            return f"it is {'not ' if negated else ''}known what the {named(attribute)} is"
        case Test(attribute, _, bool(operand)):
            return state(attribute, operand is not negated)
        case Test():
            return _say_test(leaf, negated=negated)
        case _:
            assert_never(leaf)


def _say_test(test: Test, *, negated: bool) -> str:
    attribute, words = test.attribute, OPERATORS[test.operator].words
    said = (words.negated if negated else words.plain).format(_operand(test))
    match words.frame:
        case "value":
            return f"{_before(attribute, negated=negated)} {said}"
        case "listed":
            return f"{_listed(attribute, negated=negated)} {said}"
        case "limit":
            before, after = LIMITS.get(attribute.name, (f"the {named(attribute)} is", ""))
            return f"{before} {said}{after}"
        case _:
            assert_never(words.frame)


def _operand(test: Test) -> str:
    if OPERATORS[test.operator].operand.names is not None:
        return str(test.operand)
    if isinstance(test.operand, frozenset):
        return _any_of(test.attribute, test.operand)
    return show_element(test.attribute, test.operand)


def say_found(leaf: Leaf, value: Value, world: World, *, negated: bool = False) -> str:
    """The leaf with the value that was found, where it is a test that is true of it.

    An example: "the licensee is in Hong Kong, which is in country group D:5".
    """
    match leaf:
        case IsKnown() | Test(_, _, bool()):
            return say(leaf, negated=negated)
        case Test():
            return say(leaf, negated=True) if negated else _say_true(leaf, value, world)
        case _:
            assert_never(leaf)


def _say_true(test: Test, value: Value, world: World) -> str:
    value = _matching(test, value, world)
    said = OPERATORS[test.operator].words.found.format(
        said=say(test),
        frame=_before(test.attribute),
        value=show(test.attribute, value),
        operand=_operand(test),
    )
    wanted = as_seen(world.release, test.attribute, value).stands_for & _compared(test)
    if wanted and not wanted & elements(value):  # a territory of one of them
        return f"{said}, which belongs to {_any_of(test.attribute, wanted)}"
    return said


def _compared(test: Test) -> frozenset[Value]:
    """The values in the operand; none where it is the name of a group or list."""
    return frozenset(OPERATORS[test.operator].operand.values(test.operand, ()))


def _matching(test: Test, value: Value, world: World) -> Value:
    """The elements of a set of which the test is true; a value of another type as it is."""
    if not isinstance(value, frozenset):
        return value
    singles = {each: as_seen(world.release, test.attribute, frozenset({each})) for each in value}
    return frozenset(
        each for each, seen in singles.items() if is_true(test, seen, world.release, world.instant)
    )


def state(attribute: Attribute, value: bool) -> str:
    """A boolean fact in a sentence."""
    if attribute.name in STATES:
        return STATES[attribute.name][0 if value else 1]
    if attribute.name.startswith("licensee.captured_by_ownership."):
        regime = attribute.name.rpartition(".")[2]
        return f"the licensee is {'' if value else 'not '}captured by ownership ({regime})"
    return f"the {named(attribute)} is {'true' if value else 'false'}"


def show(attribute: Attribute, value: Value) -> str:
    """A value as a person reads it: countries by name, shares in percent."""
    if isinstance(value, frozenset):
        elements = sorted(value)
        return _joined([show_element(attribute, each) for each in elements], "and") or "none"
    return show_element(attribute, value)


def show_element(attribute: Attribute, value: Value) -> str:
    match element(attribute.type):
        case "country":
            return country_in_words(str(value))
        case "share":
            return f"{int(str(value)) / 100:g} %"
        case "quantity":
            return _quantity(int(str(value)))
        case "boolean":
            return "true" if value else "false"
        case _:
            return str(value)


def country_in_words(code: str) -> str:
    """A country's name as it stands in a sentence, with "the" where it has one."""
    name = COUNTRIES.get(code, code)
    takes_article = code in WITH_ARTICLE or any(word in name for word in ARTICLE_WORDS)
    return f"the {name}" if takes_article else name


def say_value(attribute: Attribute, value: Value) -> str:
    """The sentence that the attribute has this value."""
    if isinstance(value, bool):
        return state(attribute, value)
    if value == frozenset():
        return f"there are no {named(attribute)}"
    return f"{_before(attribute)} {show(attribute, value)}"


def named(attribute: Attribute) -> str:
    """The attribute in a sentence, after "the": its label, the built-in one, or its name."""
    if attribute.label:
        return attribute.label
    table = built_in(attribute.name)
    return table.label if table is not None else attribute.name


def sentence_case(text: str) -> str:
    """Makes a sentence: a capital at the beginning and a full stop at the end."""
    return text[:1].upper() + text[1:] + "."


def _quantity(value: int) -> str:
    digits = str(value)
    significant = digits.rstrip("0")
    if value >= _ROUND and len(significant) == 1:
        return f"{significant}e{len(digits) - len(significant)}"
    return digits


def _before(attribute: Attribute, *, negated: bool = False) -> str:
    if attribute.name in BEFORE:
        return BEFORE[attribute.name][1 if negated else 0]
    if attribute.type in ("countries", "codes"):
        return f"the {named(attribute)} {'do not include' if negated else 'include'}"
    return f"the {named(attribute)} is{' not' if negated else ''}"


def _listed(attribute: Attribute, *, negated: bool) -> str:
    if attribute.type == "codes":
        return f"{'none' if negated else 'one'} of the {named(attribute)} is"
    return f"the {named(attribute)} is{' not' if negated else ''}"


def _any_of(attribute: Attribute, operands: frozenset[Value]) -> str:
    return _joined(sorted(show_element(attribute, each) for each in operands), "or")


def _joined(words: list[str], last: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
