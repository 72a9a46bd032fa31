"""The form of the right pane: a reason, and a date for the steps that need one."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms

from accesscontrol.dashboard.shell import plain

DAY = {"type": "date"}


class CaseForm(plain.Form):
    """The reason and the dates of a step. The verb refuses if one that it needs is missing."""

    because = forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What settles it?"}),
    )
    until = forms.DateField(
        label="Snooze until", required=False, widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label="A clearance lasts until",
        required=False,
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        help_text="A year at most.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, at: datetime, needs_reason: bool = True, **kwargs: Any) -> None:
        start = {
            "until": (at + timedelta(days=7)).date(),
            "valid_until": (at + timedelta(days=180)).date(),
        }
        kwargs |= {"initial": start, "use_required_attribute": False}
        super().__init__(*args, **kwargs)
        self.fields["because"].required = needs_reason


def end_of(day: Any) -> datetime:
    """The last second of a day in UTC."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)
