"""Impact previews with real commits: a killed worker, two workers, a cancel in between."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection, transaction

from accesscontrol import orders
from accesscontrol.models import Licensee, Preview, RuleVersion
from accesscontrol.screening.preview import lifecycle as previews
from tests.test_previews import NOW, Ground
from tests.worlds import ground

pytestmark = pytest.mark.slow

LICENSEES = 40
WORKER = """
import django
django.setup()
from tests.test_previews import NOW
from accesscontrol.screening.preview import lifecycle as preview
preview.PART = 1
print("begins", flush=True)
while preview.work(at=NOW):
    pass
"""


@pytest.fixture
def version(own_database: str) -> RuleVersion:
    base = Ground()
    for n in range(LICENSEES):
        ground.add_licensee(f"L-{n}", "CN" if n % 3 else None)
        ground.entitle(f"L-{n}", "mini-1")
    return base.draft()


def test_a_killed_worker_leaves_a_preview_that_ends_the_same(
    version: RuleVersion, own_database: str
) -> None:
    whole = orders.preview_now(version=version, by=None, at=NOW)
    preview = orders.preview(version=version, by=None, at=NOW)
    environment = {**os.environ, "DATABASE_URL": own_database}
    environment.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while _done(preview) < 3 and time.monotonic() < until:
            time.sleep(0.005)
    finally:
        worker.kill()
        worker.wait()
    killed_at = _done(preview)
    assert 3 <= killed_at < preview.total, "it was not killed in the middle"
    until = time.monotonic() + 60
    while _state(preview) == "running" and time.monotonic() < until:
        previews.work(at=NOW)
    preview.refresh_from_db()
    assert (preview.state, preview.done) == ("done", Licensee.objects.count())
    assert (preview.affected_digest, preview.groups) == (whole.affected_digest, whole.groups)
    assert preview.licensees.count() == preview.affected


def test_two_workers_do_not_do_one_part_twice(version: RuleVersion) -> None:
    preview = orders.preview(version=version, by=None, at=NOW)
    with transaction.atomic():
        Preview.objects.select_for_update().get(pk=preview.pk)
        taken: list[bool] = []
        other = Thread(target=lambda: (taken.append(previews.work(at=NOW)), connection.close()))
        other.start()
        other.join(30)
        assert taken == [False]
    assert previews.work(at=NOW)
    assert not previews.work(at=NOW + timedelta(seconds=1))
    assert _state(preview) == "done"


def _done(preview: Preview) -> int:
    return Preview.objects.values_list("done", flat=True).get(pk=preview.pk)


def _state(preview: Preview) -> str:
    return Preview.objects.values_list("state", flat=True).get(pk=preview.pk)
