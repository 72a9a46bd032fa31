"""Answers a stream of JSON lines, releases and questions, by docs/language.md §8."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from accesscontrol.policy.command.i_json import parse_line
from accesscontrol.policy.command.readers import ONLINE, Reader
from accesscontrol.policy.judge.question import Question
from accesscontrol.policy.judge.verdict import Verdict
from accesscontrol.policy.language import documents, values
from accesscontrol.policy.language.documents import Json
from accesscontrol.policy.language.errors import BAD_SHAPE, NO_RELEASE, PolicyError, below
from accesscontrol.policy.language.release import Release, parse_release
from accesscontrol.policy.online.judge import judge_question

BLANK: Final = b" \t\r\n"


class Session:
    """Answers one line after the other; ``release``: the one in use, which a line has set."""

    def __init__(self, reader: Reader = ONLINE) -> None:
        self.release: Release | None = None
        self._reader = reader

    def answer(self, line: bytes) -> dict[str, object] | None:
        """What a line prints; None for a release that is accepted."""
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
    """The lines that are printed, as JSON."""
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
