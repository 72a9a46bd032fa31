"""Terms: the periods in which rule versions are in force. Only the future of a term can change.

A version says when the law wants it in force. Its term says when this product enforces it: never
before its publication, since the answers until then were given without it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accesscontrol.models import Rule, RuleVersion, Term, common

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Plan:
    """The changes that a publication makes to the terms of a rule."""

    start: datetime
    end: datetime | None
    shortened: tuple[Term, ...]
    withdrawn: tuple[Term, ...]
    backdated: bool

    def in_words(self) -> str:
        """When the version takes effect, for the approver, the button and the log."""
        if self.backdated:
            return (
                "The time it should take effect has passed, so it takes effect at publication;"
                " answers given before stay as they were given."
            )
        return f"It takes effect at {self.start:%Y-%m-%d %H:%M} UTC."


def second(at: datetime) -> datetime:
    """The whole second of ``at``: releases know no smaller unit."""
    return at.astimezone(UTC).replace(microsecond=0)


def instant(text: str | None) -> datetime | None:
    """An instant of the rule language (``2026-06-12T21:21:00Z``) as a datetime."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def written(at: datetime | None) -> str | None:
    """A datetime as an instant of the rule language."""
    return None if at is None else common.instant(at)


def period(start: datetime | None, end: datetime | None) -> DateTimeTZRange:
    """The half-open period from ``start`` until ``end``; None = without limit."""
    return DateTimeTZRange(start, end, "[)")


def plan(version: RuleVersion, at: datetime) -> Plan:
    """The changes that a publication of ``version`` at ``at`` would make. Nothing is written.

    Of the terms that would overlap with the new one, one that has begun ends where the new one
    starts, and one that has not begun is withdrawn. The database refuses an overlap too.
    """
    terms = list(terms_of(version.rule))
    wanted, end = (
        instant(version.content["effective_from"]),
        instant(version.content["effective_until"]),
    )
    start = _start(wanted or second(at), terms, at)
    if version.retires:
        start, end = _start(end or second(at), terms, at), None
    overlapping = [t for t in terms if _overlaps(t, start, end)]
    return Plan(
        start=start,
        end=end,
        shortened=tuple(t for t in overlapping if t.period.lower < start),
        withdrawn=tuple(t for t in overlapping if t.period.lower >= start),
        backdated=wanted is not None and wanted < second(at) and not version.retires,
    )


def carry_out(version: RuleVersion, planned: Plan) -> None:
    """Write a plan, in the caller's transaction."""
    for term in planned.shortened:
        term.period = period(term.period.lower, planned.start)
        term.save(update_fields=["period"])
    for term in planned.withdrawn:
        term.withdrawn = True
        term.save(update_fields=["withdrawn"])
    if not version.retires:
        Term.objects.create(
            rule=version.rule, rule_version=version, period=period(planned.start, planned.end)
        )


def terms_of(rule: Rule) -> Iterable[Term]:
    """The rule's terms that were not withdrawn, by their start."""
    terms = Term.objects.filter(rule=rule, withdrawn=False).select_related("rule_version")
    return terms.order_by("period")


def any_left(rule: Rule, at: datetime) -> bool:
    """Whether a term of the rule still runs at ``at`` or is yet to begin."""
    return any(t.period.upper is None or t.period.upper > at for t in terms_of(rule))


def in_force(rule: Rule, at: datetime) -> RuleVersion | None:
    """The version that is in force at ``at``, if any."""
    term = Term.objects.filter(rule=rule, withdrawn=False, period__contains=at).first()
    return term.rule_version if term else None


def documents(version: RuleVersion, planned: Plan) -> list[dict[str, Any]]:
    """The documents of the rule in a release after the publication, one for each term."""
    withdrawn = {t.pk for t in planned.withdrawn}
    shortened = {t.pk for t in planned.shortened}
    rules = [
        in_term(
            t.rule_version.content,
            t.period.lower,
            planned.start if t.pk in shortened else t.period.upper,
        )
        for t in terms_of(version.rule)
        if t.pk not in withdrawn
    ]
    if not version.retires:
        rules.append(in_term(version.content, planned.start, planned.end))
    return rules


def in_term(content: dict[str, Any], start: datetime, end: datetime | None) -> dict[str, Any]:
    """A version's content with the period of its term."""
    return {**content, "effective_from": written(start), "effective_until": written(end)}


def _start(wanted: datetime, terms: list[Term], at: datetime) -> datetime:
    """The start: not before now, and after the start of any term that has begun."""
    start = max(wanted, second(at))
    begun: list[datetime] = [t.period.lower for t in terms if t.period.lower <= at]
    return max([start, *(lower + SECOND for lower in begun)])


def _overlaps(term: Term, start: datetime, end: datetime | None) -> bool:
    upper = term.period.upper
    return (upper is None or upper > start) and (end is None or term.period.lower < end)
