"""Writes a reference as one step of an address, even with a slash in it.

`A/lift` would read like the lift of `A`, and `enter` like the form. So a slash is written `~1`, a
tilde `~0`, and a reference that is the name of a page, or only dots, begins with `~2`.
"""

from django.urls import register_converter

PAGES = ("enter", "new")


class Reference:
    """The path converter `<ref:…>`."""

    regex = r"[^/]+"

    def to_python(self, step: str) -> str:
        return step.removeprefix("~2").replace("~1", "/").replace("~0", "~")

    def to_url(self, reference: object) -> str:
        step = str(reference).replace("~", "~0").replace("/", "~1")
        return f"~2{step}" if step in PAGES or not step.strip(".") else step


register_converter(Reference, "ref")


def step(name: str) -> str:
    """The part of a route that gives the view a reference as this argument."""
    return f"<ref:{name}>"
