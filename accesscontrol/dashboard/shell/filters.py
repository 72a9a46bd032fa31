"""The state of a list lives in its address; each active filter is a chip that can be removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest


@dataclass(frozen=True)
class Filter:
    """One parameter of the address: its label, and its values in words where there are few."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = ()

    def words(self, value: str) -> str:
        return dict(self.choices).get(value, value)


@dataclass(frozen=True)
class Filters:
    """The filters of a list as this request sets them; unknown values of a choice are dropped."""

    known: Sequence[Filter]
    values: Mapping[str, str]
    path: str

    def __getitem__(self, name: str) -> str:
        # A template asks here first: only what is a filter is one, the rest are attributes.
        if name not in {one.name for one in self.known}:
            raise KeyError(name)
        return self.values.get(name, "")

    @property
    def chips(self) -> list[dict[str, str]]:
        return [
            {
                "label": one.label,
                "value": one.words(self[one.name]),
                "without": self._without(one.name),
            }
            for one in self.known
            if self[one.name]
        ]

    @property
    def cleared(self) -> str:
        return self.path

    @property
    def fields(self) -> list[dict[str, Any]]:
        """For a filter form: name, label, value, choices."""
        return [
            {"name": f.name, "label": f.label, "value": self[f.name], "choices": f.choices}
            for f in self.known
        ]

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in self.values.items() if value})

    def _without(self, name: str) -> str:
        rest = {key: value for key, value in self.values.items() if value and key != name}
        return f"{self.path}?{urlencode(rest)}" if rest else self.path


def read(request: HttpRequest, *known: Filter) -> Filters:
    """What the address asks for, without NUL bytes, within the choices."""
    values = {}
    for one in known:
        value = request.GET.get(one.name, "").replace("\0", "").strip()[:200]
        if value and (not one.choices or value in dict(one.choices)):
            values[one.name] = value
    return Filters(known, values, request.path)
