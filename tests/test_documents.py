"""Documents and code cite only what is in this repository, and no picture lies here unseen."""

import doctest
from pathlib import Path

import pytest

from tests.documents import (
    DOCS,
    LANGUAGE,
    PICTURES,
    ROOT,
    Text,
    documents,
    leads_somewhere,
    links,
    not_there,
    pictures_shown,
    texts,
)

MOST_PICTURES = 16
WRONG = [
    ("see docs/missing.md", "docs/missing.md"),
    ("as policy.md has it", "policy.md"),
    ("see tests/missing/conftest.py", "tests/missing/conftest.py"),
    ("added up (missing.py)", "missing.py"),
    ("by docs/language.md §99", "§99"),
    ("by docs/language.md §5 and §99", "§99"),
    ("as §5 has it", "§5"),
    ("see the § about rules", "§"),
    ("`orders.nothing_of_the_kind` does it", "orders.nothing_of_the_kind"),
    ("in `policy/missing`", "policy/missing"),
    ("`test_of_nothing` tries it", "test_of_nothing"),
]
RIGHT = [
    "see docs/language.md §5 and §6, RFC 6962 §2.1, AuthZEN 1.0 §7.1.2",
    "`orders.publish`, `policy.Verdict.outcome`, `licensee.hq_country`, `policy/judge`, `manage.py`",
    "https://example.org/docs/nowhere.html",
]


def test_whatever_is_cited_is_there() -> None:
    here = Path(__file__)  # cites wrongly on purpose
    checked = [text for text in texts() if text.path != here]
    lacking = [f"{text}: {cited}" for text in checked for cited in not_there(text)]
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert not [link for link in links(document) if not leads_somewhere(link, document)]


@pytest.mark.parametrize(("words", "cited"), WRONG)
def test_a_wrong_citation_is_found(words: str, cited: str) -> None:
    assert not_there(Text(ROOT / "README.md", 1, words)) == [cited]


def test_a_module_without_a_folder_is_a_neighbor() -> None:
    assert not not_there(Text(ROOT / "accesscontrol/orders/terms.py", 1, "see publication.py"))
    elsewhere = Text(ROOT / "accesscontrol/orders/terms.py", 1, "see known.py")
    assert not_there(elsewhere) == ["known.py"]


@pytest.mark.parametrize("words", RIGHT)
def test_a_right_citation_is_not(words: str) -> None:
    assert not not_there(Text(ROOT / "README.md", 1, words))


def test_a_wrong_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "[one](nowhere.txt) [two](#no-heading) [three](#a-heading)\n\n# A heading\n"
    )
    assert [leads_somewhere(link, document) for link in links(document)] == [False, False, True]


def test_the_language_cites_its_own_sections_by_number_alone() -> None:
    assert not not_there(Text(LANGUAGE, 1, "by §5"))
    assert not_there(Text(LANGUAGE, 1, "by §99")) == ["§99"]


def test_the_example_of_a_screening_is_what_the_code_does() -> None:
    page = DOCS / "how-a-screening-works.md"
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried > 20
    assert not failed


def test_every_picture_kept_is_shown_by_a_document() -> None:
    """The others are made by `make screenshots`, where git does not look."""
    kept = set(PICTURES.iterdir())
    assert kept == pictures_shown()
    assert len(kept) <= MOST_PICTURES


def decisions() -> list[Path]:
    return sorted((DOCS / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("decision", decisions(), ids=lambda path: path.name[:4])
def test_every_decision_has_its_number_and_a_line_in_the_index(decision: Path) -> None:
    number = int(decision.name[:4])
    title = decision.read_text(encoding="utf-8").splitlines()[0]
    assert title.startswith(f"# {number}. ")
    shown = f"| {number} | [{title.partition('. ')[2]}]({decision.name}) |"
    assert shown in (decision.parent / "README.md").read_text(encoding="utf-8")
