"""Writes the audit log. Every verb records one event, in its own transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, Required, TypedDict, Unpack

from django.db import DatabaseError, connections, models

from accesscontrol.errors import NotRecorded
from accesscontrol.ledger.canonical import canonical_json, is_plain, leaf_hash
from accesscontrol.models import ApiToken, Order, Release, Rule, User

LARGEST_EXACT = 2**53 - 1
LARGEST_PAYLOAD = 60_000


@dataclass(frozen=True)
class RequestContext:
    """The id and address of the request that causes events. A middleware sets it."""

    request_id: str = ""
    ip: str = ""


class Subject(NamedTuple):
    """What an event is about, for a caller that did not read the row."""

    type: str
    id: str
    name: str


About = models.Model | Subject | str | None


# Each thread has its own, as the web server and the workers give one request to one thread.
_request: ContextVar[RequestContext] = ContextVar("request", default=RequestContext())  # noqa: B039


@contextmanager
def context(*, request_id: str = "", ip: str = "") -> Iterator[None]:
    """Give the events recorded inside this request's id and address."""
    mark = _request.set(RequestContext(request_id, ip))
    try:
        yield
    finally:
        _request.reset(mark)


def current_request() -> RequestContext:
    """The context of the request that is served; empty outside of a request."""
    return _request.get()


class Event(TypedDict, total=False):
    """What an event says besides its kind and subject, as ``payload`` takes it.

    ``by`` None is the system. ``details`` may contain instants, sets and large numbers, no floats.
    """

    by: Required[User | ApiToken | None]
    at: Required[datetime]
    because: str
    order: Order | str | None
    rule: str | None
    release: Release | int | None
    decision_id: str | None
    details: Mapping[str, Any] | None


def record(kind: str, subject: About, **event: Unpack[Event]) -> int:
    """Append one event and return its id. Raises NotRecorded if the log cannot be written.

    Runs in the caller's transaction: a change without its event is rolled back.
    """
    return append([payload(kind, subject, **event)])[0]


def record_apart(kind: str, subject: About, **event: Unpack[Event]) -> int:
    """Append an event on a connection of its own, so that a request's rollback keeps it.

    For refusals and failed sign-ins, after which a request is rolled back.
    """
    return append([payload(kind, subject, **event)], using="audit")[0]


def append(payloads: Sequence[str], *, using: str = "default") -> list[int]:
    """Append events (canonical texts) in one statement, and return their ids in order."""
    hashes = [leaf_hash(text.encode()) for text in payloads]
    try:
        with connections[using].cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit.event (payload, leaf_hash)"
                " SELECT p, h FROM unnest(%s::text[], %s::bytea[]) WITH ORDINALITY AS t(p, h, n)"
                " ORDER BY n RETURNING id",
                [list(payloads), hashes],
            )
            return [row[0] for row in cursor.fetchall()]
    except DatabaseError as error:
        raise NotRecorded("The audit log cannot be written, so nothing was done.") from error


def payload(kind: str, subject: About, **event: Unpack[Event]) -> str:
    """The canonical JSON of one event (audit.event.payload), without empty members.

    An event about a rule names the rule and its order; an event about an order names the order.
    """
    request, at = current_request(), event["at"]
    release, details = event.get("release"), event.get("details")
    members = {
        "v": 1,
        "kind": kind,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "at_us": int(at.timestamp()) * 1_000_000 + at.microsecond,
        "actor": actor(event["by"]),
        "subject": _subject(subject),
        "because": event.get("because"),
        "order": _order(subject, event.get("order")),
        "rule": subject.ref if isinstance(subject, Rule) else event.get("rule"),
        "release": release.number if isinstance(release, Release) else release,
        "decision_id": event.get("decision_id"),
        "request_id": request.request_id,
        "ip": request.ip,
        "details": plain(dict(details)) if details else None,
    }
    text = canonical_json(
        {name: value for name, value in members.items() if value not in (None, "")}
    )
    if len(text.encode()) > LARGEST_PAYLOAD:
        raise NotRecorded("The event is too long for the audit log, so nothing was done.")
    return text


def actor(by: User | ApiToken | None) -> dict[str, str]:
    """The actor: a person, a token, or the system, with the name of this moment."""
    match by:
        case User():
            return {"type": "person", "id": by.username, "name": str(by), "role": by.role}
        case ApiToken():
            return {"type": "token", "id": by.key_id, "name": by.name}
        case None:
            return {"type": "system", "id": "system", "name": "Export Gate"}


def plain(value: Any) -> Any:
    """The value for canonical JSON: instants and large numbers as text, sets as sorted lists."""
    return value if is_plain(value) else _made_plain(value)


def _made_plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): _made_plain(each) for name, each in value.items()}
        case set() | frozenset():
            return sorted(_made_plain(each) for each in value)
        case list() | tuple():
            return [_made_plain(each) for each in value]
        case bool() | None | str():
            return value.replace("\x00", "\ufffd") if isinstance(value, str) else value
        case int():
            return value if abs(value) <= LARGEST_EXACT else str(value)
        case models.Model():
            return str(value)
        case _:
            raise TypeError(f"The audit log cannot hold a {type(value).__name__}.")


def _order(subject: About, order: Order | str | None) -> str | None:
    if isinstance(subject, Rule):
        return subject.order.reference
    if isinstance(subject, Order):
        return subject.reference
    return order.reference if isinstance(order, Order) else order


def _subject(subject: About) -> dict[str, str]:
    if isinstance(subject, models.Model):
        type_ = subject._meta.model_name or ""
        subject = Subject(type_, str(_natural_id(subject)), str(subject))
    if isinstance(subject, Subject):
        id_, name = (each.replace("\x00", "\ufffd") for each in (subject.id, subject.name[:300]))
        return {"type": subject.type, "id": id_, "name": name}
    return {"type": "none" if subject is None else "text", "id": subject or ""}


def _natural_id(subject: models.Model) -> object:
    """The row's reference, number, code or name; without one of these, its id."""
    for name in ("ref", "reference", "number", "code", "key_id", "username", "decision_id"):
        if hasattr(subject, name):
            return getattr(subject, name)
    return subject.pk
