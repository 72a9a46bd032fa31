"""Documents and code cite only what is in this repository, and no picture lies here unseen."""

from pathlib import Path

import pytest

from tests.documents import DOCS, PICTURES, pictures_shown

MOST_PICTURES = 16


def decisions() -> list[Path]:
    return sorted((DOCS / "adr").glob("[0-9]*.md"))


def test_every_picture_kept_is_shown_by_a_document() -> None:
    """The others are made by `make screenshots`, where git does not look."""
    kept = set(PICTURES.iterdir())
    assert kept == pictures_shown()
    assert len(kept) <= MOST_PICTURES


@pytest.mark.parametrize("decision", decisions(), ids=lambda path: path.name[:4])
def test_every_decision_has_its_number_and_a_line_in_the_index(decision: Path) -> None:
    number = int(decision.name[:4])
    title = decision.read_text(encoding="utf-8").splitlines()[0]
    assert title.startswith(f"# {number}. ")
    shown = f"| {number} | [{title.partition('. ')[2]}]({decision.name}) |"
    assert shown in (decision.parent / "README.md").read_text(encoding="utf-8")
