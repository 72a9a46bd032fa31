"""What documents and code cite: files, sections, names and pictures, as they stand in the text."""

import re
from itertools import takewhile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
PICTURES: Final = DOCS / "pictures"

_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    """README and everything under docs/ that a person reads."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def links(document: Path) -> list[str]:
    """The targets of the document's links and pictures that stand in this repository."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if "://" not in target]


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
