"""Turns an AuthZEN request (subject, resource, action, context) into a question."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accesscontrol.api.problems import Problem
from accesscontrol.decisions import Asked

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_ID = 200
LONGEST_KEY = 200
WHAT_IF = "/api/v1/what-if"
WHAT_IF_ONLY = ("at", "dry_run")  # of the context: such an answer must not be acted on


def read(
    entities: Mapping[str, Any], *, request_sha256: str, idempotency_key: str, enforced: bool = True
) -> Asked:
    """Return the question. Raises Problem 400 with a pointer to what is missing or wrong."""
    subject, resource, action = (
        _entity(entities, name) for name in ("subject", "resource", "action")
    )
    context = _context(entities, enforced)
    properties = {
        "subject": _object(subject, "subject"),
        "resource": _object(resource, "resource"),
        "action": _object(action, "action"),
    }
    user = _user(properties["subject"])
    return Asked(
        subject_type=_word(subject, "subject", "type"),
        licensee=_word(subject, "subject", "id"),
        resource_type=_word(resource, "resource", "type"),
        model=_word(resource, "resource", "id"),
        activity=_word(action, "action", "name"),
        stated=_stated(properties, user, context),
        user_id=_user_id(user),
        request_sha256=request_sha256,
        idempotency_key=idempotency_key,
    )


def idempotency_key(request: HttpRequest) -> str:
    """The header's key, sent with or without the quotes of a structured string. Empty if absent."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Problem(
            400, "bad_value", f"An Idempotency-Key has at most {LONGEST_KEY} printable characters."
        )
    return key


def _entity(entities: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in entities:
        raise Problem(400, "missing", f"The request names no {name}.", pointer=f"/{name}")
    entity = entities[name]
    if not isinstance(entity, dict):
        raise Problem(400, "bad_shape", f"{name} must be an object.", pointer=f"/{name}")
    return entity


def _word(entity: dict[str, Any], name: str, member: str) -> str:
    """A required string: an id, a type, a name."""
    pointer = f"/{name}/{member}"
    if member not in entity:
        raise Problem(400, "missing", f"{name} has no {member}.", pointer=pointer)
    word = entity[member]
    if not isinstance(word, str):
        raise Problem(400, "bad_value", f"{name}.{member} must be a string.", pointer=pointer)
    if not 1 <= len(word) <= LONGEST_ID or CONTROL.search(word):
        raise Problem(
            400,
            "bad_value",
            f"{name}.{member} has 1 to {LONGEST_ID} characters and no control characters.",
            pointer=pointer,
        )
    return word


def _object(entity: dict[str, Any], name: str) -> dict[str, Any]:
    properties = entity.get("properties", {})
    if not isinstance(properties, dict):
        raise Problem(
            400, "bad_shape", f"{name}.properties must be an object.", pointer=f"/{name}/properties"
        )
    return properties


def _context(entities: Mapping[str, Any], enforced: bool) -> dict[str, Any]:
    context = entities.get("context", {})
    if not isinstance(context, dict):
        raise Problem(400, "bad_shape", "context must be an object.", pointer="/context")
    for name in WHAT_IF_ONLY if enforced else ():
        if name in context:
            raise Problem(
                400,
                "use_what_if",
                f"context.{name} does not work here, where answers are acted on: POST {WHAT_IF}.",
                pointer=f"/context/{name}",
                see=WHAT_IF,
            )
    return context


def _user(properties: dict[str, Any]) -> dict[str, Any]:
    user = properties.get("user", {})
    if not isinstance(user, dict):
        raise Problem(
            400,
            "bad_shape",
            "subject.properties.user must be an object.",
            pointer="/subject/properties/user",
        )
    return user


def _user_id(user: dict[str, Any]) -> str:
    user_id = user.get("id", "")
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        return str(user_id)
    if not isinstance(user_id, str):
        raise Problem(
            400,
            "bad_value",
            "subject.properties.user.id must be a string.",
            pointer="/subject/properties/user/id",
        )
    return user_id


def _stated(
    properties: dict[str, dict[str, Any]], user: dict[str, Any], context: dict[str, Any]
) -> dict[str, Any]:
    """Each statement under the name of its attribute."""
    action = properties["action"]
    differing = next((x for x in action if x in context and action[x] != context[x]), None)
    if differing is not None:
        raise Problem(
            400,
            "stated_twice",
            f"action.properties.{differing} and context.{differing} differ. Send one of them.",
            pointer="/context/" + differing.replace("~", "~0").replace("/", "~1"),
        )
    return {
        **{f"licensee.{x}": v for x, v in properties["subject"].items() if x != "user"},
        **{f"user.{x}": v for x, v in user.items() if x != "id"},
        **{f"model.{x}": v for x, v in properties["resource"].items()},
        **{f"request.{x}": v for x, v in action.items()},
        **{f"request.{x}": v for x, v in context.items()},
    }
