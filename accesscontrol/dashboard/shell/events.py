"""Puts audit events into words: what happened, who did it, when and why."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from accesscontrol.dashboard.shell import words
from accesscontrol.models import AuditEvent

SENTENCES: Mapping[str, str] = {
    "licensee.added": "Licensee added",
    "licensee.fact_edited": "{attribute} set to {value}",
    "licensee.fact_proposed": "{attribute} to be {value}: waits for a second person",
    "licensee.fact_confirmed": "{attribute} confirmed as {value}",
    "licensee.fact_withdrawn": "{attribute}: the proposal {value} was withdrawn",
    "licensee.renamed": "Renamed from {from} to {to}",
    "licensee.rename_proposed": "Rename to {to} proposed: waits for a second person",
    "model.added": "Model added",
    "model.fact_edited": "{attribute} set to {value}",
    "model.fact_proposed": "{attribute} to be {value}: waits for a second person",
    "model.fact_confirmed": "{attribute} confirmed as {value}",
    "attestation.entered": "Attestation entered: {attribute} is {value}",
    "attestation.confirmed": "Attestation confirmed: {attribute} is {value}",
    "attestation.revoked": "Attestation revoked: {attribute}",
    "match.confirmed": "Confirmed as the same party: {party} on {list}",
    "clearance.entered": "Not the same party, proposed: {party} on {list}, until {valid_until}",
    "clearance.confirmed": "Not the same party, confirmed: {party} on {list}, until {valid_until}",
    "clearance.revoked": "Clearance revoked: {party} on {list}",
    "entitlement.granted": "Entitlement granted: {model}, {activity}",
    "entitlement.ended": "Entitlement ended: {model}, {activity}",
    "entitlement.held": "Entitlement held by an officer: {model}, {activity}",
    "entitlement.release_asked": "Release of the hold asked for: {model}, {activity}",
    "entitlement.released": "Hold released: {model}, {activity}",
    "decision.what_if": "Looked up: {model}, {activity}: {outcome}",
    "decision.made": "Decided: {model}, {activity}: {outcome}",
    "access.signed_in": "Signed in",
    "access.sign_in_failed": "Sign-in failed",
    "access.refused": "Refused: lacks the right to {right}",
    "release.published": "Release published",
    "rule.published": "Rule published",
    "token.issued": "Token issued",
    "audit.exported": "Audit log exported",
}


@dataclass(frozen=True)
class EventInWords:
    """An event as a person reads it, with the exact text that was hashed."""

    id: int
    kind: str
    text: str
    at: datetime
    by: str
    by_id: str
    by_type: str
    because: str
    subject_type: str
    subject_id: str
    subject: str
    request_id: str
    details: list[tuple[str, str]]
    payload: str
    leaf: str


def in_words(events: Iterable[AuditEvent]) -> list[EventInWords]:
    """Each event in words. An event without a sentence of its own is described by its kind."""
    return [_in_words(event) for event in events]


def _in_words(event: AuditEvent) -> EventInWords:
    payload = json.loads(event.payload)
    details = payload.get("details") or {}
    actor, subject = payload["actor"], payload["subject"]
    return EventInWords(
        id=event.pk,
        kind=event.kind,
        text=_sentence(event.kind, details),
        at=datetime.fromtimestamp(event.at_us / 1_000_000, UTC),
        by=actor.get("name", actor["id"]),
        by_id=actor["id"],
        by_type=actor["type"],
        because=payload.get("because", ""),
        subject_type=subject["type"],
        subject_id=subject["id"],
        subject=subject.get("name") or subject["id"],
        request_id=payload.get("request_id", ""),
        details=_members(payload, details),
        payload=event.payload,
        leaf=bytes(event.leaf_hash).hex(),
    )


def _sentence(kind: str, details: Mapping[str, Any]) -> str:
    sentence = SENTENCES.get(kind)
    if sentence is None:
        return words.event(kind)
    values = {name: words.plain(value) for name, value in details.items()}
    if "attribute" in details:
        name = str(details["attribute"])
        values["attribute"] = words.attribute(name)
        values["value"] = words.value(name, details.get("value"))
    model = details.get("model") or _asked_model(details)
    if model:
        values["model"] = model
    if "activity" in details:
        values["activity"] = words.uncapitalized(
            words.ACTIVITIES.get(str(details["activity"]), values["activity"])
        )
    if "outcome" in details:
        values["outcome"] = words.uncapitalized(words.outcome(str(details["outcome"]))["word"])
    try:
        return sentence.format_map(values)
    except (KeyError, ValueError):
        return words.event(kind)


def _asked_model(details: Mapping[str, Any]) -> str:
    """The model of a decision's question."""
    question = details.get("question")
    facts = question.get("facts", {}) if isinstance(question, dict) else {}
    return str(facts.get("model.id", "an unknown model")) if question else ""


def _members(payload: Mapping[str, Any], details: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (label, str(payload[name]))
        for name, label in (
            ("order", "Order"),
            ("rule", "Rule"),
            ("release", "Release"),
            ("decision_id", "Decision"),
            ("ip", "Address"),
        )
        if payload.get(name)
    ]
    return rows + [
        (name.replace("_", " ").capitalize(), words.plain(value))
        for name, value in details.items()
        if name not in ("question", "verdict")
    ]
