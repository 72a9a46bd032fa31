"""One rule over many licensees, of which few differ in anything that the rule reads.

Example: LETTER demands a license for the model frontier, unless the user is a US person. It is
false for the model swift, so it knows one kind of offerings. Licensees without an attestation about
their users are of one kind to it, whatever their country: LETTER is unknown. That is its entry 1,
and its profile for them is (1,); it would be (0,) if LETTER were false. As the first profile met it
has the number 0, which stands in the column for each of them.
"""

from collections.abc import Callable, Sequence

import numpy as np

from accesscontrol.policy.columns.offering import Offering, of_an_offering
from accesscontrol.policy.columns.unique_rows import Ints, Keys, MixedRadixKeys, Numbers
from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule, bits
from accesscontrol.policy.compiled.value_classes import NO_VALUE, ValueClasses

# The number of a rule's entry, by the masks of an offering, those of a licensee, that offering, and
# the class numbers of that licensee; 0 where the rule is false and nothing lifts it.
EntryOf = Callable[[CompiledRule, ClauseMasks, ClauseMasks, Offering, Ints], int]


class RuleColumn:
    """What a rule says of each licensee: the number of a profile.

    A profile has an entry for each kind of offerings that the rule tells apart, by its place in
    ``entries``. ``offerings``: one offering of each kind, by what its facts make of the clauses.
    ``entries``: all that the rule says, as numbers of the verdict table; the first is 0, nothing.
    """

    def __init__(
        self, compiled: Compiled, rule: CompiledRule, classes: Sequence[ValueClasses]
    ) -> None:
        self.rule = rule
        self.offerings: dict[ClauseMasks, Offering] = {}
        self.entries = [0]
        self._attributes = [
            _MergedClasses(place, classes[place], rule, compiled.size)
            for place in bits(rule.attributes(rule.every))
            if not of_an_offering(compiled.names[place])
        ]
        self._profile_of: dict[tuple[int, ...], int] = {}  # by the merged classes of a licensee
        self._profiles: dict[tuple[int, ...], int] = {}
        self._table = np.empty((0, 0), np.int32)  # (profiles, kinds of offerings)

    def kind_of(self, offering: Offering) -> int | None:
        """The place of an offering's kind in ``offerings``; None where the rule is false for it."""
        masks = offering.of_rule(self.rule)
        if masks is None:
            return None
        self.offerings.setdefault(masks, offering)
        return list(self.offerings).index(masks)

    def profiles(self, rows: Ints, entry_of: EntryOf) -> Ints:
        """The number of each row's profile; rows: (licensees, attributes) class numbers."""
        if not self.offerings:
            return np.zeros(len(rows), np.int32)
        merged = [each.merged(rows[:, each.place]) for each in self._attributes]
        first, kinds = _kinds(merged, len(rows))
        each = zip(*(column[first].tolist() for column, _ in merged), strict=True)
        keys = each if merged else [()] * len(first)
        profiles = [
            self._profile(key, rows[row], entry_of) for key, row in zip(keys, first, strict=True)
        ]
        return np.array(profiles, np.int32)[kinds]

    def entries_of(self, profiles: Ints, kind: int) -> Ints:
        """What each profile says about a kind of offerings, as places in ``entries``."""
        if len(self._table) < len(self._profiles):
            self._table = np.array(list(self._profiles), np.int32)
        return np.asarray(self._table[:, kind][profiles])

    def _profile(self, merged: tuple[int, ...], row: Ints, entry_of: EntryOf) -> int:
        """``merged``: the merged class of each attribute; ``row``: the classes of any such row."""
        if merged not in self._profile_of:
            licensee = self._masks(row)
            profile = tuple(
                self._place(entry_of(self.rule, masks, licensee, offering, row))
                for masks, offering in self.offerings.items()
            )
            self._profile_of[merged] = self._profiles.setdefault(profile, len(self._profiles))
        return self._profile_of[merged]

    def _place(self, entry: int) -> int:
        if entry not in self.entries:  # they are few
            self.entries.append(entry)
        return self.entries.index(entry)

    def _masks(self, row: Ints) -> ClauseMasks:
        """What a licensee's facts make of the clauses."""
        true = not_false = self.rule.every
        absent = 0
        for attribute in self._attributes:
            number = int(row[attribute.place])
            mine, left = attribute.masks(number)
            true, not_false = true & mine, not_false & left
            absent |= (number == NO_VALUE) << attribute.place
        return ClauseMasks(true, not_false, absent)


class _MergedClasses:
    """An attribute's classes, merged where they differ only in the clauses of other rules."""

    def __init__(self, place: int, classes: ValueClasses, rule: CompiledRule, size: int) -> None:
        self.place = place
        self._classes = classes
        self._rule = rule
        self._size = size
        self._masks: list[tuple[int, int]] = []  # by class: (true, not false) of the rule's clauses
        self._numbers: dict[tuple[int, int], int] = {}
        self._table: Ints = np.zeros(0, np.int32)  # by class its merged number

    def merged(self, column: Numbers) -> tuple[Ints, int]:
        """The merged numbers, and how many there are; no value stays a class of its own."""
        self._take_in_new()
        return self._table[column], len(self._numbers) + 1

    def masks(self, number: int) -> tuple[int, int]:
        self._take_in_new()
        return self._masks[number]

    def _take_in_new(self) -> None:
        new = self._classes.masks[len(self._masks) :]
        if not new:
            return
        merged = []
        for mask in new:
            own = self._rule.of(mask), self._rule.of(mask >> self._size)
            is_value = bool(self._masks)  # the first class is that of no value
            merged.append(self._numbers.setdefault(own, len(self._numbers) + 1) if is_value else 0)
            self._masks.append(own)
        self._table = np.concatenate([self._table, np.array(merged, np.int32)])


def _kinds(merged: Sequence[tuple[Ints, int]], rows: int) -> tuple[Keys, Keys]:
    """One row of each kind that the rule tells apart, and of each row the number of its kind."""
    keys = MixedRadixKeys(rows)
    for column, count in merged:
        keys.add(column, count)
    return keys.distinct()
