"""Answers a stream of JSON lines, releases and questions, by docs/language.md §8."""

import json
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from accesscontrol.policy.command.readers import ONLINE, Reader
from accesscontrol.policy.judge.question import Question
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language import documents, values
from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import BAD_SHAPE, NO_RELEASE, NOT_JSON, PolicyError, below
from accesscontrol.policy.language.release import Release, parse_release
from accesscontrol.policy.online.judge import judge_question

BLANK: Final = b" \t\r\n"
STACK: Final = 512 * 1024 * 1024  # for lines nested as deep as they are long; touched only by them
DEEP: Final = 1_000_000
_LONGEST_NUMBER: Final = 20
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LAST_OF_PLANES: Final = "".join(
    chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_NONCHARACTER: Final = re.compile(f"[\ufdd0-\ufdef{_LAST_OF_PLANES}]")


class Session:
    """The state between lines: the release in use, or none."""

    def __init__(self, reader: Reader = ONLINE) -> None:
        self.release: Release | None = None
        self._reader = reader

    def answer(self, line: bytes) -> dict[str, object] | None:
        """What the line prints; nothing for a release that is accepted."""
        try:
            question = self._read(line)
            return None if question is None else self._judge(question)
        except PolicyError as error:
            return {"error": error.to_json()}

    def _judge(self, question: Question) -> dict[str, object]:
        verdict = self._reader.judge(question)
        return {"not_of_reader": self._reader.name} if verdict is None else verdict.to_json()

    def _read(self, line: bytes) -> Question | None:
        try:
            document = parse_line(line)
        except PolicyError:
            if b'"release"' in line:
                self.release = None
            raise
        if "release" in document:
            self.release = None  # a refused release leaves none in use
            self.release = parse_release(document["release"])
            return None
        if self.release is None:
            raise PolicyError("", NO_RELEASE, "No release is in use. Send one first.")
        return question_in(self.release, document)


def answers(lines: Iterable[bytes], reader: Reader = ONLINE) -> Iterator[str]:
    """One line of JSON for each line that prints something."""
    session = Session(reader)
    for line in lines:
        if not line.strip(BLANK):
            continue
        printed = session.answer(line)
        if printed is not None:
            yield json.dumps(printed, ensure_ascii=False, separators=(",", ":"))


def ask(release: Release, document: Json, pointer: str = "") -> Verdict:
    """The verdict on a question's document. Raises PolicyError."""
    return judge_question(question_in(release, document, pointer))


def question_in(release: Release, document: Json, pointer: str = "") -> Question:
    """The question of a document. Raises PolicyError.

    Members beyond those of docs/language.md §8 are ignored.
    """
    for name in ("facts", "at"):
        if name not in document:
            raise PolicyError(pointer, BAD_SHAPE, f'A question has the member "{name}".')
    standing = False
    if "standing" in document:
        standing = documents.member(document, "standing", pointer, values.boolean, "true or false")
    if standing and "stated" in document:
        raise PolicyError(
            below(pointer, "stated"), BAD_SHAPE, "Nobody states anything in a standing."
        )
    return Question(
        release,
        facts=documents.an_object(document["facts"], below(pointer, "facts")),
        stated=documents.an_object(document.get("stated", {}), below(pointer, "stated")),
        licenses=document.get("licenses", []),
        dispositions=document.get("dispositions", []),
        at=values.datetime_of(documents.instant(document, "at", pointer)),
        standing=standing,
        pointer=pointer,
    )


def parse_line(line: bytes) -> Json:
    """The object that a line of I-JSON holds. Raises not_json."""
    document = parse_document(line)
    if not isinstance(document, dict):
        raise _not_json("it holds no object")
    return document


def parse_document(read: bytes) -> object:
    """The value that I-JSON (RFC 7493) holds. Raises not_json."""
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
    """Raises not_json for what I-JSON forbids in a text; few lines hold what could be it."""
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
