"""What would make a refused question a permit: one fact, or all missing facts together."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from accesscontrol.policy.judge.papers import Same
from accesscontrol.policy.judge.question import Prepared, Question
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.judge.witnesses import representatives
from accesscontrol.policy.language.attributes import Attribute
from accesscontrol.policy.language.conditions import Test, tests_of
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.rules import Rule
from accesscontrol.policy.language.values import Value
from accesscontrol.policy.online.judge import judge_question
from accesscontrol.policy.words.tests import say_value

TRIES: Final = 400  # the most combinations of missing facts that are judged


def what_would_change(
    release: Release,
    *,
    facts: Mapping[str, object],
    stated: Mapping[str, object] | None = None,
    licenses: Sequence[object] = (),
    dispositions: Sequence[object] = (),
    at: datetime,
) -> list[dict[str, object]]:
    """Suggestions, sorted: ``attributes`` (names), ``example`` (value by name) and ``sentence``.

    Each has been judged: with its example the question is permitted.
    """
    question = Question(release, facts, stated or {}, licenses, dispositions, at)
    verdict, prepared = judge_question(question), question.prepared()
    if verdict.outcome == "permit" or prepared.world.lacking or _failed(verdict):
        return []
    deciding = _deciding(release, verdict, prepared)
    found = [
        _suggestion(release, established)
        for name in sorted(_changeable(release, deciding, prepared))
        if (established := _single(question, prepared, name)) is not None
    ]
    if found:
        return found
    together = _together(question, prepared, verdict)
    return [] if together is None else [_suggestion(release, together)]


def _judged_with(question: Question, established: Mapping[str, object]) -> Verdict:
    """The verdict if these facts were established. Statements about them do not count then."""
    stated = {name: v for name, v in question.stated.items() if name not in established}
    facts = {**question.facts, **established}
    return judge_question(question._replace(facts=facts, stated=stated))


def _failed(verdict: Verdict) -> bool:
    """Whether judging some rule failed, which no fact can mend."""
    errors = [each.error for each in verdict.undetermined]
    errors += [each.error for each in verdict.would_have]
    return any(errors)


def _deciding(release: Release, verdict: Verdict, prepared: Prepared) -> list[Rule]:
    """The rules in force that are true or unknown."""
    refs = {reason.rule for reason in verdict.reasons} | {u.rule for u in verdict.undetermined}
    return [
        rule
        for rule in release.rules
        if rule.ref in refs and rule.period.contains(prepared.world.instant)
    ]


def _changeable(release: Release, rules: list[Rule], prepared: Prepared) -> set[str]:
    """The attributes that those rules and their papers read, without identities."""
    names: set[str] = set()
    for rule in rules:
        names |= rule.attributes
        for paper in prepared.papers:
            if paper.concerns(rule, prepared.world.instant):
                names |= {leaf.attribute.name for leaf in paper.scope}
    return {name for name in names if not release.attributes[name].identity}


def _single(question: Question, prepared: Prepared, name: str) -> dict[str, object] | None:
    """The first value of that one attribute that makes the question a permit."""
    for value in candidates(prepared, question.release.attributes[name]):
        established = {name: question.release.attributes[name].write(value)}
        if _judged_with(question, established).outcome == "permit":
            return dict(established)
    return None


def candidates(prepared: Prepared, attribute: Attribute) -> list[Value]:
    """The witnesses of an attribute: every other value is judged like one of them."""
    release, instant = prepared.world.release, prepared.world.instant
    tests = list(_tests(release, attribute, instant))
    papers = [leaf for paper in prepared.papers for leaf in paper.scope]
    about = [leaf for leaf in papers if leaf.attribute.name == attribute.name]
    tests += [leaf for leaf in about if not isinstance(leaf, Same)]
    more = [leaf.operand for leaf in about if isinstance(leaf, Same)]
    return representatives(attribute, tests, release, instant, more)


def _tests(release: Release, attribute: Attribute, instant: str) -> Iterator[Test]:
    for rule in release.rules:
        if not rule.period.contains(instant):
            continue
        for condition in (rule.when, *(exemption.when for exemption in rule.unless)):
            for test in tests_of(condition):
                if test.attribute.name == attribute.name:
                    yield test


def _together(question: Question, prepared: Prepared, verdict: Verdict) -> dict[str, object] | None:
    """Values of all missing facts together that make the question a permit."""
    names = sorted(verdict.missing)
    attributes = [question.release.attributes[name] for name in names]
    if verdict.outcome != "undetermined" or any(each.identity for each in attributes):
        return None
    options = {each.name: candidates(prepared, each) for each in attributes}
    return _Search(question, options).from_here({})


class _Search:
    """Tries combinations of missing facts, depth first.

    A rule that is true stays true whatever else is established, so such a branch is left at once.
    """

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
        permits = _judged_with(self.question, established).outcome == "permit"
        return established if permits else None

    def _most_settled_first(self, tried: list[dict[str, object]]) -> list[dict[str, object]]:
        open_rules = []
        for each in tried:
            self.left -= 1
            if self.left < 0:
                break
            verdict = _judged_with(self.question, each)
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
