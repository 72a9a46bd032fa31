"""A question as it is asked, and the same made ready to be judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from accesscontrol.policy.judge.known import World, look
from accesscontrol.policy.judge.papers import (
    Disposition,
    ExportLicense,
    parse_dispositions,
    parse_licenses,
)
from accesscontrol.policy.language.errors import BAD_SHAPE, PolicyError, below
from accesscontrol.policy.language.release import Release
from accesscontrol.policy.language.values import instant_of


class Question(NamedTuple):
    """A question as it is asked: its facts, statements and papers have their JSON shapes."""

    release: Release
    facts: Mapping[str, object]
    stated: Mapping[str, object]
    licenses: object
    dispositions: object
    at: datetime
    standing: bool = False
    pointer: str = ""  # to the question, in the document that holds it

    def prepared(self) -> "Prepared":
        """The question with its facts weighed and its papers read.

        Raises PolicyError for malformed papers, ValueError for an instant without a zone.
        """
        attributes = self.release.attributes
        return Prepared(
            look(
                self.release,
                facts=self.facts,
                stated=self.stated,
                instant=instant_of(self.at),
                standing=self.standing,
            ),
            parse_licenses(self.licenses, attributes, below(self.pointer, "licenses")),
            parse_dispositions(self.dispositions, attributes, below(self.pointer, "dispositions")),
        )


@dataclass(frozen=True)
class Prepared:
    """A question ready to be judged: what is known, and the papers that can lift a rule."""

    world: World
    licenses: tuple[ExportLicense, ...]
    dispositions: tuple[Disposition, ...]

    @property
    def papers(self) -> tuple[ExportLicense | Disposition, ...]:
        return (*self.licenses, *self.dispositions)


def refuse_statements(question: Question) -> None:
    """Raises PolicyError for statements in a standing, in which nobody states anything."""
    if question.standing and question.stated:
        raise PolicyError("/stated", BAD_SHAPE, "Nobody states anything in a standing.")
