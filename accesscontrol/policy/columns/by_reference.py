"""Verdicts that clauses do not decide: with papers, with failing tests, without a needed fact.

They are few. Each is made of what the reference says, and gets a number like all others.
"""

from collections.abc import Iterable

from accesscontrol.policy.columns.verdict_table import VerdictTable
from accesscontrol.policy.compiled.release import Compiled
from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.reference import entry_on, settled
from accesscontrol.policy.judge.rule_truth import covering
from accesscontrol.policy.judge.truth import FALSE
from accesscontrol.policy.judge.verdict import NO_FACTS, Lifted, Reason, Unknown, WouldHave
from accesscontrol.policy.language.rules import Rule


class ByReference:
    """Adds verdicts of the reference to a table."""

    def __init__(self, compiled: Compiled, verdicts: VerdictTable) -> None:
        self._verdicts = verdicts
        self._rules = {each.rule.ref: each.rule for each in compiled.rules}

    def verdict(self, prepared: Prepared) -> int:
        """The number of the verdict on a question without papers."""
        if prepared.world.lacking:
            return self.lacking(*prepared.world.lacking)
        return self._number(self._entry(rule, prepared) for rule in self._rules.values())

    def with_papers(self, number: int, prepared: Prepared) -> int:
        """The number of the verdict with papers; ``number``: that of the one without them.

        Only entries of rules that a paper covers are made anew. A rule that is false has no entry,
        and stays false whatever a paper covers.
        """
        row = self._verdicts.rows[number]
        found = self._number(self._entry_with_papers(each, prepared) for each in row.entries)
        return self._verdicts.naming(found, row.invalid) if row.invalid else found

    def lacking(self, *names: str) -> int:
        """The number of the verdict on a question that lacks facts which it must have."""
        (unknown,) = entries.incomplete(names).undetermined
        return self._number([self._verdicts.entry_number(names, unknown, "undetermined")])

    def _entry_with_papers(self, number: int, prepared: Prepared) -> int:
        entry = self._verdicts.entries[number]
        if not isinstance(entry, Reason | Unknown | WouldHave) or entry.rule is None:
            return number
        rule = self._rules[entry.rule]
        if covering(rule, prepared) == (FALSE, FALSE):
            return number
        return self._entry(rule, prepared)

    def _entry(self, rule: Rule, prepared: Prepared) -> int:
        """The number of the entry on a rule; 0 where it is false and nothing lifts it."""
        entry = entry_on(rule, prepared)
        if entry is None:
            return 0
        if not isinstance(entry, Lifted):
            entry = entry._replace(facts=NO_FACTS)
        settles = isinstance(entry, Unknown) and settled(rule, prepared)
        outcome = entries.outcome([entry], standing=True, settled=lambda: settles)
        return self._verdicts.entry_number((repr(entry), settles), entry, outcome)

    def _number(self, numbers: Iterable[int]) -> int:
        return self._verdicts.number(tuple(filter(None, numbers)))
