"""The audit log's search language: `actor:j.brandt -action:access.* before:2026-06-30 letter`."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

REGISTER = (
    "licensee",
    "model",
    "owner",
    "attestation.",
    "entitlement.",
    "export_license.",
    "disposition.",
    "match.",
    "clearance.",
)
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("Everything", ()),
    "policy": ("Policy changes", ("order.", "rule.", "release.", "list.", "annex.")),
    "decisions": ("Decisions", ("decision.",)),
    "register": ("Register", REGISTER),
    "access": ("Access", ("access.", "token.", "audit.")),
}
KNOWN = ("actor", "action", "object", "order", "rule", "decision", "request", "before", "after")
WORDS = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))')
WINDOW = timedelta(days=30)


@dataclass
class Search:
    """A search as conditions on events, with its problems in words for the page."""

    text: str
    condition: Q = field(default_factory=Q)
    problems: list[str] = field(default_factory=list)
    since: datetime | None = None


def read(text: str, *, now: datetime) -> Search:
    """Read a search. Without `after:` or the name of an object it covers the last 30 days."""
    search = Search(text.replace("\0", "").strip()[:500])
    bounded = False
    for minus, name, quoted, bare in WORDS.findall(search.text):
        value = quoted or bare
        bounded |= name in ("after", "decision", "object", "request") and not minus
        condition = _condition(name, value, search)
        if condition is not None:
            search.condition &= ~condition if minus else condition
    if not bounded:
        search.since = now - WINDOW
        search.condition &= Q(at_us__gte=_us(search.since))
    return search


def _condition(name: str, value: str, search: Search) -> Q | None:
    match name:
        case "actor":
            return Q(actor_id=value)
        case "action":
            return Q(kind__startswith=value.rstrip("*")) if value.endswith("*") else Q(kind=value)
        case "object":
            return Q(subject_id=value)
        case "decision":
            return Q(decision_id=value)
        case "rule":
            return Q(rule_id=value) | Q(subject_id=value)
        case "order":
            return Q(payload__contains=f'"order":"{_escaped(value)}"') | Q(subject_id=value)
        case "request":
            return Q(payload__contains=f'"request_id":"{_escaped(value)}"')
        case "before" | "after":
            return _time(name, value, search)
        case "":
            return Q(payload__icontains=value)
        case _:
            search.problems.append(f"“{name}:” is no qualifier. Known are {', '.join(KNOWN)}.")
            return None


def _time(name: str, value: str, search: Search) -> Q | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        search.problems.append(f"“{value[:40]}” is no date. Write {name}:2026-06-30.")
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Q(at_us__lt=_us(at)) if name == "before" else Q(at_us__gte=_us(at))


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def conditions(search: Search, tab: str) -> Any:
    """The conditions of the search, limited to a tab."""
    prefixes = TABS[tab][1]
    narrowed = Q()
    for prefix in prefixes:
        narrowed |= Q(kind__startswith=prefix)
    return search.condition & narrowed
