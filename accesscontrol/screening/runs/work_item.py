"""Takes pieces of work, chunks and previews, so that each is done once and none for ever.

1. A worker takes the next item that waits: it counts an attempt and commits that. An item that
   kills its worker is so given up after five attempts.
2. It locks the item again and works on it, in one transaction. Another worker passes over it.
3. If the work fails, the item waits again with its problem, or is failed after the last attempt. If
   the worker is killed, its lock ends with its connection, and the item waits as it was.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accesscontrol.models import Preview, ScreeningChunk

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
# Between counting an attempt and locking the item lies an instant in which another worker could
# count the same attempt again; an item taken this recently is left alone.
LEASE = timedelta(seconds=2)

Item = TypeVar("Item", ScreeningChunk, Preview)


def free(rows: QuerySet[Item]) -> QuerySet[Item]:
    """Those of the rows that no worker has; reading them locks them."""
    left_alone = Q(taken_at=None) | Q(taken_at__lt=Now() - LEASE)
    return rows.select_for_update(skip_locked=True, of=("self",)).filter(left_alone)


def attempt(item: Item) -> dict[str, Any]:
    """The columns that count one more attempt, for ``begin`` to write."""
    return {"attempts": item.attempts + 1, "taken_at": Now()}


def work_on_next(
    waiting: QuerySet[Item],
    *,
    begin: Callable[[Item, datetime], None],
    work: Callable[[int, datetime], None],
    under_way: Callable[[int], Item | None],
    fail: Callable[[Item, str, datetime], None],
    failure: str,
    at: datetime,
) -> bool:
    """Do the first item that waits; False if there is none that can be taken now.

    ``waiting``: see ``free``. ``begin`` writes the attempt, ``work`` does everything else in one
    transaction, ``fail`` ends an item that is given up. ``under_way`` locks an item; None if it has
    ended. ``failure`` is for the log, about the item's id.
    """
    pk = take(waiting, begin=begin, fail=fail, at=at)
    if pk is None:
        return False
    try:
        with transaction.atomic():
            work(pk, at)
    except Exception as error:
        log.exception(failure, pk)
        _again_or_fail(under_way, pk, error, fail, at)
    return True


def take(
    waiting: QuerySet[Item],
    *,
    begin: Callable[[Item, datetime], None],
    fail: Callable[[Item, str, datetime], None],
    at: datetime,
) -> int | None:
    """Count an attempt of the first item and commit it; after the last attempt, fail it instead."""
    with transaction.atomic():
        item = waiting.first()
        if item is None:
            return None
        if item.attempts >= MOST_ATTEMPTS:
            fail(item, item.problem or "Its worker was killed five times.", at)
        else:
            begin(item, at)
        return item.pk


def _again_or_fail(
    under_way: Callable[[int], Item | None],
    pk: int,
    error: Exception,
    fail: Callable[[Item, str, datetime], None],
    at: datetime,
) -> None:
    with transaction.atomic():
        item = under_way(pk)
        if item is None:
            return
        problem = f"{type(error).__name__}: {error}"[:2_000].replace("\x00", "")
        if item.attempts >= MOST_ATTEMPTS:
            fail(item, problem, at)
        else:
            item.problem, item.taken_at = problem, None
            item.save(update_fields=["problem", "taken_at"])
