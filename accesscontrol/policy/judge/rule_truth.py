"""Weighs one rule in one question: its condition, its exemptions, and the papers that lift it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from accesscontrol.policy.judge.entries import lifted
from accesscontrol.policy.judge.known import World, look
from accesscontrol.policy.judge.papers import (
    Disposition,
    ExportLicense,
    Lifter,
    covers,
    lacks,
    parse_dispositions,
    parse_licenses,
)
from accesscontrol.policy.judge.truth import (
    FALSE,
    TRUE,
    UNKNOWN,
    Truth,
    all_of,
    any_of,
    missing,
    negation,
    truth,
)
from accesscontrol.policy.judge.verdict import Lifted
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.errors import BAD_SHAPE, PolicyError, below
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Exemption, Rule


@dataclass(frozen=True)
class Case:
    """A question ready to be judged: what is known, and the papers that can lift a rule."""

    world: World
    licenses: tuple[ExportLicense, ...]
    dispositions: tuple[Disposition, ...]

    @property
    def papers(self) -> bool:
        return bool(self.licenses or self.dispositions)


@dataclass(frozen=True, slots=True)
class Parts:
    """The truths that a rule's truth is made of."""

    when: Truth
    exempt: Truth
    covered: Truth
    disposed: Truth

    @property
    def whole(self) -> Truth:
        lifted = any_of((self.exempt, self.covered, self.disposed))
        return all_of((self.when, negation(lifted)))


def prepare(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object],
    licenses: object,
    dispositions: object,
    at: str,
    standing: bool,
    pointer: str = "",
) -> Case:
    """Weigh the facts and read the papers. Raises PolicyError."""
    return Case(
        look(release, facts=facts, stated=stated, at=at, standing=standing),
        parse_licenses(licenses, release.attributes, below(pointer, "licenses")),
        parse_dispositions(dispositions, release.attributes, below(pointer, "dispositions")),
    )


class Asked(NamedTuple):
    """A question as its document has it: its instant is read, its facts and papers are not."""

    release: Release
    facts: Mapping[str, object]
    stated: Mapping[str, object]
    licenses: object
    dispositions: object
    at: str
    standing: bool
    pointer: str

    def case(self) -> Case:
        """Raises PolicyError for its papers."""
        return prepare(
            self.release,
            facts=self.facts,
            stated=self.stated,
            licenses=self.licenses,
            dispositions=self.dispositions,
            at=self.at,
            standing=self.standing,
            pointer=self.pointer,
        )


def stateless(stated: Mapping[str, object] | None) -> None:
    """Raises PolicyError for statements, of which there are none in a standing."""
    if stated:
        raise PolicyError("/stated", BAD_SHAPE, "Nobody states anything in a standing.")


def is_false(rule: Rule, case: Case) -> bool:
    """Whether the rule is false; one that cannot be judged is not."""
    try:
        return parts(rule, case).whole == FALSE
    except Exception:
        return False


def parts(rule: Rule, case: Case, *, when: Truth = UNKNOWN, lifting: Truth = UNKNOWN) -> Parts:
    """The truths that the rule's truth is made of, by its trees.

    Tests over deferred facts count as given: ``when`` in its condition, ``lifting`` in what lifts.
    """
    world = case.world
    exempt = [truth(each.when, world, lifting) for each in _in_force(rule, world)]
    return Parts(truth(rule.when, world, when), any_of(exempt), *covering(rule, case, lifting))


def settled_by_a_request(rule: Rule, case: Case) -> bool:
    """Whether the rule is false when all that a request can say speaks against it."""
    return parts(rule, case, when=FALSE, lifting=TRUE).whole == FALSE


def covering(rule: Rule, case: Case, lifting: Truth = UNKNOWN) -> tuple[Truth, Truth]:
    """How far the export licenses cover the rule, and the dispositions."""
    return (
        any_of([covers(each, rule, case.world, lifting) for each in case.licenses]),
        any_of([covers(each, rule, case.world, lifting) for each in case.dispositions]),
    )


def _in_force(rule: Rule, world: World) -> list[Exemption]:
    return [exemption for exemption in rule.unless if exemption.period.holds(world.at)]


def missing_facts(rule: Rule, case: Case) -> frozenset[Attribute]:
    """The facts that the whole rule lacks: the union over its parts that are unknown."""
    world = case.world
    found = parts(rule, case)
    lacking = missing(rule.when, world)
    if found.exempt == UNKNOWN:
        lacking = lacking.union(*(missing(each.when, world) for each in _in_force(rule, world)))
    papers: list[tuple[Truth, Sequence[Lifter]]] = [
        (found.covered, case.licenses),
        (found.disposed, case.dispositions),
    ]
    for covered, lifters in papers:
        if covered == UNKNOWN:
            lacking = lacking.union(*(lacks(each, rule, world) for each in lifters))
    return lacking


def what_lifts(rule: Rule, case: Case) -> Lifted | None:
    """By the first true exemption, else the lowest license, else the lowest disposition."""
    for exemption in _in_force(rule, case.world):
        if truth(exemption.when, case.world) == TRUE:
            return lifted(rule, exemption.ref, "exemption")
    return lifted_by_paper(rule, case)


def lifted_by_paper(rule: Rule, case: Case) -> Lifted | None:
    kinds: list[tuple[Literal["license", "disposition"], Sequence[Lifter]]] = [
        ("license", case.licenses),
        ("disposition", case.dispositions),
    ]
    for kind, lifters in kinds:
        for lifter in lifters:
            if covers(lifter, rule, case.world) == TRUE:
                return lifted(rule, lifter.name, kind)
    return None
