"""Finds what would make a refused question a permit: one fact, or all the missing ones together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accesscontrol.policy.judge.papers import Lifter, Same
from accesscontrol.policy.judge.rule_truth import Case, prepare
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import IsKnown, Test, leaves
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Rule
from accesscontrol.policy.language.values import Value, instant_of
from accesscontrol.policy.online.judge import judge_case
from accesscontrol.policy.words.tests import say_value

TRIES: Final = 400  # at most so many combinations of missing facts are judged


@dataclass(frozen=True)
class Question:
    """A question that can be asked again with some facts established."""

    release: Release
    facts: Mapping[str, object]
    stated: Mapping[str, object]
    licenses: Sequence[object]
    dispositions: Sequence[object]
    at: str

    def case(self, established: Mapping[str, object] | None = None) -> Case:
        """The question, where what is established stands alone: no statement contradicts it."""
        facts = {**self.facts, **(established or {})}
        stated = {name: v for name, v in self.stated.items() if name not in (established or {})}
        return prepare(
            self.release,
            facts=facts,
            stated=stated,
            licenses=self.licenses,
            dispositions=self.dispositions,
            at=self.at,
            standing=False,
        )

    def judge(self, established: Mapping[str, object]) -> Verdict:
        return judge_case(self.case(established))


def what_would_change(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
) -> list[dict[str, object]]:
    """Suggestions, sorted: ``attributes`` (names), ``example`` (name to value) and ``sentence``.

    Each has been judged: with its example the question is permitted.
    """
    question = Question(release, facts, stated or {}, licenses, dispositions, instant_of(at))
    case = question.case()
    verdict = judge_case(case)
    if verdict.outcome == "permit" or case.world.lacking or _failed(verdict):
        return []
    deciding = _deciding(release, verdict, case)
    found = [
        _suggestion(release, established)
        for name in sorted(_changeable(release, deciding, case))
        if (established := _single(question, case, name)) is not None
    ]
    if found:
        return found
    together = _together(question, case, verdict)
    return [] if together is None else [_suggestion(release, together)]


def _failed(verdict: Verdict) -> bool:
    """Whether judging some rule failed: no fact mends that."""
    errors = [each.error for each in verdict.undetermined]
    errors += [each.error for each in verdict.would_have]
    return any(errors)


def _deciding(release: Release, verdict: Verdict, case: Case) -> list[Rule]:
    """The rules that are true or unknown."""
    refs = {reason.rule for reason in verdict.reasons} | {u.rule for u in verdict.undetermined}
    return [rule for rule in release.rules if rule.ref in refs and rule.period.holds(case.world.at)]


def _changeable(release: Release, rules: list[Rule], case: Case) -> set[str]:
    """What those rules read, and the papers that concern them; an identity never changes."""
    names: set[str] = set()
    for rule in rules:
        names |= rule.attributes
        for paper in _papers(case):
            if paper.concerns(rule, case.world.at):
                names |= {leaf.attribute.name for leaf in paper.scope}
    return {name for name in names if not release.attributes[name].identity}


def _papers(case: Case) -> list[Lifter]:
    return [*case.licenses, *case.dispositions]


def _single(question: Question, case: Case, name: str) -> dict[str, object] | None:
    """The first value of that attribute alone that makes it a permit."""
    for value in candidates(case, question.release.attributes[name]):
        established = {name: question.release.attributes[name].write(value)}
        if question.judge(established).outcome == "permit":
            return dict(established)
    return None


def candidates(case: Case, attribute: Attribute) -> list[Value]:
    """Values of the attribute such that every other one is judged like one of them."""
    release, at = case.world.release, case.world.at
    tests = list(_tests(release, attribute, at))
    papers = [leaf for paper in _papers(case) for leaf in paper.scope]
    about = [leaf for leaf in papers if leaf.attribute.name == attribute.name]
    tests += [leaf for leaf in about if not isinstance(leaf, Same)]
    more = [leaf.operand for leaf in about if isinstance(leaf, Same)]
    return representatives(attribute, tests, release, at, more)


def _tests(release: Release, attribute: Attribute, at: str) -> Iterator[Test]:
    for rule in release.rules:
        if not rule.period.holds(at):
            continue
        for condition in (rule.when, *(exemption.when for exemption in rule.unless)):
            for leaf, _ in leaves(condition):
                if leaf.attribute.name == attribute.name and not isinstance(leaf, IsKnown):
                    yield leaf


def _together(question: Question, case: Case, verdict: Verdict) -> dict[str, object] | None:
    """Values of all missing facts together that make it a permit, found by trying them in turn."""
    names = sorted(verdict.missing)
    attributes = [question.release.attributes[name] for name in names]
    if verdict.outcome != "undetermined" or any(each.identity for each in attributes):
        return None
    options = {each.name: candidates(case, each) for each in attributes}
    return _Search(question, options).from_here({})


class _Search:
    """Depth first; a rule that is true stays true, so such a branch is left at once."""

    def __init__(self, question: Question, options: dict[str, list[Value]]) -> None:
        self.question = question
        self.options = options
        self.left = TRIES

    def from_here(self, established: dict[str, object]) -> dict[str, object] | None:
        name = next((name for name in self.options if name not in established), None)
        if name is None:
            return None
        attribute = self.question.release.attributes[name]
        tried = [{**established, name: attribute.write(v)} for v in self.options[name]]
        for further in self._most_settled_first(tried):
            found = self._complete(further) or self.from_here(further)
            if found is not None:
                return found
        return None

    def _complete(self, established: dict[str, object]) -> dict[str, object] | None:
        if len(established) < len(self.options):
            return None
        return established if self.question.judge(established).outcome == "permit" else None

    def _most_settled_first(self, tried: list[dict[str, object]]) -> list[dict[str, object]]:
        open_rules = []
        for each in tried:
            self.left -= 1
            if self.left < 0:
                break
            verdict = self.question.judge(each)
            if verdict.outcome in ("undetermined", "permit"):
                open_rules.append((len(verdict.undetermined), each))
        return [each for _, each in sorted(open_rules, key=lambda entry: entry[0])]


def _suggestion(release: Release, established: Mapping[str, object]) -> dict[str, object]:
    facts = [
        say_value(release.attributes[name], release.attributes[name].read(value))
        for name, value in established.items()
    ]
    return {
        "attributes": list(established),
        "example": dict(established),
        "sentence": f"If it were established that {' and '.join(facts)}, it would be allowed.",
    }
