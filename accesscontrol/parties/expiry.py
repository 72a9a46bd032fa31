"""Follows the clock: denial orders end; owners, declarations and clearances begin or expire."""

from datetime import datetime

from django.db import transaction

from accesscontrol import audit, screening
from accesscontrol.parties.matches import lock_lists, match
from accesscontrol.parties.ownership import refresh_ownership


def refresh(*, at: datetime) -> set[int]:
    """Match everyone and recompute ownership as of ``at``; screen the licensees that changed.

    Safe to repeat: it records an event only if a licensee changed.
    """
    with transaction.atomic():
        lock_lists()
        changed = match(at=at) | refresh_ownership(at=at)
        if changed:
            audit.record(
                "parties.refreshed", None, by=None, at=at, details={"licensees": len(changed)}
            )
            screening.start(cause="list", subject="time passed", by=None, at=at, licensees=changed)
    return changed
