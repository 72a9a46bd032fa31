"""Caches what is to be said about a rule, by the truth of its clauses and the facts it lacks.

Example: EMBARGO denies where licensee.country or licensee.hq_country is in a group: two clauses.
The country is outside of the group, the headquarters are absent: the first clause is false, the
second unknown. So no clause is true (true = 00), the second is not false (not_false = 10), and what
the second reads is absent. The outcome is an entry "unknown" that misses licensee.hq_country. It is
found once, and serves every licensee for which the masks are these.

The facts that a rule lacks are read from the tree of its condition, once for each outcome: clauses,
being expanded, would name too many.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule, truth_of
from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.entries import Entry
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.rule_truth import (
    RuleTruths,
    covering,
    lifted_by_paper,
    missing_facts,
    settled_by_a_request,
)
from accesscontrol.policy.judge.truth import FALSE, TRUE, any_of
from accesscontrol.policy.judge.verdict import Lifted, Outcome, Unknown

MOST: Final = 100_000  # outcomes that are remembered before all are forgotten

Key = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class RuleOutcome:
    """What is to be said about a rule: an entry without facts, and the facts that belong into it.

    Compared and hashed by identity: RuleOutcomes makes one object of each.
    """

    entry: Entry
    reads: tuple[str, ...]  # the attributes whose facts belong into the entry
    settled: bool  # of an unknown rule in a standing: a request can make it false


class RuleOutcomes:
    """The outcomes of the rules of a compiled release, in live questions or in standings.

    Threads may share it: an outcome is computed from its key alone, so that two threads which
    compute the same one at once compute equal ones, and each uses what it has in hand.
    """

    def __init__(self, compiled: Compiled, *, standing: bool) -> None:
        self._compiled = compiled
        self._standing = standing
        self._known: dict[Key, RuleOutcome | None] = {}
        self._same: dict[tuple[object, ...], RuleOutcome] = {}

    def of_rule(
        self, rule: CompiledRule, masks: ClauseMasks, prepared: Callable[[], Prepared]
    ) -> RuleOutcome | None:
        """The outcome of one rule; None where it is false and nothing lifts it.

        ``prepared`` gives any question with these masks, without papers or conflicts. It is called
        only for a new outcome.
        """
        undecided = rule.attributes(masks.not_false & ~masks.true)
        key = rule.place, masks.true, masks.not_false, masks.absent & undecided
        try:
            return self._known[key]
        except KeyError:  # not met yet, or forgotten by another thread
            outcome = self._one_object(rule, self._computed(rule, masks, prepared))
        if len(self._known) >= MOST:
            self._known.clear()
            self._same.clear()
        self._known[key] = outcome
        return outcome

    def of_rules(
        self, mask: int, absent: int, prepared: Callable[[], Prepared]
    ) -> tuple[RuleOutcome, ...]:
        """The outcomes of all rules that are not false, in the order of a verdict's lists.

        ``mask``: of the clauses of the whole release; ``absent``: attributes by place, as bits.
        """
        each = (self.of_rule(rule, own, prepared) for rule, own in self._by_rule(mask, absent))
        return tuple(outcome for outcome in each if outcome is not None)

    def with_papers(self, mask: int, prepared: Prepared) -> tuple[RuleOutcome, ...]:
        """The same of a question with papers or conflicts, of which nothing is remembered."""
        papers = bool(prepared.papers)
        each = (
            self._computed(rule, own, lambda: prepared, papers=papers)
            for rule, own in self._by_rule(mask, 0)
        )
        return tuple(outcome for outcome in each if outcome is not None)

    def overall(self, outcomes: Iterable[RuleOutcome]) -> Outcome:
        """The outcome that the rules come to together."""
        listed = list(outcomes)
        return entries.outcome(
            (each.entry for each in listed),
            standing=self._standing,
            settled=lambda: all(each.settled for each in listed if isinstance(each.entry, Unknown)),
        )

    def _by_rule(self, mask: int, absent: int) -> Iterator[tuple[CompiledRule, ClauseMasks]]:
        not_false = mask >> self._compiled.size
        for rule in self._compiled.may_be_true(not_false):
            yield rule, ClauseMasks(rule.of(mask), rule.of(not_false), absent)

    def _computed(
        self,
        rule: CompiledRule,
        masks: ClauseMasks,
        prepared: Callable[[], Prepared],
        *,
        papers: bool = False,
    ) -> RuleOutcome | None:
        exempt = any_of([truth_of(part, masks) for _, part in rule.exempt])
        when = truth_of(rule.when, masks)
        by_papers = covering(rule.rule, prepared()) if papers else (FALSE, FALSE)
        found = RuleTruths(when, exempt, *by_papers)
        if found.whole == FALSE:
            lifts = when != FALSE and not rule.reports
            return self._lifted(rule, masks, prepared) if lifts else None
        if found.whole == TRUE:
            if rule.reports:
                return _outcome(rule, entries.would_have(rule.rule, "true"))
            return _outcome(rule, entries.reason(rule.rule))
        return self._unknown(rule, prepared())

    def _lifted(
        self, rule: CompiledRule, masks: ClauseMasks, prepared: Callable[[], Prepared]
    ) -> RuleOutcome | None:
        for exemption, part in rule.exempt:
            if masks.true & part:
                return _outcome(rule, entries.lifted(rule.rule, exemption.ref, "exemption"))
        by_paper = lifted_by_paper(rule.rule, prepared())
        return None if by_paper is None else _outcome(rule, by_paper)

    def _unknown(self, rule: CompiledRule, prepared: Prepared) -> RuleOutcome:
        lacking = missing_facts(rule.rule, prepared)
        if rule.reports:
            missing = entries.names(lacking)
            return _outcome(rule, entries.would_have(rule.rule, "unknown", missing=missing))
        deferred = {attribute for attribute in lacking if prepared.world.deferred(attribute)}
        entry = entries.unknown(
            rule.rule,
            missing=entries.names(lacking - deferred),
            deferred=entries.names(deferred),
        )
        settled = self._standing and settled_by_a_request(rule.rule, prepared)
        return _outcome(rule, entry, settled=settled)

    def _one_object(self, rule: CompiledRule, outcome: RuleOutcome | None) -> RuleOutcome | None:
        """One object for all that are equal."""
        if outcome is None:
            return None
        entry = outcome.entry
        without_facts = entry if isinstance(entry, Lifted) else entry[:-1]
        key = (rule.place, type(entry), without_facts, outcome.settled)
        return self._same.setdefault(key, outcome)


def _outcome(rule: CompiledRule, entry: Entry, *, settled: bool = False) -> RuleOutcome:
    reads = () if isinstance(entry, Lifted) else tuple(sorted(rule.rule.attributes))
    return RuleOutcome(entry, reads, settled)
