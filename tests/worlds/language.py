"""Short ways to write a release, a rule and a question, so that the tables show only what they are about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accesscontrol import policy
from tests.worlds import rules

NOW = "2026-06-20T00:00:00Z"
LONG_AGO = "2020-01-01T00:00:00Z"

ATTRIBUTES: list[dict[str, object]] = [
    {
        "name": "licensee.id",
        "type": "code",
        "source": "register",
        "register_only": True,
        "identity": True,
    },
    {
        "name": "model.id",
        "type": "code",
        "source": "register",
        "register_only": True,
        "identity": True,
    },
    {
        "name": "request.activity",
        "type": "code",
        "source": "request",
        "identity": True,
        "values": ["use_api", "hosted"],
    },
    {"name": "request.location_country", "type": "country", "source": "request"},
    {
        "name": "request.end_use",
        "type": "code",
        "source": "request",
        "values": ["civil", "military"],
    },
    {"name": "licensee.country", "type": "country", "source": "register"},
    {"name": "licensee.hq_country", "type": "country", "source": "register"},
    {"name": "licensee.sector", "type": "code", "source": "register"},
    {"name": "licensee.data_center_countries", "type": "countries", "source": "register"},
    {
        "name": "licensee.red_flags_open",
        "type": "integer",
        "source": "register",
        "register_only": True,
    },
    {"name": "licensee.foreign_national_access", "type": "share", "source": "register"},
    {"name": "licensee.custom.certified", "type": "boolean", "source": "register"},
    {
        "name": "licensee.custom.tier",
        "type": "code",
        "source": "register",
        "values": ["gold", "silver"],
    },
    {"name": "model.training_ops", "type": "quantity", "source": "register"},
    {"name": "model.safety_level", "type": "integer", "source": "register"},
    {"name": "model.capability_tags", "type": "codes", "source": "register"},
    {"name": "model.custom.released", "type": "date", "source": "register"},
    {"name": "user.us_person", "type": "boolean", "source": "request"},
    {"name": "user.nationalities", "type": "countries", "source": "request", "non_empty": True},
]
IDS = {"licensee.id": "acme", "model.id": "frontier-5", "request.activity": "use_api"}


def operators(type_: str) -> list[str]:
    """The operators on a type, as the language's own table has them."""
    return [name for name, each in policy.OPERATORS.items() if type_ in each.types]


def entry(value: str, start: str | None = LONG_AGO, end: str | None = None) -> dict[str, object]:
    return {"value": value, "from": start, "until": end}


def rule(when: object, effect: str = "deny", ref: str = "R-1", **more: object) -> dict[str, object]:
    usual = {"order": "O-1", "citation": "15 CFR 744", "effective_from": LONG_AGO}
    return rules.rule(ref, effect, when, **{**usual, **more})


def exemption(when: object, ref: str = "exempt", **more: object) -> dict[str, object]:
    whole = {
        "ref": ref,
        "citation": "annex",
        "when": when,
        "effective_from": None,
        "effective_until": None,
    }
    return {**whole, **more}


def license_(number: str = "L-1", **more: object) -> dict[str, object]:
    return {
        "number": number, "licensees": ["acme"], "models": None, "activities": None, "countries": None,
        "end_uses": None, "orders": None, "valid_from": LONG_AGO, "valid_until": None, "remaining": None,
        "conditions": [], **more,
    }  # fmt: skip


def disposition(ref: str = "D-1", **more: object) -> dict[str, object]:
    return {
        "ref": ref, "rule": "R-1", "version": 1, "licensee": "acme", "models": None, "activities": None,
        "valid_from": LONG_AGO, "valid_until": "2027-01-01T00:00:00Z", "facts": {}, **more,
    }  # fmt: skip


def document(*rules: Mapping[str, object], **more: object) -> dict[str, object]:
    return {
        "release": 1,
        "vocabulary": ATTRIBUTES,
        "territories": {"HK": "CN", "GL": "DK"},
        "groups": {"D:5": [entry("CN"), entry("RU")], "A:5": [entry("US"), entry("DK")]},
        "lists": {"annex": [entry("acme"), entry("bio")]},
        "rules": list(rules),
        **more,
    }


def release(*rules: Mapping[str, object], **more: object) -> policy.Release:
    return policy.parse_release(document(*rules, **more))


def judge(
    rules: Sequence[Mapping[str, object]] | Mapping[str, object],
    facts: Mapping[str, object] | None = None,
    *,
    at: str = NOW,
    **more: Any,
) -> policy.Verdict:
    """The verdict on a question about acme, frontier-5 and use_api with these facts besides."""
    listed = [rules] if isinstance(rules, Mapping) else list(rules)
    return policy.judge(
        release(*listed), facts={**IDS, **(facts or {})}, at=datetime.fromisoformat(at), **more
    )


def truth_of(when: object, facts: Mapping[str, object] | None = None, **more: Any) -> str:
    """What a condition comes to, read off the outcome of a rule that denies where it is true."""
    outcome = judge(rule(when), facts, **more).outcome
    return {"deny": "true", "permit": "false", "undetermined": "unknown"}[outcome]
