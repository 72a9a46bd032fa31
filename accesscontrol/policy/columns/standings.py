"""Finds the verdicts on many licensees for many offerings. Licensees alike to all rules share them.

Example: EMBARGO is about licensees, LETTER about the model frontier and not about swift. EMBARGO
is false for acme and bolt, profile 1 of its column, and unknown for corp, profile 0. LETTER is
unknown for all three, profile 0 of its own. The rows of profiles, and the rules that have an entry:

            EMBARGO  LETTER     for frontier       for swift
    acme    1        0          LETTER             none
    bolt    1        0          LETTER             none
    corp    0        0          EMBARGO, LETTER    EMBARGO

Two of these rows are unique, and they come to four verdicts.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from accesscontrol.policy.columns.by_reference import ByReference
from accesscontrol.policy.columns.offering import Offering
from accesscontrol.policy.columns.rule_column import RuleColumn
from accesscontrol.policy.columns.unique_rows import Ints, Numbers, UniqueRows, fresh_rows
from accesscontrol.policy.columns.value_codes import ID, INVALID, ValueCodes
from accesscontrol.policy.columns.verdict_table import VerdictTable
from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule
from accesscontrol.policy.compiled.rule_outcomes import RuleOutcomes
from accesscontrol.policy.judge.known import Seen
from accesscontrol.policy.judge.question import Prepared

ANY_LICENSEE: Final = {ID: (Seen("-", frozenset(("-",))),)}  # where no rule reads the id
AT_ONCE: Final = 1 << 19  # words of packed entries that stand in memory together


class Standings:
    """The verdicts on standings under a compiled release, each under a number of ``verdicts``.

    ``offerings``: one of each kind that the rules tell apart, by place.
    """

    def __init__(self, compiled: Compiled, codes: ValueCodes, named: frozenset[str]) -> None:
        """``named``: the attributes that any rule of the release reads, in force or not."""
        self.verdicts = VerdictTable()
        self.offerings: list[Offering] = []
        self._compiled = compiled
        self._codes = codes
        self._named = named
        self._outcomes = RuleOutcomes(compiled, standing=True)
        self._by_reference = ByReference(compiled, self.verdicts)
        self._rules = [RuleColumn(compiled, rule, codes.classes) for rule in compiled.rules]
        # By offering, the rules that are not false for it, each with its kind to that rule.
        self._rules_for: list[list[tuple[RuleColumn, int]]] = []
        self._combinations = UniqueRows(len(self._rules))  # of all rules' entries on one offering
        self._verdict_of: Ints = np.empty(0, np.int32)  # by combination
        self._forget_profiles()

    def _forget_profiles(self) -> None:
        self._profiles = UniqueRows(len(self._rules) + 1)  # the last column: see _exceptions
        self._judged: Ints = np.empty((0, 0), np.int32)  # (unique profiles, offerings) verdicts
        self._exception_numbers: dict[object, int] = {}

    def place_of(self, facts: Mapping[str, object]) -> int:
        """The place of an offering's kind in ``offerings``; facts: of model, activity, status."""
        offering = Offering(self._compiled, self._codes.classes, facts)
        for place, known in enumerate(self.offerings):
            if known.kind == offering.kind:
                return place
        rules = [] if offering.failing else self._rules
        kinds = [(rule, rule.kind_of(offering)) for rule in rules]
        self._rules_for.append([(rule, kind) for rule, kind in kinds if kind is not None])
        self.offerings.append(offering)
        return len(self.offerings) - 1

    def of(self, codes: Numbers) -> Ints:
        """(licensees, offerings): the numbers of their verdicts."""
        try:
            return self._of(codes)
        except Exception:  # a unique row without a verdict would be taken for judged
            self._forget_profiles()
            raise

    def _of(self, codes: Numbers) -> Ints:
        """The verdicts of rows of value codes.

        1. Codes become class numbers. Rows over which a test fails are taken for empty until 5.
        2. Each rule gives each row the number of a profile: its entry for each kind of offerings.
        3. Rows of equal profiles, without exceptions or with equal ones, are one unique row.
        4. The unique rows not met before are judged: their entries are combined by offering.
        5. Exceptions are written over these verdicts: what clauses do not decide.
        6. Each row gets the verdicts of its unique row.
        """
        classes = self._codes.class_numbers(codes)
        failing = self._codes.failing(classes)
        sound = np.where(failing[:, np.newaxis], np.int32(0), classes) if failing.any() else classes
        profiles = np.empty((len(codes), len(self._rules) + 1), np.int32, order="F")
        for place, rule in enumerate(self._rules):
            profiles[:, place] = rule.profiles(sound, self._entry_of)
        profiles[:, -1] = self._exceptions(codes, classes, failing)
        before = len(self._profiles)
        unique = self._profiles.numbers(profiles)
        new = fresh_rows(unique, before, len(self._profiles))
        if len(new):
            judged = self._by_clauses(profiles[new])
            self._write_exceptions(judged, codes[new], classes[new], failing[new])
            self._judged = np.concatenate([self._judged, judged]) if before else judged
        return self._judged[unique]

    # ------------------------------------------------------------ what clauses decide

    def _entry_of(
        self,
        rule: CompiledRule,
        of_offering: ClauseMasks,
        of_licensee: ClauseMasks,
        offering: Offering,
        classes: Ints,
    ) -> int:
        """The number of the entry on a rule; 0 where it is false and nothing lifts it."""
        masks = of_offering.together(of_licensee)
        if not masks.not_false & rule.when:
            return 0
        outcome = self._outcomes.of_rule(rule, masks, partial(self._prepared, offering, classes))
        if outcome is None:
            return 0
        return self.verdicts.entry_number(outcome, outcome.entry, self._outcomes.overall([outcome]))

    def _by_clauses(self, profiles: Ints) -> Ints:
        """(profiles, offerings) verdicts, some rows at once."""
        self._combinations.fit([len(rule.entries) - 1 for rule in self._rules])
        step = max(1, AT_ONCE // (1 + len(self.offerings) * self._combinations.words))
        blocks = [profiles[n : n + step] for n in range(0, len(profiles), step)]
        return np.concatenate([self._combined(block) for block in blocks])

    def _combined(self, profiles: Ints) -> Ints:
        """(profiles, offerings) verdicts: equal combinations of entries are one verdict.

        Each rule's entries are packed once for each kind of offerings, and every offering takes
        those of its kinds.
        """
        packed = {
            (rule, kind): self._combinations.packed(n, rule.entries_of(profiles[:, n], kind))
            for n, rule in enumerate(self._rules)
            for kind in range(len(rule.offerings))
        }
        shape = len(self.offerings), len(profiles)
        words = np.zeros((self._combinations.words, *shape), np.int64)
        for place, rules in enumerate(self._rules_for):
            for each in rules:
                word, bits = packed[each]
                words[word, place] |= bits
        combinations = self._combinations.of_packed(words.reshape(len(words), shape[0] * shape[1]))
        self._add_verdicts()
        return self._verdict_of[combinations].reshape(shape).T

    def _add_verdicts(self) -> None:
        """Give the combinations met since the last time their verdicts."""
        rows = self._combinations.rows(len(self._verdict_of))
        for n, rule in enumerate(self._rules):
            rows[:, n] = np.array(rule.entries)[rows[:, n]]
        new = [self.verdicts.number(tuple(filter(None, row))) for row in rows.tolist()]
        self._verdict_of = np.append(self._verdict_of, np.array(new, np.int32))

    def _prepared(self, offering: Offering, classes: Ints) -> Prepared:
        """A question with a value of each class of a licensee's row."""
        seen = {**ANY_LICENSEE, **self._codes.seen(classes), **offering.world.seen}
        return Prepared(replace(offering.world, seen=seen, known=frozenset(seen)), (), ())

    # ------------------------------------------------------------ exceptions

    def _exceptions(self, codes: Numbers, classes: Ints, failing: NDArray[np.bool_]) -> Ints:
        """The number of each row's exception, 0 for none.

        It has a test that fails, over its own values or an offering's; or no id; or invalid values.
        """
        numbers = np.zeros(len(codes), np.int32)
        by_reference = failing | any(offering.failing for offering in self.offerings)
        lacking = self._codes.lacking_id(codes)
        for row in np.flatnonzero(by_reference | lacking | _invalid(codes)).tolist():
            every_class = classes[row].tobytes() if by_reference[row] else b""
            key = every_class, bool(lacking[row]), self._codes.invalid(codes[row])
            number = self._exception_numbers.setdefault(key, len(self._exception_numbers) + 1)
            numbers[row] = number
        return numbers

    def _write_exceptions(
        self, judged: Ints, codes: Numbers, classes: Ints, failing: NDArray[np.bool_]
    ) -> None:
        """Write them over the verdicts, (rows, offerings)."""
        lacking = self._codes.lacking_id(codes)
        invalid = {
            row: frozenset(self._codes.invalid(codes[row]))
            for row in np.flatnonzero(_invalid(codes)).tolist()
        }
        for place, offering in enumerate(self.offerings):
            verdicts = judged[:, place]  # a view: what follows is written into it
            if offering.lacking:
                verdicts[:] = self._by_reference.lacking(*offering.lacking)
            for row in np.flatnonzero(failing | offering.failing).tolist():
                verdicts[row] = self._by_reference.verdict(self._prepared(offering, classes[row]))
            if lacking.any():
                verdicts[lacking] = self._by_reference.lacking(ID, *offering.lacking)
            self._name_invalid(verdicts, invalid, offering)

    def _name_invalid(
        self, verdicts: Ints, invalid: Mapping[int, frozenset[str]], offering: Offering
    ) -> None:
        """Name in each verdict the invalid attributes of the licensee and of the offering."""
        always = self._named.intersection(offering.world.invalid)
        for row in range(len(verdicts)) if always else invalid:
            names = tuple(sorted(always | invalid.get(row, always)))
            verdicts[row] = self.verdicts.naming(int(verdicts[row]), names)

    # ------------------------------------------------------------ papers

    def with_papers(self, number: int, prepared: Prepared) -> int:
        """The number of the verdict with papers; ``number``: that of the one without them."""
        return self._by_reference.with_papers(number, prepared)


def _invalid(codes: Numbers) -> NDArray[np.bool_]:
    """The rows with a value outside its attribute's domain."""
    return np.asarray((codes == INVALID).any(axis=1))
