"""Templates can be read and changed: formatted, short lines, parts that say what they are given."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from accesscontrol.dashboard import urls

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
WHOLE_PAGES = {"base.html", "500.html"}
TAGS = ROOT / "accesscontrol" / "templatetags"


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        yield str(path.relative_to(TEMPLATES)), path.read_text(encoding="utf-8")


def test_no_line_is_longer_than_a_screen() -> None:
    long = [
        f"{name}:{number}"
        for name, text in templates()
        for number, line in enumerate(text.splitlines(), 1)
        if len(line) > 140
    ]
    assert not long


def test_the_first_line_of_a_part_names_what_it_is_given() -> None:
    silent = [
        name
        for name, text in templates()
        if "{% extends " not in text and name not in WHOLE_PAGES and not text.startswith("{# ")
    ]
    assert not silent


@pytest.mark.parametrize("path", sorted((TEMPLATES / "components").glob("*.html")), ids=str)
def test_a_component_reads_nothing_else(path: Path) -> None:
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    own = set(re.findall(r"\w+", " ".join(re.findall(r"{% for ([\w, ]+) in ", rest))))
    own |= {"forloop", "static", "csrf_token"}
    read = set(re.findall(r"{{ (\w+)", rest)) | set(
        re.findall(r"{% (?:el)?if (?:not )?(\w+)", rest)
    )
    read |= set(re.findall(r"{% for [\w, ]+ in (\w+)", rest))
    assert not read - own - set(re.findall(r"\w+", first))


def test_every_screen_that_a_template_names_is_there() -> None:
    """`{% url … as … %}` and `{% screen … %}` are silent where it is not."""
    known = {screen.name for noun in urls.NOUNS for screen in noun.urlpatterns}
    tag = r"{% (?:url 'dashboard:|screen ['\"]|link ['\"])([\w-]+)['\"]"
    named = {(name, screen) for name, text in templates() for screen in re.findall(tag, text)}
    assert named
    assert not {(name, screen) for name, screen in named if screen not in known}


def test_the_formatter_knows_our_block_tags() -> None:
    """Else it takes what stands inside them for running text."""
    blocks = {
        function.name
        for path in TAGS.glob("*.py")
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef)
        and any("simple_block_tag" in ast.dump(mark) for mark in function.decorator_list)
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert blocks == set(settings["tool"]["djangofmt"]["custom-blocks"])
