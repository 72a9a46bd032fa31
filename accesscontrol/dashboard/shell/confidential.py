"""Confidential orders: people with the right read them, others only see that they restrict."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accesscontrol import access
from accesscontrol.models import Order

NEUTRAL = "Restricted by an order in force."
RIGHT = "order.read_confidential"


def is_open(order: Order, user: Any) -> bool:
    """Whether the person may read the content of the order and of its rules."""
    return not order.confidential or access.may(user, RIGHT)


def title(order: Order, user: Any, text: str) -> str:
    """The text if the person may read it, else a sentence that an order in force restricts."""
    return text if is_open(order, user) else NEUTRAL


def closed(user: Any) -> frozenset[str]:
    """References of the orders that the person may not read."""
    if access.may(user, RIGHT):
        return frozenset()
    return frozenset(Order.objects.filter(confidential=True).values_list("reference", flat=True))


def require(order: Order, user: Any, *, at: datetime) -> None:
    """Raise NotAllowed, which is logged, unless the person may read the order and its rules."""
    if order.confidential:
        access.require(user, RIGHT, at=at)


def readable(rows: QuerySet[Any], user: Any, *, by: str = "") -> QuerySet[Any]:
    """The orders that the person may read, or the rows that belong to one by the path ``by``."""
    flag = f"{by}__confidential" if by else "confidential"
    return rows if access.may(user, RIGHT) else rows.exclude(**{flag: True})
