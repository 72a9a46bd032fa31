"""Reads a request's body as strict I-JSON (RFC 7493), which has one meaning only, within bounds."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from accesscontrol.api.problems import Problem

LARGEST_BODY = 2 * 1024 * 1024
DEEPEST = 32


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return the body as a JSON object. Raises Problem (400 or 413), which says what is wrong."""
    _require_json(request)
    document = parse(_body(request))
    if not isinstance(document, dict):
        raise Problem(400, "bad_shape", "The body must be a JSON object, such as {…}.")
    return document


def parse(body: bytes) -> Any:
    """Return the value of the text. Duplicate members, NaN, NUL and half characters are refused."""
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_refuse
        )
    except UnicodeDecodeError as error:
        raise Problem(400, "not_json", "The body is not UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Problem(400, "not_json", f"The body is not JSON: {str(error)[:200]}.") from error
    if body.count(b"{") + body.count(b"[") > DEEPEST:
        _require_shallow(document)
    if b"\\" in body or b"\x00" in body:  # only an escape can bring them in
        _require_clean(document)
    return document


def _require_json(request: HttpRequest) -> None:
    if request.content_type != "application/json":
        given = request.content_type or "nothing"
        raise Problem(
            400, "bad_content_type", f"Send Content-Type: application/json (it was {given[:100]})."
        )


def _body(request: HttpRequest) -> bytes:
    """Return the bytes. A body over the largest size is refused and not read to its end."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    body = b"" if length > LARGEST_BODY else request.read(LARGEST_BODY + 1)
    if length > LARGEST_BODY or len(body) > LARGEST_BODY:
        raise Problem(413, "too_large", f"A request holds at most {LARGEST_BODY} bytes.")
    return body


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        first = {name: place for place, name in reversed([*enumerate(names)])}
        repeated = next(name for place, name in enumerate(names) if place > first[name])
        raise ValueError(f"the member {repeated[:80]!r} stands twice in one object")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _require_shallow(document: Any) -> None:
    level = [document]
    for _ in range(DEEPEST + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"The body is nested deeper than {DEEPEST} levels.")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [child for child in node.values() if isinstance(child, (dict, list))]
    return [child for child in node if isinstance(child, (dict, list))]


def _require_clean(document: Any) -> None:
    for text in _texts(document):
        if "\x00" in text:
            raise Problem(400, "not_json", "A string holds a NUL character (U+0000).")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Problem(400, "not_json", "A string holds half of a surrogate pair.")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        yield from node
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
