"""The promise that needs committed data and a worker that dies: see tests/test_promises.py."""

import itertools
from collections.abc import Callable
from typing import Any

from django.db import connection

from accesscontrol.models import StandingChange
from tests.worlds import register as small


class Killed(BaseException):
    """The worker's process is gone, at this instruction."""


def test_a_screening_killed_at_any_instruction_ends_the_same(own_database: str) -> None:
    """Committed data, a worker that dies at the n-th statement, another one that goes on."""
    offerings = small.model()
    rows_ = [small.licensee(f"l{n}", country="US", hq_country="FR") for n in range(6)]
    for row in rows_:
        small.grant(row, offerings[0])
    embargo = small.rule("R-1", "deny", small.EMBARGO)
    at = small.AT
    for n in (1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 36, 44):
        at += small.HOUR
        country = "CU" if n % 2 else "US"
        for row in rows_[::2]:
            small.learn(row, "licensee.country", country, at)
        small.publish(embargo, small.rule("R-2", "review", small.HQ_IN_CHINA), at=at)
        run = small.start(at, chunk=3)
        killed = die_at(n, lambda at=at: small.work(at))
        with connection.cursor() as cursor:  # the lease of a dead worker's chunk runs out
            cursor.execute("UPDATE accesscontrol_screeningchunk SET taken_at = NULL")
        small.work(at)
        run.refresh_from_db()
        assert (run.state, run.changed + run.unchanged) == ("done", 6), (n, killed)
        assert small.stored() == small.one_by_one(at), n
        twice = StandingChange.objects.filter(chunk__run=run).values_list("licensee", flat=True)
        assert len(set(twice)) == len(twice)
    night = small.screened(at + small.HOUR, cause="nightly")
    assert (night.changed, night.alarm) == (0, 0)


def die_at(statement: int, work: Callable[[], Any]) -> bool:
    """Run ``work`` and kill it before its n-th statement; whether it got that far."""
    left = itertools.count(statement, -1)

    def count(execute: Any, *given: Any) -> Any:
        if next(left) == 0:
            raise Killed
        return execute(*given)

    try:
        with connection.execute_wrapper(count):
            work()
    except Killed:
        connection.close()  # a dead process leaves nothing open
        return True
    return False
