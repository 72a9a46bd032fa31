"""What documents and code cite: files, sections, names and pictures, as they stand in the text."""

import re
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
