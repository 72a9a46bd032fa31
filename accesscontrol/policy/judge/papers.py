"""Papers: export licenses and dispositions, which lift a rule for the questions that they cover."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, assert_never

from accesscontrol.policy.judge.known import World
from accesscontrol.policy.judge.truth import FALSE, TRUE, UNKNOWN, Truth, all_of, truth_of_test
from accesscontrol.policy.language import documents, values
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import Test
from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import UNKNOWN_ATTRIBUTE, PolicyError, below, shown
from accesscontrol.policy.language.rules import Period, Rule
from accesscontrol.policy.language.values import Value
from accesscontrol.policy.language.vocabulary import Vocabulary

LICENSE: Final = (
    "number",
    "licensees",
    "models",
    "activities",
    "countries",
    "end_uses",
    "orders",
    "valid_from",
    "valid_until",
    "remaining",
    "conditions",
)
DISPOSITION: Final = (
    "ref",
    "rule",
    "version",
    "licensee",
    "models",
    "activities",
    "valid_from",
    "valid_until",
    "facts",
)
SCOPE: Final = {
    "licensees": "licensee.id",
    "models": "model.id",
    "activities": "request.activity",
    "countries": "request.location_country",
    "end_uses": "request.end_use",
}


@dataclass(frozen=True, slots=True)
class Same:
    """True where a value is the one that a disposition was based on."""

    attribute: Attribute
    operand: Value


class Lifter(Protocol):
    """A paper that can lift a rule. It covers a question if all tests of its scope are true."""

    @property
    def name(self) -> str: ...

    def concerns(self, rule: Rule, instant: str) -> bool: ...

    @property
    def scope(self) -> tuple[Test | Same, ...]: ...


@dataclass(frozen=True)
class ExportLicense:
    name: str
    orders: frozenset[str] | None
    period: Period
    remaining: int | None
    scope: tuple[Test | Same, ...]

    def concerns(self, rule: Rule, instant: str) -> bool:
        return (
            rule.effect == "license_required"
            and self.period.contains(instant)
            and self.remaining != 0
            and (self.orders is None or rule.order in self.orders)
        )


@dataclass(frozen=True)
class Disposition:
    name: str
    rule: str
    version: int
    period: Period
    scope: tuple[Test | Same, ...]

    def concerns(self, rule: Rule, instant: str) -> bool:
        return (
            rule.effect == "review"
            and (self.rule, self.version) == (rule.ref, rule.version)
            and self.period.contains(instant)
        )


def covers(lifter: Lifter, rule: Rule, world: World, deferred: Truth = UNKNOWN) -> Truth:
    """Whether the paper covers the rule; a test over a deferred fact counts as ``deferred``."""
    if not lifter.concerns(rule, world.instant):
        return FALSE
    return all_of([_truth(leaf, world, deferred) for leaf in lifter.scope])


def lacks(lifter: Lifter, rule: Rule, world: World) -> frozenset[Attribute]:
    """The facts without which it is unknown whether the paper covers the rule."""
    if covers(lifter, rule, world) != UNKNOWN:
        return frozenset()
    return frozenset(
        leaf.attribute for leaf in lifter.scope if _truth(leaf, world, UNKNOWN) == UNKNOWN
    )


def _truth(leaf: Test | Same, world: World, deferred: Truth) -> Truth:
    match leaf:
        case Test():
            return truth_of_test(leaf, world, deferred)
        case Same():
            return _same_truth(leaf, world, deferred)
        case _:
            assert_never(leaf)


def _same_truth(same: Same, world: World, deferred: Truth) -> Truth:
    found = world.seen.get(same.attribute.name)
    if found is None:
        return deferred if world.deferred(same.attribute) else UNKNOWN
    results = {seen.value == same.operand for seen in found}
    if len(results) > 1:
        return UNKNOWN
    return TRUE if True in results else FALSE


def parse_licenses(
    document: object, vocabulary: Vocabulary, pointer: str
) -> tuple[ExportLicense, ...]:
    """Reads export licenses, lowest number first. Raises PolicyError."""
    return _parse_all(document, vocabulary, pointer, _license, "licenses with the number")


def parse_dispositions(
    document: object, vocabulary: Vocabulary, pointer: str
) -> tuple[Disposition, ...]:
    """Reads dispositions, lowest ref first. Raises PolicyError."""
    return _parse_all(document, vocabulary, pointer, _disposition, "dispositions with the ref")


Paper = TypeVar("Paper", ExportLicense, Disposition)


def _parse_all(
    document: object,
    vocabulary: Vocabulary,
    pointer: str,
    read: Callable[[object, Vocabulary, str], Paper],
    what: str,
) -> tuple[Paper, ...]:
    papers: list[Paper] = []
    seen: set[object] = set()
    for index, entry in enumerate(documents.an_array(document, pointer)):
        paper = read(entry, vocabulary, below(pointer, index))
        documents.first_time(paper.name, seen, below(pointer, index), what)
        papers.append(paper)
    return tuple(sorted(papers, key=lambda paper: paper.name))


def _license(entry: object, vocabulary: Vocabulary, pointer: str) -> ExportLicense:
    document = documents.members(entry, pointer, LICENSE)
    scope = [_some(document, member, vocabulary[name], pointer) for member, name in SCOPE.items()]
    documents.member(document, "conditions", pointer, _texts, "an array of texts")
    return ExportLicense(
        name=documents.code(document, "number", pointer),
        orders=_orders(document, pointer),
        period=_period(document, pointer, open_end=True),
        remaining=_remaining(document, pointer),
        scope=tuple(leaf for leaf in scope if leaf is not None),
    )


def _some(document: Json, member: str, attribute: Attribute, pointer: str) -> Test | None:
    """The values that a paper names, as a one_of test; None where it is open to any."""
    listed = document[member]
    if listed is None and member != "licensees":
        return None
    where = below(pointer, member)
    if not isinstance(listed, list | tuple) or not listed:
        raise documents.bad_value(where, listed, "an array of values, one at least")
    each = f"values without duplicates, each {attribute.expected}"
    operands = [documents.value(v, where, attribute.read_element, each) for v in listed]
    if len(set(operands)) != len(operands):
        raise documents.bad_value(where, listed, each)
    return Test(attribute, "one_of", frozenset(operands))


def _orders(document: Json, pointer: str) -> frozenset[str] | None:
    if document["orders"] is None:
        return None
    orders = documents.member(
        document, "orders", pointer, _some_texts, "an array of orders, none twice"
    )
    return frozenset(orders)


def _some_texts(value: object) -> tuple[str, ...]:
    texts = values.distinct(value, values.filled_text)
    if not texts:
        raise values.NotAValue
    return texts


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise values.NotAValue
    return tuple(map(values.text, value))


def _remaining(document: Json, pointer: str) -> int | None:
    if document["remaining"] is None:
        return None
    whole = "null or an integer, 0 or more"
    return documents.member(document, "remaining", pointer, lambda v: values.integer(v, 0), whole)


def _period(document: Json, pointer: str, *, open_end: bool) -> Period:
    read_end = documents.instant_or_null if open_end else documents.instant
    start = documents.instant(document, "valid_from", pointer)
    end = read_end(document, "valid_until", pointer)
    documents.ordered(start, end, pointer)
    return Period(start, end)


def _disposition(entry: object, vocabulary: Vocabulary, pointer: str) -> Disposition:
    document = documents.members(entry, pointer, DISPOSITION)
    licensee = vocabulary["licensee.id"]
    name = documents.member(document, "licensee", pointer, licensee.read, licensee.expected)
    named = [
        _some(document, member, vocabulary[SCOPE[member]], pointer)
        for member in ("models", "activities")
    ]
    return Disposition(
        name=documents.code(document, "ref", pointer),
        rule=documents.code(document, "rule", pointer),
        version=documents.number(document, "version", pointer),
        period=_period(document, pointer, open_end=False),
        scope=(
            Test(licensee, "is", name),
            *(leaf for leaf in named if leaf is not None),
            *_based_on(document["facts"], vocabulary, below(pointer, "facts")),
        ),
    )


def _based_on(document: object, vocabulary: Vocabulary, pointer: str) -> Sequence[Same]:
    facts: Mapping[str, object] = documents.an_object(document, pointer)
    return [_same(name, value, vocabulary, below(pointer, name)) for name, value in facts.items()]


def _same(name: str, value: object, vocabulary: Vocabulary, pointer: str) -> Same:
    if name not in vocabulary:
        message = f"There is no attribute {shown(name)}{documents.near(name, vocabulary)}"
        raise PolicyError(pointer, UNKNOWN_ATTRIBUTE, message)
    attribute = vocabulary[name]
    return Same(attribute, documents.value(value, pointer, attribute.read, attribute.expected))
