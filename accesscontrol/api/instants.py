"""Instants as callers write them."""

from datetime import UTC, datetime

from accesscontrol.api.problems import Problem


def read(raw: object, name: str) -> datetime:
    """An RFC 3339 instant with its offset, in UTC. Raises Problem, which names the member."""
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Problem(
            400,
            "bad_value",
            f"{name} must be an instant such as 2026-06-20T00:00:00Z.",
            pointer=f"/{name}",
        )
    return moment.astimezone(UTC)
