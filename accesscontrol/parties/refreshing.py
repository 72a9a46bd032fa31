"""What time alone changes: denial orders that end, owners and declarations that begin or expire."""

from datetime import datetime

from django.db import transaction

from accesscontrol import audit, screening
from accesscontrol.parties.matches import hold_lists, match
from accesscontrol.parties.ownership import refresh_ownership


def refresh(*, at: datetime) -> set[int]:
    """Match everyone and recompute ownership as of ``at``; screens whom that changed.

    For the clock: it may be called as often as one likes, and leaves an event only where
    something changed.
    """
    with transaction.atomic():
        hold_lists()
        changed = match(at=at)
        changed |= refresh_ownership(at=at)
        if changed:
            audit.record(
                "parties.refreshed", None, by=None, at=at, details={"licensees": len(changed)}
            )
            screening.start(cause="list", subject="time passed", by=None, at=at, licensees=changed)
    return changed
