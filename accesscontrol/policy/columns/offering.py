"""What the facts of one offering make of the clauses, before any licensee is looked at."""

from collections.abc import Mapping, Sequence
from typing import Final

from accesscontrol.policy.compiled.attribute_tests import Failing
from accesscontrol.policy.compiled.release import ClauseMasks, Compiled, CompiledRule
from accesscontrol.policy.compiled.value_classes import NO_VALUE, ValueClasses, class_of
from accesscontrol.policy.judge.known import look

ACTIVITY: Final = "request.activity"
STATUS: Final = "entitlement.status"


def of_an_offering(name: str) -> bool:
    """Whether an attribute is about the offering (model, activity, status), not the licensee."""
    return name in (ACTIVITY, STATUS) or name.startswith("model.")


class Offering:
    """An offering in one status: the mask of its own facts, in which most clauses are false.

    ``lacking``: the facts that a question needs and the offering does not have. ``failing``: some
    test cannot be run over its facts, so that the reference has to judge. ``absent``: attributes by
    place, as bits.
    """

    def __init__(
        self, compiled: Compiled, classes: Sequence[ValueClasses], facts: Mapping[str, object]
    ) -> None:
        self.world = look(
            compiled.release, facts=facts, stated={}, instant=compiled.instant, standing=True
        )
        self.lacking = tuple(name for name in self.world.lacking if of_an_offering(name))
        self.failing = False
        self.mask = (1 << 2 * compiled.size) - 1
        self.absent = 0
        for place, name in enumerate(compiled.names):
            if of_an_offering(name):
                self._apply(classes[place], name, place)
        self._not_false = self.mask >> compiled.size

    @property
    def kind(self) -> tuple[object, ...]:
        """Equal for offerings that get the same verdicts."""
        return self.mask, self.absent, self.world.invalid, self.lacking, self.failing

    def of_rule(self, rule: CompiledRule) -> ClauseMasks | None:
        """All that a rule can tell of the offering; None where its condition is false already."""
        not_false = rule.of(self._not_false)
        if not not_false & rule.when:
            return None
        absent = self.absent & rule.attributes(rule.every)
        return ClauseMasks(rule.of(self.mask), not_false, absent)

    def _apply(self, classes: ValueClasses, name: str, place: int) -> None:
        try:
            number = class_of(classes, self.world, name)
        except Failing:
            self.failing = True
            return
        self.mask &= classes.masks[number]
        self.absent |= (number == NO_VALUE) << place
