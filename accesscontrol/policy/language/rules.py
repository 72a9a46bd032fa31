"""Rules and their exemptions: what a clause of an order forbids, what lifts it, and when."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from accesscontrol.policy.language import conditions, documents
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.condition_json import Scope, condition_json, parse_condition
from accesscontrol.policy.language.conditions import Condition
from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import BAD_SHAPE, PolicyError, below
from accesscontrol.policy.language.vocabulary import parse_vocabulary

Effect = Literal["deny", "license_required", "review"]
EFFECTS: Final[tuple[Effect, ...]] = ("deny", "license_required", "review")  # strictest first

RULE: Final = (
    "ref",
    "version",
    "title",
    "order",
    "citation",
    "effect",
    "when",
    "unless",
    "effective_from",
    "effective_until",
    "report_only_until",
)
EXEMPTION: Final = ("ref", "citation", "when", "effective_from", "effective_until")


@dataclass(frozen=True, slots=True)
class Period:
    """The time from ``start`` up to ``end``, with the one instant and without the other.

    None is no bound on that side.
    """

    start: str | None
    end: str | None

    def contains(self, instant: str) -> bool:
        return (self.start is None or self.start <= instant) and (
            self.end is None or instant < self.end
        )

    def overlaps(self, other: "Period") -> bool:
        return _before(self.start, other.end) and _before(other.start, self.end)


@dataclass(frozen=True)
class Exemption:
    """An exemption of one rule, which it lifts where its condition is true."""

    ref: str
    citation: str
    when: Condition
    period: Period

    def to_json(self) -> dict[str, object]:
        return {
            "ref": self.ref,
            "citation": self.citation,
            "when": condition_json(self.when),
            "effective_from": self.period.start,
            "effective_until": self.period.end,
        }


@dataclass(frozen=True)
class Rule:
    """One version of a rule, with the period in which the version is in force."""

    ref: str
    version: int
    title: str
    order: str
    citation: str
    effect: Effect
    when: Condition
    unless: tuple[Exemption, ...]
    period: Period
    report_only_until: str | None = None
    license_review_policy: str | None = None

    @property
    def effective_from(self) -> str | None:
        return self.period.start

    @property
    def effective_until(self) -> str | None:
        return self.period.end

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes that the rule and its exemptions read."""
        exempting = (conditions.attributes(exemption.when) for exemption in self.unless)
        return conditions.attributes(self.when).union(*exempting)

    def report_only(self, instant: str) -> bool:
        return self.report_only_until is not None and instant < self.report_only_until

    def to_json(self) -> dict[str, object]:
        document: dict[str, object] = {
            "ref": self.ref,
            "version": self.version,
            "title": self.title,
            "order": self.order,
            "citation": self.citation,
            "effect": self.effect,
            "when": condition_json(self.when),
            "unless": [exemption.to_json() for exemption in self.unless],
            "effective_from": self.period.start,
            "effective_until": self.period.end,
            "report_only_until": self.report_only_until,
        }
        if self.license_review_policy is not None:
            document["license_review_policy"] = self.license_review_policy
        return document


def parse_rule(
    document: object,
    *,
    vocabulary: Mapping[str, Attribute] | Iterable[Attribute | Mapping[str, object]],
    groups: Collection[str],
    lists: Collection[str],
    pointer: str = "",
) -> Rule:
    """Reads a rule. Raises PolicyError with a pointer that begins with ``pointer``.

    ``vocabulary`` is a release's, or its JSON; of ``groups`` and ``lists`` only the names matter.
    """
    known = _by_name(vocabulary)
    rule = documents.members(document, pointer, RULE, ("license_review_policy",))
    effect = _effect(rule, pointer)
    policy = _license_review_policy(rule, effect, pointer)
    period = _period(rule, pointer, open_start=False)
    scope = Scope(known, groups, lists, below(pointer, "when"), exempts=False)
    return Rule(
        ref=documents.code(rule, "ref", pointer),
        version=documents.number(rule, "version", pointer),
        title=documents.filled_text(rule, "title", pointer),
        order=documents.filled_text(rule, "order", pointer),
        citation=documents.filled_text(rule, "citation", pointer),
        effect=effect,
        when=parse_condition(rule["when"], scope.outermost, scope),
        unless=_exemptions(rule["unless"], below(pointer, "unless"), scope),
        period=period,
        report_only_until=documents.instant_or_null(rule, "report_only_until", pointer),
        license_review_policy=policy,
    )


def _by_name(
    vocabulary: Mapping[str, Attribute] | Iterable[Attribute | Mapping[str, object]],
) -> Mapping[str, Attribute]:
    if isinstance(vocabulary, Mapping):
        return vocabulary
    entries = [entry.to_json() if isinstance(entry, Attribute) else entry for entry in vocabulary]
    return parse_vocabulary(entries, "/vocabulary")


def _effect(rule: Json, pointer: str) -> Effect:
    for effect in EFFECTS:
        if rule["effect"] == effect:
            return effect
    raise documents.bad_value(
        below(pointer, "effect"), rule["effect"], f"one of {', '.join(EFFECTS)}"
    )


def _license_review_policy(rule: Json, effect: Effect, pointer: str) -> str | None:
    if "license_review_policy" not in rule:
        return None
    if effect != "license_required":
        message = f'A license review policy belongs to "license_required" only, not to "{effect}".'
        raise PolicyError(pointer, BAD_SHAPE, message)
    return documents.filled_text(rule, "license_review_policy", pointer)


def _period(document: Json, pointer: str, *, open_start: bool) -> Period:
    read_start = documents.instant_or_null if open_start else documents.instant
    start = read_start(document, "effective_from", pointer)
    end = documents.instant_or_null(document, "effective_until", pointer)
    documents.ordered(start, end, pointer)
    return Period(start, end)


def _exemptions(document: object, pointer: str, scope: Scope) -> tuple[Exemption, ...]:
    seen: set[object] = set()
    return tuple(
        _exemption(entry, below(pointer, index), scope, seen)
        for index, entry in enumerate(documents.an_array(document, pointer))
    )


def _exemption(entry: object, pointer: str, scope: Scope, seen: set[object]) -> Exemption:
    exemption = documents.members(entry, pointer, EXEMPTION)
    ref = documents.code(exemption, "ref", pointer)
    documents.first_time(ref, seen, pointer, "exemptions with the ref")
    inside = below(pointer, "when")
    within = Scope(scope.vocabulary, scope.groups, scope.lists, inside, exempts=True)
    return Exemption(
        ref=ref,
        citation=documents.filled_text(exemption, "citation", pointer),
        when=parse_condition(exemption["when"], inside, within),
        period=_period(exemption, pointer, open_start=True),
    )


def _before(start: str | None, end: str | None) -> bool:
    return start is None or end is None or start < end
