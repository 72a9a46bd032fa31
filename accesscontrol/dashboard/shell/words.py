"""The words of the screens for outcomes, states, attributes, values, events and durations."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from accesscontrol.policy import COUNTRIES, built_in

OUTCOMES: Mapping[str, tuple[str, str]] = {  # outcome -> (word, tone); the icon has the tone's name
    "permit": ("Allowed", "allow"),
    "deny": ("Denied", "deny"),
    "license_required": ("License required", "license"),
    "review": ("Review", "review"),
    "undetermined": ("Can't decide", "unknown"),
    "per_request": ("Per request", "request"),
}

STATES: Mapping[str, tuple[str, str, str]] = {  # state -> (word, tone, icon)
    "draft": ("Draft", "accent", "doc"),
    "submitted": ("Waiting for approval", "review", "clock"),
    "approved": ("Approved", "allow", "check"),
    "published": ("Published", "allow", "check"),
    "scheduled": ("Scheduled", "accent", "clock"),
    "in_force": ("In force", "allow", "check"),
    "report_only": ("Report only", "review", "info"),
    "retired": ("Retired", "unknown", "hold"),
    "superseded": ("Superseded", "unknown", "hold"),
    "rejected": ("Rejected", "deny", "deny"),
    "withdrawn": ("Withdrawn", "unknown", "hold"),
    "received": ("Received", "accent", "doc"),
    "implementing": ("Being implemented", "review", "clock"),
    "lifted": ("Lifted", "unknown", "allow"),
    "queued": ("Queued", "unknown", "clock"),
    "running": ("Running", "accent", "run"),
    "done": ("Done", "allow", "check"),
    "failed": ("Partly failed", "deny", "review"),
    "cancelled": ("Cancelled", "unknown", "close"),
    "overtaken": ("Overtaken", "unknown", "hold"),
    "open": ("Open", "accent", "inbox"),
    "snoozed": ("Snoozed", "unknown", "clock"),
    "proposed": ("Waiting for a second person", "review", "people"),
    "decided": ("Decided", "allow", "check"),
    "closed": ("Closed", "unknown", "check"),
    "held": ("Held", "deny", "hold"),
    "granted": ("In force", "allow", "check"),
    "waits": ("Waiting for a second person", "review", "people"),
    "clear": ("Clear", "allow", "check"),
    "possible": ("Possible match", "review", "review"),
    "confirmed": ("Confirmed match", "deny", "deny"),
    "confirmed_paper": ("Confirmed", "allow", "check"),
    "expired": ("Expired", "unknown", "clock"),
    "revoked": ("Revoked", "deny", "close"),
    "active": ("Active", "allow", "check"),
}

ACTIVITIES: Mapping[str, str] = {
    "use_api": "Use by API",
    "fine_tune": "Fine-tune",
    "hosted": "Use hosted",
    "download_weights": "Download weights",
    "source_access": "Source access",
    "transfer_in_country": "Transfer in country",
}


def outcome(value: str) -> dict[str, str]:
    """Word, tone and icon. An unknown outcome is shown by its name, never as allowed."""
    word, tone = OUTCOMES.get(value, (value or "Not judged yet", "unknown"))
    return {"word": word, "tone": tone, "icon": tone}


def state(value: str) -> dict[str, str]:
    """Word, tone and icon of a state."""
    word, tone, icon = STATES.get(value, (value.replace("_", " ").capitalize(), "unknown", "info"))
    return {"word": word, "tone": tone, "icon": icon}


def attribute(name: str) -> str:
    """`licensee.hq_country` as `Licensee's headquarters country`, by the vocabulary's label."""
    known = built_in(name)
    label = known.label if known else name.rsplit(".", 1)[-1].replace("_", " ")
    return label[:1].upper() + label[1:]


def value(name: str, given: Any) -> str:
    """An attribute's value in words: countries by name, shares in percent."""
    known = built_in(name)
    match known.type if known else "":
        case "country" if given in COUNTRIES:
            return f"{COUNTRIES[given]} ({given})"
        case "countries" if isinstance(given, list):
            return ", ".join(COUNTRIES.get(code, str(code)) for code in given) or "none"
        case "share" if isinstance(given, int):
            return f"{given / 100:g} %"
        case "code" | "codes":
            return plain(given).replace("_", " ")
    return plain(given)


def uncapitalized(text: str) -> str:
    """`Use by API` as `use by API`, for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def event(kind: str) -> str:
    """`rule.published` as `Rule published`."""
    return kind.replace(".", " ").replace("_", " ").capitalize()


def plain(value: Any) -> str:
    """A JSON value in words. An absent one is "unknown", never blank."""
    match value:
        case None | "":
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(plain(item) for item in value) or "none"
        case dict():
            return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
        case _:
            return str(value)


def utc(at: datetime | None) -> str:
    """24 Nov 2026 15:54 UTC."""
    if at is None:
        return ""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y %H:%M} UTC"


def lasted(duration: timedelta) -> str:
    """A duration in its largest unit: `3 days`, `5 h`, `12 min`, `4 s`."""
    seconds = abs(duration.total_seconds())
    if seconds >= 172800:
        return f"{int(seconds // 86400)} days"
    if seconds >= 5400:
        return f"{int(seconds // 3600)} h"
    if seconds >= 90:
        return f"{int(seconds // 60)} min"
    return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"


def distance(duration: timedelta) -> str:
    """`5 h ago` or `in 6 days`."""
    words = lasted(duration)
    return f"{words} ago" if duration.total_seconds() < 0 else f"in {words}"
