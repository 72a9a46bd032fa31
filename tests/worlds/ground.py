"""A small world for tests of the decision and its API: a dozen rows and a policy of five rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from accesscontrol import access, orders
from accesscontrol.models import (
    AIModel,
    Attestation,
    CustomAttribute,
    Entitlement,
    ExportLicense,
    Fact,
    Licensee,
    Offering,
    Release,
)
from tests.worlds import parts
from tests.worlds.parts import person as person  # worlds hand these two on
from tests.worlds.rules import rule as rule

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
ACTIVITIES = ("use_api", "fine_tune", "download_weights")


FRONTIER = {"is": ["model.family", "frontier"]}
RULES = (
    rule("R-HQ", "license_required", {"all": [FRONTIER, {"in_group": ["licensee.hq_country", "D:5"]}]}),
    rule("R-USER", "license_required", {"all": [FRONTIER, {"not": {"is": ["user.us_person", True]}}]},
         order="SECRET-1", title="Foreign persons at the secret project"),
    rule("R-PLACE", "deny", {"all": [{"is": ["request.activity", "download_weights"]},
                                     {"is": ["request.location_country", "RU"]}]}),
    rule("R-USE", "review", {"is": ["request.end_use", "military"]}),
    rule("R-SEEN", "deny", {"is": ["licensee.country", "KP"]},
         report_only_until="2027-01-01T00:00:00Z"),
)  # fmt: skip


def lay(rules: Sequence[Mapping[str, Any]] = RULES, *, at: datetime = LONG_AGO) -> Release:
    """Two orders (one confidential), the rules as the first release, three licensees, two models."""
    CustomAttribute.objects.get_or_create(
        name="licensee.custom.role",
        defaults={
            "definition": {"name": "licensee.custom.role", "type": "code", "source": "register"},
            "recorded_at": at,
            "confirmed_at": at,
            "entered_by": person("enterer"),
            "confirmed_by": person("confirmer"),
        },
    )
    release = orders.install(starter=policy_of(rules), at=at, because="A test begins.")
    assert release is not None
    for ref, country in (("acme", "US"), ("zhong", "CN"), ("murk", None)):
        add_licensee(ref, country, at=at)
    for ref, family in (("frontier-5", "frontier"), ("mini-1", "mini")):
        add_model(ref, family, at=at)
    return release


def policy_of(rules: Sequence[Mapping[str, Any]]) -> Any:
    from accesscontrol.orders.installation import GroupMembership, Policy

    order = {
        "kind": "is_informed_letter", "authority": "BIS", "citation": "15 CFR 744",
        "subject": "Frontier models", "effective_at": LONG_AGO,
    }  # fmt: skip
    return Policy(
        lists={"EL": "Entity List"},
        end_uses={"civil": "Civil", "military": "Military"},
        memberships=[
            GroupMembership("D:5", country, LONG_AGO, None, "15 CFR 740")
            for country in ("CN", "RU")
        ],
        territories={"HK": "CN"},
        territories_citation="15 CFR 738.3",
        orders=[
            {"reference": "LETTER-1", **order},
            {"reference": "SECRET-1", **order, "confidential": True, "text": "The secret project."},
        ],
        rules=list(rules),
    )


def add_licensee(ref: str, hq: str | None, *, at: datetime = LONG_AGO) -> Licensee:
    return parts.licensee(ref, at, **({"hq_country": hq} if hq else {}), country="US")


def add_model(ref: str, family: str, *, at: datetime = LONG_AGO) -> AIModel:
    return parts.model(ref, ACTIVITIES, at, family=family)[0]


def state(licensee: Licensee, attribute: str, value: Any, *, at: datetime = LONG_AGO) -> Fact:
    return parts.learn(licensee, attribute, value, at)


def entitle(licensee: str, model: str, activity: str = "use_api") -> Entitlement:
    offering = Offering.objects.get(model__ref=model, activity=activity)
    return parts.grant(Licensee.objects.get(ref=licensee), offering, LONG_AGO)


def attest(licensee: str, attribute: str, value: Any) -> Attestation:
    enterer, confirmer = person("enterer"), person("confirmer")
    row = Licensee.objects.get(ref=licensee)
    return parts.attest(row, attribute, value, LONG_AGO, by=enterer, and_by=confirmer)


def license_for(licensee: str, *, quantity: int | None = None, **more: Any) -> ExportLicense:
    return ExportLicense.objects.create(**{
        "number": "D-100", "licensees": [licensee], "quantity": quantity,
        "conditions": ["Report each quarter."], "valid": (LONG_AGO, None),
        "recorded_at": LONG_AGO, "confirmed_at": LONG_AGO,
        "entered_by": person("enterer"),
        "confirmed_by": person("confirmer"), **more,
    })  # fmt: skip


def token(*scopes: str, at: datetime | None = None, days: int = 90) -> access.IssuedToken:
    """A token of the clock's now, since the API reads the clock."""
    now = at or datetime.now(UTC)
    return access.issue_token(
        name="gateway", scopes=scopes or ("decisions:ask",), by=None, at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip


def question(
    licensee: str = "acme", model: str = "frontier-5", activity: str = "use_api", **more: Any
) -> dict[str, Any]:
    """An AuthZEN request: `user` and `context` as members, other members go to subject.properties."""
    user, context = more.pop("user", {}), more.pop("context", {})
    properties = {**more, **({"user": user} if user else {})}
    return {
        "subject": {"type": "licensee", "id": licensee, "properties": properties},
        "resource": {"type": "model", "id": model},
        "action": {"name": activity},
        "context": context,
    }
