"""Several workers at once: no chunk twice, and a change in the middle is never overwritten."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from accesscontrol import screening
from accesscontrol.models import AuditEvent, Licensee, ScreeningRun, StandingChange
from tests.worlds import register as world
from tests.worlds.register import (
    AT,
    EMBARGO,
    FOREIGN_USER,
    HOUR,
    HQ_IN_CHINA,
    SECOND,
    licensee,
    one_by_one,
    publish,
    rule,
    start,
    stored,
)

pytestmark = pytest.mark.slow
COUNTRIES = ["US", "CN", "CU", "FR", "HK"]


def in_threads(*works: Callable[[], None]) -> None:
    """Run each in a thread with connections of its own; the first error of any is raised."""
    problems: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def lay(licensees: int) -> list[Licensee]:
    offerings = world.model()
    publish(rule("R-1", "deny", EMBARGO), rule("R-2", "review", HQ_IN_CHINA))
    rows = []
    for n in range(licensees):
        row = licensee(f"l{n}", country=COUNTRIES[n % 5], hq_country=COUNTRIES[n // 5 % 5])
        world.grant(row, offerings[n % 2])
        rows.append(row)
    return rows


def worker(at_least: Callable[[], bool] = lambda: True) -> None:
    while True:
        enough = at_least()  # asked first: what is begun after it must still be seen
        if not screening.next_chunk(at=AT + HOUR) and enough:
            return


def test_two_workers_never_screen_a_chunk_twice(own_database: str) -> None:
    lay(60)
    run = start(chunk=4)

    def none_waits() -> bool:
        """On a busy machine a chunk is left alone for a moment; workers are woken each second."""
        return not run.chunks.filter(state="waiting").exists()

    in_threads(*[partial(worker, none_waits)] * 3)
    run.refresh_from_db()
    assert (run.state, run.changed, run.total) == ("done", 60, 60)
    assert StandingChange.objects.filter(chunk__run=run).count() == 60
    assert AuditEvent.objects.filter(kind="run.chunk_done").count() == run.chunks.count() == 15
    assert AuditEvent.objects.filter(kind="run.finished").count() == 1
    assert stored() == one_by_one()


def test_changes_while_everyone_is_screened_are_never_overwritten(own_database: str) -> None:
    rows = lay(40)
    world.screened()
    at = AT + HOUR
    publish(rule("R-1", "license_required", EMBARGO), rule("R-2", "deny", FOREIGN_USER), at=at)
    start(at, chunk=5)
    finished = threading.Event()

    def registrar() -> None:
        draw = random.Random(7)
        for n in range(25):
            row, moment = draw.choice(rows), at + timedelta(milliseconds=n)
            with transaction.atomic():
                world.learn(row, "licensee.country", draw.choice(COUNTRIES), moment)
                start(moment, cause="fact", licensees=[row.pk])
        finished.set()

    in_threads(registrar, lambda: worker(finished.is_set), lambda: worker(finished.is_set))
    unfinished = ScreeningRun.objects.exclude(state="done")
    assert not unfinished.exists()
    assert stored() == one_by_one(at + HOUR)


def test_two_publications_in_a_row_leave_the_newer_one(own_database: str) -> None:
    lay(30)
    start(chunk=3)

    def publisher() -> None:
        for n in range(1, 4):
            with transaction.atomic():
                publish(rule("R-1", "deny", EMBARGO, version=n + 1), at=AT + n * SECOND)
                start(AT + n * SECOND, chunk=3)

    in_threads(publisher, worker)
    worker()
    states = list(ScreeningRun.objects.order_by("id").values_list("state", flat=True))
    assert states[-1] == "done"
    assert set(states) <= {"done", "overtaken"}
    assert stored() == one_by_one(AT + HOUR)


def test_cancelling_while_workers_work_leaves_no_lock_and_no_chunk(own_database: str) -> None:
    lay(40)
    run = start(chunk=2)

    def canceller() -> None:
        while not StandingChange.objects.exists():
            pass
        screening.cancel(run, by=None, at=AT)

    in_threads(canceller, worker, worker)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not run.chunks.filter(state="waiting").exists()
    assert run.changed == StandingChange.objects.filter(chunk__run=run).count()
    assert run.changed == sum(run.chunks.values_list("changed", flat=True))
