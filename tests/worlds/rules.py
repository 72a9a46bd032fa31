"""One way to write a rule of the language, without a database."""

from typing import Any


def rule(ref: str, effect: str, when: Any, **changes: Any) -> dict[str, Any]:
    """A rule of the language with everything filled in."""
    return {
        "ref": ref, "version": 1, "title": f"Title of {ref}", "order": "LETTER-1",
        "citation": "15 CFR 744.22(b)", "effect": effect, "when": when, "unless": [],
        "effective_from": "2026-01-01T00:00:00Z", "effective_until": None,
        "report_only_until": None,
    } | changes  # fmt: skip
