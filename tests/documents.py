"""What documents and code cite: files, sections, names and pictures; and which of it is not there."""

import importlib
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
PICTURES: Final = DOCS / "pictures"
LANGUAGE: Final = DOCS / "language.md"
ROOMS: Final = "accesscontrol"

CODE: Final = (ROOMS, "project", "tests", "templates", "static")
SUFFIXES: Final = {".py", ".html", ".css", ".js"}
BESIDE: Final = ("Makefile", "pyproject.toml", "manage.py", "conftest.py", ".ci/run")
# Applied migrations stay as they are, also the words in them.
LEFT_OUT: Final = {"__pycache__", "migrations", "staticfiles"}

_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_DOCUMENT: Final = re.compile(r"[\w./-]*\w\.md\b")
_FROM_ROOT: Final = re.compile(rf"(?<![\w/.-])(?:docs|{'|'.join(CODE)})/[\w./-]*\w")
_FILE: Final = re.compile(r"(?<![\w/.:-])(?:\w[\w.-]*/)*[\w-]+\.(?:py|html|css|js|yaml|toml|png)\b")
_PLACE: Final = re.compile(r"`([a-z]\w*(?:/\w+)+)/?`")
_TEST: Final = re.compile(r"`(test_\w+)`")
_NAME: Final = re.compile(r"`([a-z_]+(?:\.\w+)+)(?:\([^`]*\))?`")
# \xa7 is the section sign, which this module would cite if it wrote it.
_SECTION: Final = re.compile(r"\xa7\d*")
_OF_A_STANDARD: Final = re.compile(r"(?:RFC \d+|AuthZEN(?: 1\.0)?) \xa7[\d.]*\d")
_OF_THE_LANGUAGE: Final = re.compile(r"language\.md \xa7\d+(?:(?:, | and )\xa7\d+)*")


@dataclass(frozen=True)
class Text:
    """A piece of text that can cite: a whole document, or a comment or string of code."""

    path: Path
    line: int
    words: str
    prose: bool = True  # it speaks to a reader; a string may also be data

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """README and everything under docs/ that a person reads."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def texts() -> Iterator[Text]:
    """Everything in the repository that can cite something."""
    for document in documents():
        yield from _paragraphs(document)
    for path in _code():
        if path.suffix == ".py":
            yield from _texts_of_python(path)
        else:
            yield Text(path, 1, path.read_text(encoding="utf-8"), prose=False)


def not_there(text: Text) -> list[str]:
    """What the text cites and nobody can follow."""
    words = " ".join(text.words.split())
    cited = [*_DOCUMENT.findall(words), *_FROM_ROOT.findall(words)]
    lacking = [each for each in cited if not _stands(each, text.path)]
    lacking += _sections_not_there(words, text.path)
    if text.prose:
        lacking += [each for each in _FILE.findall(words) if not _stands(each, text.path)]
    if text.path.suffix == ".md":
        lacking += [each for each in _PLACE.findall(words) if not _stands(each, text.path)]
        lacking += [each for each in _NAME.findall(words) if not _is_named(each)]
        lacking += [each for each in _TEST.findall(words) if each not in _tests()]
    return list(dict.fromkeys(lacking))


def links(document: Path) -> list[str]:
    """The targets of the document's links and pictures that stand in this repository."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if "://" not in target]


def leads_somewhere(link: str, document: Path) -> bool:
    """Whether the file is there, and in it the heading that the link names."""
    name, _, anchor = link.partition("#")
    target = (document.parent / name).resolve() if name else document
    return target.exists() and (not anchor or anchor in _anchors(target))


def pictures_shown() -> set[Path]:
    """The pictures that README or a document shows."""
    targets = [(path.parent / link).resolve() for path in documents() for link in links(path)]
    return {target for target in targets if target.parent == PICTURES}


def rows(document: Path, heading: str) -> list[list[str]]:
    """The cells of the table under that first column's heading, without the heading itself."""
    lines = document.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = takewhile(lambda line: line.startswith("|"), lines[first + 2 :])
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def quoted(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def _code() -> Iterator[Path]:
    for path in sorted(tree()):
        inside = path.relative_to(ROOT)
        if str(inside) in BESIDE or (inside.parts[0] in CODE and path.suffix in SUFFIXES):
            yield path


@cache
def tree() -> frozenset[Path]:
    """Every file and folder of the repository, without what tools leave behind."""
    return frozenset(_below(ROOT))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in LEFT_OUT or (path.name.startswith(".") and path.name != ".ci"):
            continue
        yield path
        if path.is_dir():
            yield from _below(path)


def _paragraphs(document: Path) -> Iterator[Text]:
    line = 1
    for paragraph in document.read_text(encoding="utf-8").split("\n\n"):
        yield Text(document, line, paragraph)
        line += paragraph.count("\n") + 2


def _texts_of_python(path: Path) -> Iterator[Text]:
    before = tokenize.NEWLINE
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            kind = tokenize.tok_name[token.type]
            docstring = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            if kind in ("COMMENT", "STRING", "FSTRING_MIDDLE"):
                yield Text(path, token.start[0], token.string, kind == "COMMENT" or docstring)
            if kind not in ("COMMENT", "NL", "ENCODING"):
                before = token.type


def _stands(cited: str, here: Path) -> bool:
    """A path from the root or the text's folder, or the end of some path.

    A module that code names without a folder is a neighbor.
    """
    if (ROOT / cited).exists() or (here.parent / cited).exists():
        return True
    if here.suffix == cited[-3:] == ".py" and "/" not in cited:
        return False
    ends = (f"/{cited}", f"/{cited}.py")
    return any(path.as_posix().endswith(ends) for path in tree())


def _is_named(name: str) -> bool:
    """Whether a room has what the dotted name says; names of other things are no citations."""
    first, *rest = name.split(".")
    if f".{rest[-1]}" in SUFFIXES:
        return True  # a file, which is looked for among the files
    if not (ROOT / ROOMS / first).is_dir() and not (ROOT / ROOMS / f"{first}.py").exists():
        return True
    found: object = importlib.import_module(f"{ROOMS}.{first}")
    path = f"{ROOMS}.{first}"
    for part in rest:
        path += f".{part}"
        if hasattr(found, part):
            found = getattr(found, part)
        elif part not in getattr(found, "__dataclass_fields__", ()):
            try:
                found = importlib.import_module(path)
            except ImportError:
                return False
    return True


@cache
def _tests() -> frozenset[str]:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return frozenset(name for text in sources for name in re.findall(r"def (test_\w+)", text))


def _sections_not_there(words: str, here: Path) -> list[str]:
    """Each section that is neither a standard's nor, with its document's name, of the language."""
    own = _OF_A_STANDARD.sub("", words)
    named = " ".join(_OF_THE_LANGUAGE.findall(own)) if here != LANGUAGE else own
    nameless = _SECTION.findall(_OF_THE_LANGUAGE.sub("", own)) if here != LANGUAGE else []
    return [*nameless, *(each for each in _SECTION.findall(named) if each not in _sections())]


@cache
def _sections() -> frozenset[str]:
    headings = re.findall(r"^## (\d+)\. ", LANGUAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(f"\xa7{number}" for number in headings)


@cache
def _anchors(document: Path) -> frozenset[str]:
    """The headings as links name them."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings)
