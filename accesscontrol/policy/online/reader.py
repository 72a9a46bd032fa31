"""Answers one question at a time by the compiled release, in a few microseconds.

Example, by the rules of docs/how-a-screening-works.md: may corp, with unknown headquarters, use
frontier? The fact licensee.country, DE, has the number 1, licensee.id has 1 << 24, model.id 1 << 36
and request.activity 1 << 48. Nothing is added for the headquarters (bits 12 to 23) and for the user
(60 to 71). Under the sum of the four stands a template: undetermined, since EMBARGO lacks
licensee.hq_country and LETTER lacks user.us_person. The facts {"licensee.country": "DE"} are filled
into the entry on EMBARGO, {"model.id": "frontier"} into that on LETTER.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.compiled.rule_outcomes import RuleOutcome, RuleOutcomes
from accesscontrol.policy.compiled.value_classes import NO_VALUE
from accesscontrol.policy.judge.entries import incomplete, incomplete_in
from accesscontrol.policy.judge.known import ABSENT, look
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.online.fact_numbers import FactNumbers, NotPlain, lacking
from accesscontrol.policy.online.template import VerdictTemplate

MOST_SUMS: Final = 50_000  # whose verdicts' templates are remembered before all are forgotten
MOST_TEMPLATES: Final = 10_000

Facts = Mapping[str, Any]


class OnlineReader:
    """Judges questions by one release in one stretch of its time: live questions, or standings.

    Threads share it. What it remembers under a key is computed from that key alone and is put there
    whole, and a thread goes on with what it has computed or found. So another thread that computes
    the same at the same time, or makes it forget everything, makes it slower and never wrong.
    """

    def __init__(self, compiled: Compiled, *, standing: bool) -> None:
        self._compiled = compiled
        self._standing = standing
        self._attributes = compiled.release.attributes
        self._numbers = FactNumbers(compiled, standing=standing)
        self._outcomes = RuleOutcomes(compiled, standing=standing)
        self._by_sum: dict[int, VerdictTemplate] = {}
        self._by_outcomes: dict[tuple[RuleOutcome, ...], VerdictTemplate] = {}
        self._asked_whether_known = frozenset(  # a rule tells a statement of them from a fact
            tests.attribute.name
            for tests in compiled.attribute_tests
            if tests.ask_whether_known and tests.attribute.source == "register"
        )

    @property
    def full(self) -> bool:
        """Whether a new reader has to take its place, since an attribute has too many classes."""
        return self._numbers.full

    def judge_plain(self, facts: Facts, stated: Facts) -> Verdict | None:
        """The verdict on a question without papers; None where it needs a closer look.

        1. What is stated joins the facts, where it counts.
        2. Each fact's number is looked up, and they are added up (the module has an example).
        3. The sum is looked up: it has the template of a verdict, in which only facts are lacking.
        4. The facts that the verdict's rules read are filled in.

        Raises Failing.
        """
        ignored: list[str] = []
        try:
            if stated:
                facts = self._with_statements(facts, stated, ignored)
            total = self._sum(facts, ignored)
        except NotPlain:
            return None
        template = self._by_sum.get(total)
        if template is None:
            template = self._meet(total, facts)
        verdict = template.filled(facts) if template.has_facts else template.verdict
        return verdict._replace(ignored=tuple(sorted(set(ignored)))) if ignored else verdict

    def judge(self, prepared: Prepared) -> Verdict:
        """The verdict on any question. Raises Failing."""
        world = prepared.world
        if world.lacking:
            return incomplete_in(world)
        mask, absent = self._masks(self._numbers.in_world(world))
        if prepared.papers or world.conflicts:
            template = self._template(self._outcomes.with_papers(mask, prepared))
        else:
            template = self._shared(self._outcomes.of_rules(mask, absent, lambda: prepared))
        return template.filled_in(world)

    def _with_statements(self, facts: Facts, stated: Facts, ignored: list[str]) -> Facts:
        """The facts, and what is stated beyond them; adds to ``ignored`` what no caller can state.

        Raises NotPlain where one may contradict a fact, and where a rule tells it from a fact.
        """
        more = {}
        for name, raw in stated.items():
            fact = facts.get(name, ABSENT)
            attribute = self._attributes.get(name)
            if attribute is None or attribute.register_only:
                ignored.append(name)
            elif fact is ABSENT:
                if name in self._asked_whether_known:
                    raise NotPlain
                more[name] = raw
            elif raw != fact or raw.__class__ is not fact.__class__:
                raise NotPlain
        return {**facts, **more} if more else facts

    def _sum(self, facts: Facts, ignored: list[str]) -> int:
        """The sum of the numbers of the facts; adds to ``ignored`` what is no attribute.

        Raises NotPlain for what is no value of its attribute.
        """
        by_attribute, total = self._numbers.by_attribute, 0
        for name, raw in facts.items():
            try:
                kind, known = by_attribute[name]
                if kind is not raw.__class__:
                    raise NotPlain
                total += known[raw if kind is not list else tuple(raw)]
            except (KeyError, TypeError):  # a name or a value that was not met before
                if name in by_attribute:
                    total += self._numbers.meet(name, raw)
                else:
                    ignored.append(name)
        return total

    def _meet(self, total: int, facts: Facts) -> VerdictTemplate:
        """The template of a sum not met before; ``facts`` are those of any question with it."""
        numbers = self._numbers.in_sum(total)
        if absent := lacking(numbers):
            (entry,) = incomplete(absent).undetermined
            template = self._template([RuleOutcome(entry, reads=(), settled=False)])
        else:
            prepared = partial(self._prepared, facts)
            template = self._shared(self._outcomes.of_rules(*self._masks(numbers), prepared))
        if len(self._by_sum) >= MOST_SUMS:
            self._by_sum.clear()
        self._by_sum[total] = template
        return template

    def _masks(self, numbers: Mapping[str, int]) -> tuple[int, int]:
        """The clauses' mask by the class of each attribute, and which are absent, as bits."""
        mask, absent = (1 << 2 * self._compiled.size) - 1, 0
        for name, classes in self._numbers.classes.items():
            mask &= classes.masks[numbers[name]]
            absent |= (numbers[name] == NO_VALUE) << self._compiled.places[name]
        return mask, absent

    def _shared(self, outcomes: tuple[RuleOutcome, ...]) -> VerdictTemplate:
        """The one template of these outcomes: few differ, however many sums come to them."""
        template = self._by_outcomes.get(outcomes)
        if template is None:
            template = self._template(outcomes)
            if len(self._by_outcomes) >= MOST_TEMPLATES:
                self._by_outcomes.clear()
            self._by_outcomes[outcomes] = template
        return template

    def _template(self, outcomes: Sequence[RuleOutcome]) -> VerdictTemplate:
        return VerdictTemplate(self._outcomes.overall(outcomes), outcomes, self._attributes)

    def _prepared(self, facts: Facts) -> Prepared:
        release, instant = self._compiled.release, self._compiled.instant
        world = look(release, facts=facts, stated={}, instant=instant, standing=self._standing)
        return Prepared(world, licenses=(), dispositions=())
