"""Reads an instant that a caller sends."""

from datetime import UTC, datetime

from accesscontrol.api.problems import Problem


def read(raw: object, name: str) -> datetime:
    """Return an RFC 3339 instant with an offset, in UTC. Raises Problem, which names the member."""
    try:
        at = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Problem(
            400,
            "bad_value",
            f"{name} must be an instant such as 2026-06-20T00:00:00Z.",
            pointer=f"/{name}",
        )
    return at.astimezone(UTC)
