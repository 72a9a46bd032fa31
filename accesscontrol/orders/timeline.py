"""The timeline of an order: its steps, and the time from its receipt to its enforcement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min

from accesscontrol.models import Decision, Order, Release, RuleVersion, ScreeningRun

LABELS = {
    "received": "Order received",
    "entered": "Entered",
    "acknowledged": "Acknowledged",
    "drafted": "First rule drafted",
    "approved": "First rule approved",
    "in_force": "In force",
    "first_refusal": "First refusal",
    "last_standing": "Last standing decided",
    "lifted": "Lifted",
}


@dataclass(frozen=True)
class Step:
    """One step of an order's life; ``at`` is None while it has not happened."""

    name: str
    label: str
    at: datetime | None
    since_received: timedelta | None


@dataclass(frozen=True)
class Timeline:
    """The steps in order, and the notices after the order (amendments, annexes, the lift)."""

    steps: tuple[Step, ...]
    amendments: tuple[Step, ...]

    def at(self, name: str) -> datetime | None:
        """When a step happened."""
        return next(step.at for step in self.steps if step.name == name)

    @property
    def time_to_enforce(self) -> timedelta | None:
        """From receipt until the first of the order's rules was in force."""
        return self._between("received", "in_force")

    @property
    def time_to_last_standing(self) -> timedelta | None:
        """From receipt until the last licensee was screened under its first rule."""
        return self._between("received", "last_standing")

    def _between(self, first: str, last: str) -> timedelta | None:
        start, end = self.at(first), self.at(last)
        return end - start if start is not None and end is not None else None


def timeline(order: Order) -> Timeline:
    """The steps of the order, from its receipt to the last standing."""
    versions = RuleVersion.objects.filter(rule__order=order)
    first = versions.exclude(published_at=None).order_by("published_at", "id").first()
    instants = {
        "received": order.received_at,
        "entered": order.entered_at,
        "acknowledged": order.acknowledged_at,
        "drafted": versions.aggregate(at=Min("created_at"))["at"],
        "approved": versions.aggregate(at=Min("approved_at"))["at"],
        "in_force": _in_force_at(order),
        "first_refusal": order.first_refusal_at or _first_refusal(order),
        "last_standing": _last_standing(first),
        "lifted": order.lifted_at,
    }
    return Timeline(
        steps=tuple(_step(order, name, LABELS[name], at) for name, at in instants.items()),
        amendments=tuple(
            _step(order, each.kind, str(each), each.effective_at)
            for each in order.amendments.order_by("received_at", "id")
        ),
    )


def _step(order: Order, name: str, label: str, at: datetime | None) -> Step:
    return Step(name, label, at, None if at is None else at - order.received_at)


def _in_force_at(order: Order) -> datetime | None:
    starts = order.rules.filter(terms__withdrawn=False).values_list("terms__period", flat=True)
    return min((period.lower for period in starts if not period.isempty), default=None)


def _first_refusal(order: Order) -> datetime | None:
    """Read it from the decisions, for an order whose row does not have it yet."""
    first = [
        Decision.objects.filter(verdict__reasons__contains=[{"rule": ref}])
        .exclude(outcome="permit")
        .aggregate(at=Min("decided_at"))["at"]
        for ref in order.rules.values_list("ref", flat=True)
    ]
    return min((at for at in first if at is not None), default=None)


def _last_standing(version: RuleVersion | None) -> datetime | None:
    """The end of the screening that the first publication started, or of one that replaced it."""
    if version is None or version.published_at is None:
        return None
    release = Release.objects.filter(published_at=version.published_at).order_by("number").first()
    if release is None:
        return None
    done = ScreeningRun.objects.filter(release__number__gte=release.number, state="done")
    ended: datetime | None
    ended = done.exclude(finished_at=None).aggregate(at=Min("finished_at"))["at"]
    return ended
