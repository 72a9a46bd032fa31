"""Reads I-JSON (RFC 7493), however deep it is nested."""

import json
import re
import sys
import threading
from typing import Final, NoReturn

from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import NOT_JSON, PolicyError

STACK: Final = 512 * 1024 * 1024  # for lines nested as deep as they are long; touched only by them
DEEP: Final = 1_000_000
_LONGEST_NUMBER: Final = 20
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LAST_OF_PLANES: Final = "".join(
    chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_NONCHARACTER: Final = re.compile(f"[\ufdd0-\ufdef{_LAST_OF_PLANES}]")


def _members(pairs: list[tuple[str, object]]) -> Json:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object has a member twice")
    return document


def _integer(digits: str) -> int | float:
    """An integer too long for any domain becomes a float, which is in none."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float(digits)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _not_json(why: str) -> PolicyError:
    return PolicyError("", NOT_JSON, f"This is not I-JSON: {why}.")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_constant=_constant
)


def parse_line(line: bytes) -> Json:
    """The object in a line of I-JSON. Raises not_json."""
    document = parse_document(line)
    if not isinstance(document, dict):
        raise _not_json("it holds no object")
    return document


def parse_document(read: bytes) -> object:
    """The value in a text of I-JSON. Raises not_json."""
    try:
        text = read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_json(f"byte {error.start + 1} is not UTF-8") from None
    document = _parse(text)
    _interchangeable(text, document)
    return document


def _parse(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return _parse_deep(text)
    except ValueError as error:
        raise _not_json(str(error)) from None


def _parse_deep(text: str) -> object:
    """Parse on a thread with room for a line that is nested as deep as it likes."""
    found: list[object] = []

    def parse() -> None:
        try:
            found.append(_DECODER.decode(text))
        except (ValueError, RecursionError) as error:
            found.append(_not_json(str(error)))

    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK)
    sys.setrecursionlimit(DEEP)
    try:
        thread = threading.Thread(target=parse)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if isinstance(found[0], PolicyError):
        raise found[0]
    return found[0]


def _interchangeable(text: str, document: object) -> None:
    """Raises not_json for code points that I-JSON forbids in a text. Few lines can have one."""
    if "\\u" not in text and not _NONCHARACTER.search(text):
        return
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and _SURROGATE.search(value):
            raise _not_json("a text holds half of a surrogate pair")
        elif isinstance(value, str) and _NONCHARACTER.search(value):
            raise _not_json("a text holds a code point that is no character")
