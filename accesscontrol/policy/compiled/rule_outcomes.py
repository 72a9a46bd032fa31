"""What a verdict says wherever the clauses come out the same and the same facts are absent.

Which facts a rule lacks is read from the tree of its condition, once per pattern: its clauses,
expanded, would name too many.
"""

from collections.abc import Callable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from accesscontrol.policy.compiled.release import Compiled, CompiledRule, truth_of
from accesscontrol.policy.judge import entries
from accesscontrol.policy.judge.entries import Entry
from accesscontrol.policy.judge.question import Prepared
from accesscontrol.policy.judge.rule_truth import (
    Parts,
    covering,
    lifted_by_paper,
    missing_facts,
    settled_by_a_request,
)
from accesscontrol.policy.judge.truth import FALSE, TRUE, any_of
from accesscontrol.policy.judge.verdict import Lifted, Outcome, Unknown

KEPT: Final = 100_000  # ways a rule can come out that are remembered
MASKS_BYTES: Final = 16_000_000  # of masks that are remembered


class Weighed(NamedTuple):
    """An entry without facts, the facts it goes with, and how it bears on a standing."""

    entry: Entry
    reads: tuple[str, ...]  # the attributes of its rule
    settled: bool  # of an unknown rule: false where a request says what speaks against it


Key = tuple[int, int, int, int]


class Patterns:
    """Weighs the rules of a compiled release, in questions or in standings, and remembers."""

    def __init__(self, compiled: Compiled, *, standing: bool) -> None:
        self.compiled = compiled
        self.standing = standing
        self._lowest = (1 << compiled.size) - 1
        self._known: dict[Key, Weighed | None] = {}
        self._one_of_each: dict[tuple[object, ...], Weighed] = {}

    def open_attributes(self, mask: int) -> int:
        """The attributes, as bits, that a clause reads which is neither true nor false.

        Only of rules whose condition is not false. Whether one of them is absent is what else than
        the clauses themselves a verdict depends on.
        """
        true, not_false = self._split(mask)
        read = 0
        for rule in self.compiled.may_be_true(not_false):
            read |= rule.attributes(rule.of(not_false) & ~rule.of(true))
        return read

    def weighed(
        self, mask: int, absent: int, prepared: Callable[[], Prepared]
    ) -> tuple[Weighed, ...]:
        """What is to be said, in the rules' order, about a question without papers or conflicts.

        ``prepared`` is any question of the pattern; it is asked for only where the pattern is new.
        """
        true, not_false = self._split(mask)
        each = (
            self.of_rule(rule, rule.of(true), rule.of(not_false), absent, prepared)
            for rule in self.compiled.may_be_true(not_false)
        )
        return tuple(weighed for weighed in each if weighed is not None)

    def of_rule(
        self,
        rule: CompiledRule,
        true: int,
        not_false: int,
        absent: int,
        prepared: Callable[[], Prepared],
    ) -> Weighed | None:
        """What is to be said about one rule, by its own clauses; nothing where it is false."""
        key = rule.place, true, not_false, absent & rule.attributes(not_false & ~true)
        try:
            return self._known[key]
        except KeyError:  # not met yet, or forgotten by another thread
            weighed = self._weigh(rule, true, not_false, prepared)
            self._remember(key, weighed)
            return weighed

    def weighed_once(self, mask: int, prepared: Prepared) -> tuple[Weighed, ...]:
        """The same of a question with papers or conflicts, of which nothing is remembered."""
        true, not_false = self._split(mask)
        papers = bool(prepared.papers)
        each = (
            self._weigh(rule, rule.of(true), rule.of(not_false), lambda: prepared, papers=papers)
            for rule in self.compiled.may_be_true(not_false)
        )
        return tuple(weighed for weighed in each if weighed is not None)

    def outcome(self, found: Iterable[Weighed]) -> Outcome:
        listed = list(found)
        return entries.outcome(
            (each.entry for each in listed),
            standing=self.standing,
            settled=lambda: all(each.settled for each in listed if isinstance(each.entry, Unknown)),
        )

    def _split(self, mask: int) -> tuple[int, int]:
        return mask & self._lowest, mask >> self.compiled.size

    def _remember(self, key: Key, weighed: Weighed | None) -> None:
        if len(self._known) >= KEPT:
            self._known.clear()
            self._one_of_each.clear()
        self._known[key] = weighed

    def _weigh(
        self,
        rule: CompiledRule,
        true: int,
        not_false: int,
        prepared: Callable[[], Prepared],
        *,
        papers: bool = False,
    ) -> Weighed | None:
        exempt = any_of([truth_of(part, true, not_false) for _, part in rule.exempt])
        when = truth_of(rule.when, true, not_false)
        found = Parts(
            when, exempt, *(covering(rule.rule, prepared()) if papers else (FALSE, FALSE))
        )
        if found.whole == FALSE:
            lifts = when != FALSE and not rule.reports
            return self._lifted(rule, true, prepared) if lifts else None
        if found.whole == TRUE:
            if rule.reports:
                return self._one(rule, entries.would_have(rule.rule, "true"))
            return self._one(rule, entries.reason(rule.rule))
        return self._unknown(rule, prepared())

    def _lifted(
        self, rule: CompiledRule, true: int, prepared: Callable[[], Prepared]
    ) -> Weighed | None:
        for exemption, part in rule.exempt:
            if true & part:
                return self._one(rule, entries.lifted(rule.rule, exemption.ref, "exemption"))
        by_paper = lifted_by_paper(rule.rule, prepared())
        return None if by_paper is None else Weighed(by_paper, (), settled=False)

    def _unknown(self, rule: CompiledRule, prepared: Prepared) -> Weighed:
        lacking = missing_facts(rule.rule, prepared)
        if rule.reports:
            missing = entries.names(lacking)
            return self._one(rule, entries.would_have(rule.rule, "unknown", missing=missing))
        deferred = {attribute for attribute in lacking if prepared.world.deferred(attribute)}
        entry = entries.unknown(
            rule.rule,
            missing=entries.names(lacking - deferred),
            deferred=entries.names(deferred),
        )
        settled = self.standing and settled_by_a_request(rule.rule, prepared)
        return self._one(rule, entry, settled=settled)

    def _one(self, rule: CompiledRule, entry: Entry, *, settled: bool = False) -> Weighed:
        """One object for all that are equal, so that they can be told apart by identity."""
        bare = entry if isinstance(entry, Lifted) else entry[:-1]
        key = (rule.place, type(entry), bare, settled)
        known = self._one_of_each.get(key)
        if known is None:
            reads = () if isinstance(entry, Lifted) else tuple(sorted(rule.rule.attributes))
            known = self._one_of_each[key] = Weighed(entry, reads, settled)
        return known


Made = TypeVar("Made")


class _Pattern(Generic[Made]):
    """A mask that was met: its open attributes, and what was made for each that are absent."""

    __slots__ = ("made", "open")

    def __init__(self, open_attributes: int) -> None:
        self.open = open_attributes
        self.made: dict[int, Made] = {}


class Remembered(Generic[Made]):
    """Whatever is made out of a pattern's weighed rules, once a pattern."""

    def __init__(self, patterns: Patterns, make: Callable[[tuple[Weighed, ...]], Made]) -> None:
        self._patterns = patterns
        self._make = make
        self._met: dict[int, _Pattern[Made]] = {}
        self._most = MASKS_BYTES // (200 + patterns.compiled.size // 4)

    def of(self, mask: int, absent: int, prepared: Callable[[], Prepared]) -> Made:
        """``prepared`` is any question of the pattern, without papers or conflicts."""
        pattern = self._met.get(mask)
        if pattern is None:
            pattern = self._meet(mask)
        absent &= pattern.open
        made = pattern.made.get(absent)
        if made is None:
            made = self._make(self._patterns.weighed(mask, absent, prepared))
            pattern.made[absent] = made
        return made

    def _meet(self, mask: int) -> _Pattern[Made]:
        if len(self._met) >= self._most:
            self._met.clear()
        pattern = self._met[mask] = _Pattern(self._patterns.open_attributes(mask))
        return pattern
