"""The context of base.html: navigation with its counts, environment, clock, theme."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accesscontrol.dashboard.shell import paging
from accesscontrol.dashboard.shell.entry import now
from accesscontrol.models import Case, RuleVersion

MOST = 99  # pages count no further: the number in the navigation is a hint

# Sections: (title, items of (label, name of the address, icon))
NAVIGATION: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "",
        (
            ("Overview", "overview", "home"),
            ("Look up a licensee", "look-up", "find"),
            ("Review queue", "cases", "inbox"),
            ("Runs", "runs", "run"),
        ),
    ),
    (
        "Policy",
        (
            ("Orders", "orders", "doc"),
            ("Rules", "rules", "rule"),
            ("Models", "models", "cube"),
            ("Licensees", "licensees", "org"),
            ("Approvals", "approvals", "check"),
        ),
    ),
    (
        "Evidence",
        (
            ("Decisions", "decisions", "scale"),
            ("Audit log", "audit", "log"),
            ("Lists", "lists", "list"),
        ),
    ),
    ("Settings", (("People and tokens", "people", "people"), ("Your account", "account", "gear"))),
)


@dataclass(frozen=True)
class Item:
    """One line of the navigation."""

    label: str
    url: str
    icon: str
    current: bool
    count: str


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor. A person who is not signed in gets no navigation."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    at = getattr(request, "now", None) or now()
    return {
        "shell": {
            "now": at,
            "theme": getattr(user, "theme", "") if signed_in else "",
            "initials": _initials(str(user)) if signed_in else "",
            "environment": settings.ENVIRONMENT if hasattr(settings, "ENVIRONMENT") else "Trial",
            "loud": getattr(settings, "ENVIRONMENT", "") == "Production",
            "searched": request.GET.get("q", "") if request.path == "/search" else "",
            "navigation": _navigation(request.path) if signed_in else [],
        }
    }


def _navigation(path: str) -> list[dict[str, Any]]:
    counts = {"cases": _open_cases(), "approvals": _waiting_approvals()}
    sections = []
    for title, entries in NAVIGATION:
        items = [item for entry in entries if (item := _item(*entry, path=path, counts=counts))]
        sections.append({"title": title, "items": items})
    return sections


def _item(label: str, name: str, icon: str, *, path: str, counts: dict[str, str]) -> Item | None:
    try:
        url = reverse(f"dashboard:{name}")
    except NoReverseMatch:
        return None
    current = path == url or (url != "/" and path.startswith(f"{url.rstrip('/')}/"))
    return Item(label, url, icon, current, counts.get(name, ""))


def _open_cases() -> str:
    return _hint(Case.objects.filter(state__in=["open", "proposed"]))


def _waiting_approvals() -> str:
    return _hint(RuleVersion.objects.filter(state="submitted"))


def _hint(rows: QuerySet[Any]) -> str:
    count = paging.capped(rows, MOST)
    return "" if count == "0" else count


def _initials(name: str) -> str:
    parts = name.replace(".", " ").replace("_", " ").split()
    return "".join(part[0] for part in parts[:2]).upper()
