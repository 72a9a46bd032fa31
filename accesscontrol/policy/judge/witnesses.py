"""Witnesses: a few values of an attribute that stand for all its values.

Of tests ``at_least 5`` and ``at_most 9`` over an integer, the witnesses are 4, 5 and 10: any other
number makes the tests come out as one of these does.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, assert_never

from accesscontrol.ledger.canonical import LARGEST_INTEGER
from accesscontrol.policy.judge.known import as_seen
from accesscontrol.policy.judge.truth import is_true
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import Test
from accesscontrol.policy.language.countries import COUNTRIES
from accesscontrol.policy.language.operators import OPERATORS
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import (
    LONGEST_QUANTITY,
    WHOLE,
    Value,
    elements,
)

SETS: Final = 256  # the most witnesses that are sets
OTHER: Final = "other"  # a code that no test names; it is lengthened until none does
FIRST: Final = ("US", "GB", "DE", "JP", "CN", "RU")  # countries that a reader knows, as examples

Signature = tuple[bool, ...]


def representatives(
    attribute: Attribute,
    tests: Sequence[Test],
    release: Release,
    instant: str,
    more: Iterable[Value] = (),
) -> list[Value]:
    """One value for each way in which the tests, all over this attribute, can come out.

    ``more`` are values that papers compare with. Each of them is a witness too.
    """
    compared = [*more, *constants(tests, release)]
    single = _single_values(attribute, compared)
    if attribute.type in ("countries", "codes"):
        return _sets(attribute, single, compared, tests, release, instant)
    return list(_one_of_each(attribute, single, tests, release, instant, keep=frozenset(more)))


def _one_of_each(
    attribute: Attribute,
    candidates: Iterable[Value],
    tests: Sequence[Test],
    release: Release,
    instant: str,
    keep: frozenset[Value],
) -> Iterator[Value]:
    """The first candidate for each way in which the tests come out, and those to keep."""
    met: set[Signature] = set()
    for candidate in candidates:
        signature = _signature(attribute, candidate, tests, release, instant)
        if candidate in keep or signature not in met:
            yield candidate
        met.add(signature)


def _signature(
    attribute: Attribute, value: Value, tests: Sequence[Test], release: Release, instant: str
) -> Signature:
    seen = as_seen(release, attribute, value)
    return tuple(is_true(test, seen, release, instant) for test in tests)


def _sets(
    attribute: Attribute,
    single: list[Value],
    constants: list[Value],
    tests: Sequence[Test],
    release: Release,
    instant: str,
) -> list[Value]:
    """Sets, made by uniting sets of one element, one for each way in which the tests come out.

    They are at most as many as SETS says.
    """
    singletons: list[Value] = [frozenset({str(each)}) for each in single]
    whole: list[Value] = [each for each in constants if isinstance(each, frozenset)]
    start: list[Value] = [] if attribute.non_empty else [frozenset()]
    found: dict[Signature, Value] = {}
    for each in [*start, *singletons]:
        found.setdefault(_signature(attribute, each, tests, release, instant), each)
    classes = list(found.values())
    waiting = list(classes)
    while waiting and len(found) < SETS:
        grown = elements(waiting.pop())
        for each in classes:
            union: Value = frozenset(str(v) for v in grown | elements(each))
            signature = _signature(attribute, union, tests, release, instant)
            if signature not in found:
                found[signature] = union
                waiting.append(union)
    return list(dict.fromkeys([*found.values(), *whole]))


def constants(tests: Iterable[Test], release: Release) -> Iterator[Value]:
    """The values that the tests name, with all that are ever members of a group or list."""
    for test in tests:
        kind = OPERATORS[test.operator].operand
        members = () if kind.names is None else release.named(kind.names)[str(test.operand)].entries
        yield from kind.values(test.operand, (value for value, _ in members))


def _single_values(attribute: Attribute, constants: list[Value]) -> list[Value]:
    """Candidates for a value, or for one element of a set, those that tests name first."""
    named = list(dict.fromkeys(each for value in constants for each in elements(value)))
    match attribute.type:
        case "boolean":
            return [True, False]
        case "country" | "countries":
            return [*FIRST, *(code for code in COUNTRIES if code not in FIRST)]
        case "code" | "codes":
            return _codes(attribute, named)
        case "integer":
            return _numbers(named, -LARGEST_INTEGER, LARGEST_INTEGER)
        case "share":
            return _numbers(named, 0, WHOLE)
        case "quantity":
            return _numbers(named, 0, 10**LONGEST_QUANTITY - 1)
        case "date":
            return _dates(named)
        case _:
            assert_never(attribute.type)


def _codes(attribute: Attribute, named: list[Value]) -> list[Value]:
    if attribute.values is not None:
        return list(attribute.values)
    other = OTHER
    while other in named:
        other += "_"
    return [*named, other]


def _numbers(named: list[Value], least: int, most: int) -> list[Value]:
    """Each named number with its two neighbors, so that some lie between any two named ones."""
    constants = [int(str(each)) for each in named] or [0]
    around = {each + step for each in constants for step in (-1, 0, 1)}
    return [each for each in sorted(around) if least <= each <= most]


def _dates(named: list[Value]) -> list[Value]:
    constants = [date.fromisoformat(str(each)) for each in named] or [date(2000, 1, 1)]
    around = {_shifted(each, step) for each in constants for step in (-1, 0, 1)}
    return [each.isoformat() for each in sorted(around)]


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:  # the calendar ends there, and so do its intervals
        return day
