"""Dates and times that a person types in a time zone, to and from instants."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from accesscontrol.dashboard.shell import plain
from accesscontrol.errors import Refused

ZONES: tuple[tuple[str, str], ...] = (
    ("America/New_York", "New York, Washington (America/New_York)"),
    ("UTC", "UTC"),
    ("America/Los_Angeles", "San Francisco (America/Los_Angeles)"),
    ("Europe/London", "London (Europe/London)"),
    ("Europe/Brussels", "Brussels (Europe/Brussels)"),
    ("Asia/Singapore", "Singapore (Asia/Singapore)"),
    ("Asia/Tokyo", "Tokyo (Asia/Tokyo)"),
)


class NoSuchMoment(Refused):
    """The text is no date and time, or the clock was put forward over it."""

    code = "no_such_moment"


def read(text: str, zone: str) -> datetime:
    """Return the instant of a local date and time. Raises NoSuchMoment.

    If the clock was put back over this time, it is the first of two instants.
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NoSuchMoment("Write a date and a time, like 2026-06-12 17:21.") from None
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    placed = local.replace(tzinfo=ZoneInfo(zone))
    instant = placed.astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise NoSuchMoment(f"The clock in {zone} was put forward over this time. Choose another.")
    return instant


def written(at: datetime | None, zone: str) -> str:
    """The instant as the value of an input of type datetime-local, without seconds of 0."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")


def zones(extra: str = "") -> list[tuple[str, str]]:
    """The zones to choose from, and the one that is set already."""
    known = list(ZONES)
    return known if not extra or extra in dict(known) else [*known, (extra, extra)]


class MomentField(forms.CharField):
    """A date and time of the wall clock. The form's zone makes it an instant."""

    widget = forms.TextInput(attrs={"type": "datetime-local", "step": "any"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)


class ZonedForm(plain.Form):
    """A form with a time zone. Its moments are read in that zone; ``cleaned_data`` has instants."""

    zone = forms.ChoiceField(label="Time zone of these times", choices=ZONES, initial=ZONES[0][0])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if isinstance(field, MomentField) and name in data:
                data[name] = self._instant(name, data[name], data.get("zone", "UTC"))
        return data

    def _instant(self, name: str, text: str, zone: str) -> datetime | None:
        if not text:
            return None
        try:
            return read(text, zone)
        except NoSuchMoment as problem:
            self.add_error(name, problem.message)
            return None
