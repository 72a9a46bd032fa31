"""What a confidential order says is shown by right only; that it restricts, to everybody."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accesscontrol import access
from accesscontrol.models import Order

NEUTRAL = "Restricted by an order in force."
RIGHT = "order.read_confidential"


def is_open(order: Order, user: Any) -> bool:
    """Whether the person may read what the order and its rules say."""
    return not order.confidential or access.may(user, RIGHT)


def require(order: Order, user: Any, *, at: datetime) -> None:
    """Raise NotAllowed, logged, unless the person may read what the order and its rules say."""
    if order.confidential:
        access.require(user, RIGHT, at=at)


def readable(rows: QuerySet[Any], user: Any, *, by: str) -> QuerySet[Any]:
    """The rows whose order, reached by the path ``by``, the person may read."""
    return rows if access.may(user, RIGHT) else rows.exclude(**{f"{by}__confidential": True})
