"""The AuthZEN conformance suite's fixture in our words: two licensees, two models, three rules.

`user` is a licensee, `record` a model; read, write and delete are use_api, fine_tune and
download_weights; role, status and soft are custom attributes (docs/language.md §1).
"""

from datetime import UTC, datetime, timedelta

from accesscontrol import access, orders
from accesscontrol.models import AIModel, CustomAttribute, Fact, Licensee, Offering, User
from accesscontrol.orders.installation import Policy

ORDER = "AUTHZEN-FIXTURE"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVITIES = {"read": "use_api", "write": "fine_tune", "delete": "download_weights"}
CUSTOM = (
    {"name": "licensee.custom.role", "type": "code", "source": "register"},
    {"name": "model.custom.status", "type": "code", "source": "register"},
    {"name": "request.custom.soft", "type": "boolean", "source": "request"},
)
WRITES = {"is": ["request.activity", "fine_tune"]}
ARCHIVED = {"is": ["model.custom.status", "archived"]}
ADMIN = {"is": ["licensee.custom.role", "admin"]}
RULES = (
    (
        "bob-writes-as-admin-to-the-archive-only",
        {"all": [WRITES, {"is": ["licensee.id", "bob"]}, {"not": {"all": [ARCHIVED, ADMIN]}}]},
    ),
    ("admins-write-to-the-archive", {"all": [WRITES, ARCHIVED, {"not": ADMIN}]}),
    (
        "deleting-is-soft",
        {
            "all": [
                {"is": ["request.activity", "download_weights"]},
                {"not": {"is": ["request.custom.soft", True]}},
            ]
        },
    ),
)


def install(at: datetime) -> str:
    """Fill an empty installation and return a token's text."""
    people = [User.objects.create(username=name, role="officer") for name in ("first", "second")]
    for definition in CUSTOM:
        CustomAttribute.objects.create(
            name=definition["name"],
            definition=definition,
            recorded_at=LONG_AGO,
            entered_by=people[0],
            confirmed_by=people[1],
            confirmed_at=LONG_AGO,
        )
    orders.install(starter=_policy(), at=LONG_AGO, because="The conformance suite's fixture.")
    for ref, role in (("alice", None), ("bob", "admin")):
        _licensee(ref, role)
    for ref, status in (("record-1", "active"), ("record-2", "archived")):
        _model(ref, status)
    issued = access.issue_token(
        name="Conformance suite",
        scopes=["decisions:ask"],
        expires_at=at + timedelta(days=1),
        by=None,
        at=at,
    )
    return issued.text


def _policy() -> Policy:
    order = {
        "reference": ORDER,
        "kind": "internal",
        "authority": "OpenID Foundation",
        "citation": "AuthZEN 1.0 certification scenario",
        "subject": "Who may read, write and delete records",
        "effective_at": LONG_AGO,
    }
    return Policy(
        lists={},
        end_uses={"civil": "Civil"},
        memberships=[],
        territories={},
        territories_citation="",
        orders=[order],
        rules=[_rule(ref, when) for ref, when in RULES],
    )


def _rule(ref: str, when: dict[str, object]) -> dict[str, object]:
    return {
        "ref": ref,
        "title": ref.replace("-", " ").capitalize(),
        "order": ORDER,
        "citation": "AuthZEN 1.0 certification scenario",
        "effect": "deny",
        "when": when,
        "effective_from": "2026-01-01T00:00:00Z",
    }


def _licensee(ref: str, role: str | None) -> None:
    licensee = Licensee.objects.create(
        ref=ref, name=ref, normalized_name=ref, created_at=LONG_AGO, changed_at=LONG_AGO
    )
    if role is not None:
        _fact("licensee.custom.role", role, licensee=licensee)


def _model(ref: str, status: str) -> None:
    model = AIModel.objects.create(ref=ref, name=ref, created_at=LONG_AGO)
    _fact("model.custom.status", status, model=model)
    for activity in ACTIVITIES.values():
        position = Offering.objects.count() + 1
        Offering.objects.create(model=model, activity=activity, position=position)


def _fact(attribute: str, value: str, **about: object) -> None:
    Fact.objects.create(
        attribute=attribute,
        value=value,
        source="fixture",
        held=(LONG_AGO, None),
        learned_at=LONG_AGO,
        **about,
    )
