"""The filters of a list, which its address has. Each active one is a chip that can be removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest


@dataclass(frozen=True)
class Filter:
    """One parameter of the address, with its label and, if it is a choice, its values in words."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = ()

    def words(self, value: str) -> str:
        return dict(self.choices).get(value, value)


@dataclass(frozen=True)
class Filters:
    """The filters of a list as a request sets them. Unknown values of a choice are dropped."""

    known: Sequence[Filter]
    values: Mapping[str, str]
    path: str

    def __getitem__(self, name: str) -> str:
        # A template looks here before it looks for an attribute, so only a filter is found.
        if name not in {known.name for known in self.known}:
            raise KeyError(name)
        return self.values.get(name, "")

    @property
    def chips(self) -> list[dict[str, str]]:
        return [
            {
                "label": known.label,
                "value": known.words(self[known.name]),
                "without": self._without(known.name),
            }
            for known in self.known
            if self[known.name]
        ]

    @property
    def cleared(self) -> str:
        return self.path

    def named(self, name: str) -> Filter:
        return next(one for one in self.known if one.name == name)

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in self.values.items() if value})

    def _without(self, name: str) -> str:
        rest = {key: value for key, value in self.values.items() if value and key != name}
        return f"{self.path}?{urlencode(rest)}" if rest else self.path


def read(request: HttpRequest, *known: Filter) -> Filters:
    """The filters that the address sets, without NUL bytes, within the choices."""
    values = {}
    for filter_ in known:
        value = request.GET.get(filter_.name, "").replace("\0", "").strip()[:200]
        if value and (not filter_.choices or value in dict(filter_.choices)):
            values[filter_.name] = value
    return Filters(known, values, request.path)
