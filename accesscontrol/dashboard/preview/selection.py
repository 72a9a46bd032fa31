"""The filter of a preview's licensees, which is in the address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from accesscontrol.dashboard.shell import words
from accesscontrol.models import AffectedLicensee, Finding, Group, Preview, Sheet
from accesscontrol.policy import COUNTRIES

UNKNOWN = "unknown"
KEYS = {group.key: group for group in Group}


@dataclass(frozen=True)
class Chosen:
    """A group, a country and a missing fact, each empty if it does not limit the list."""

    preview: int | None = None
    group: str = ""
    country: str = ""
    missing: str = ""

    def with_(self, **values: Any) -> str:
        """The query of the same filter with some values changed. `?` if it has no value."""
        return f"?{replace(self, **values).query}"

    @property
    def query(self) -> str:
        values = {
            "preview": self.preview,
            "group": self.group,
            "country": self.country,
            "missing": self.missing,
        }
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The filter as hidden fields of a form."""
        return [("group", self.group), ("country", self.country), ("missing", self.missing)]

    @property
    def chips(self) -> list[dict[str, str]]:
        """The active filters, each with the address that removes it."""
        active = []
        if self.group:
            active.append(("Change", KEYS[self.group].label, {"group": "", "missing": ""}))
        if self.country:
            name = COUNTRIES.get(self.country, self.country)
            active.append(("Country", name, {"country": ""}))
        if self.missing:
            active.append(("Missing", words.attribute(self.missing), {"missing": ""}))
        return [
            {"label": label, "value": value, "without": self.with_(**without)}
            for label, value, without in active
        ]

    @property
    def cleared(self) -> str:
        return self.with_(group="", country="", missing="")


def read(given: Mapping[str, str], preview: Preview | None, *, pinned: bool) -> Chosen:
    """The filter of an address or a form. Unknown values are dropped."""
    group, country = given.get("group", ""), given.get("country", "")
    name = given.get("missing", "")
    known = preview.by_country if preview else {}
    return Chosen(
        preview=preview.pk if preview and pinned else None,
        group=group if group in KEYS else "",
        country=country if country in known or (country == UNKNOWN and "" in known) else "",
        missing=name if preview and name in preview.ask_for else "",
    )


def rows(preview: Preview, chosen: Chosen) -> QuerySet[Any]:
    """The licensees that the filter leaves."""
    affected = AffectedLicensee.objects.filter(preview=preview)
    if chosen.group:
        affected = affected.filter(group=KEYS[chosen.group])
    if chosen.country:
        affected = affected.filter(country="" if chosen.country == UNKNOWN else chosen.country)
    if chosen.missing:
        affected = affected.filter(group=Group.CANT_DECIDE, after__in=_lacking(chosen.missing))
    return affected.select_related("licensee")


def _lacking(name: str) -> QuerySet[Any]:
    """The sheets in which an offering cannot be decided for lack of the fact."""
    findings = Finding.objects.filter(
        outcome="undetermined", verdict__undetermined__contains=[{"missing": [name]}]
    )
    return Sheet.objects.filter(findings__overlap=list(findings.values_list("pk", flat=True)))
