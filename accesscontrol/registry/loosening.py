"""Finds the licensees whose standing a change would loosen, by trying it and undoing it.

The judge that screens answers before the change and after it, in a transaction that is undone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accesscontrol import policy, releases
from accesscontrol.screening import Findings, FindingText, Judge


class _Undo(Exception):
    pass


def loosened(licensees: Sequence[int], change: Callable[[], object], *, at: datetime) -> set[int]:
    """Return those of the licensees that ``change`` would give an easier standing.

    None are returned where no release was ever published, since then no question is answered, or
    where the installation switched the second person off (``EG_LOOSENING_NEEDS_TWO``).
    """
    if not licensees or not settings.LOOSENING_NEEDS_TWO:
        return set()
    try:
        release = releases.current().policy
    except releases.NoRelease:
        return set()
    before = Judge(release, at=at).findings(licensees)
    after: Mapping[int, Findings] = {}
    try:
        with transaction.atomic():
            change()
            after = Judge(release, at=at).findings(licensees)
            raise _Undo
    except _Undo:
        pass
    return {pk for pk, findings in after.items() if _easier(before.get(pk, ()), findings)}


def read_by_a_rule(attribute: str) -> bool:
    """Whether any rule of the current release reads the attribute."""
    try:
        rules = releases.current().policy.rules
    except releases.NoRelease:
        return False
    return any(attribute in rule.attributes for rule in rules)


def _easier(before: Findings, after: Findings) -> bool:
    return any(
        was is not None and (now is None or _finding_easier(was, now))
        for was, now in zip(before, after, strict=True)
    )


def _finding_easier(was: FindingText, now: FindingText) -> bool:
    """Whether the outcome is milder, or a rule that restricted before no longer does."""
    strictest_first = policy.OUTCOMES
    if strictest_first.index(now.outcome) > strictest_first.index(was.outcome):
        return True
    return not _rules(was) <= _rules(now)


def _rules(finding: FindingText) -> set[str | None]:
    """The rules that restrict: those true and those unknown."""
    return {
        entry["rule"] for kind in ("reasons", "undetermined") for entry in finding.verdict[kind]
    }
