"""Looking only at whom a change can touch: the same standings as by looking at everybody."""

from datetime import datetime
from random import Random
from typing import Any

import pytest
from django.db import connection

from accesscontrol import releases, screening
from accesscontrol.models import (
    AIModel,
    Fact,
    Finding,
    Licensee,
    Offering,
    RedFlag,
    Release,
    ScreeningRun,
    Sheet,
    Standing,
)
from accesscontrol.policy.narrowing.interval import Interval
from accesscontrol.policy.narrowing.touched import Marks, touched, touches
from accesscontrol.screening.judge import one_by_one
from accesscontrol.screening.narrowing import marks_sql
from accesscontrol.screening.register import current_facts, fact_columns
from accesscontrol.screening.runs import lifecycle
from tests.worlds import generated as worlds
from tests.worlds import moving
from tests.worlds import register as world
from tests.worlds.register import licensee

pytestmark = pytest.mark.django_db

State = ScreeningRun.State
FOREIGN = {"not": {"is": ["user.us_person", True]}}


def wrong() -> list[str]:
    """Whose standing is not what the judge says, one by one, by the newest release."""
    at = ScreeningRun.objects.latest("created_at").created_at
    answers = one_by_one.Judge(releases.current().policy, at=at).findings(
        list(Licensee.objects.values_list("id", flat=True))
    )
    digest = dict(Finding.objects.values_list("id", "digest"))
    sheets = {row.pk: [digest.get(each) for each in row.findings] for row in Sheet.objects.all()}
    stands = dict(Standing.objects.values_list("licensee", "sheet"))
    return [
        str(pk)
        for pk, each in answers.items()
        if pk not in stands
        or sheets[stands[pk]] != [found.digest if found else None for found in each]
    ]


# ---------------------------------------------------------------- random worlds


class Register:
    """A random world in motion, laid into the tables."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.at = datetime.fromisoformat(moving.SINCE)
        self.document = moving.document(random)
        self.models = [AIModel.objects.create(ref=f"m{n}", name="M", created_at=self.at)
                       for n in range(2)]  # fmt: skip
        for n, row in enumerate(self.models):
            activity = random.choice(["use_api", "hosted"])
            Offering.objects.create(model=row, activity=activity, position=n + 1)
            for name, value in moving.facts(random, moving.OF_MODELS, wrong=0.02).items():
                self.learn(name, value, model=row)
        refs = ["acme", "bio", "other", *(f"l{n}" for n in range(9))]
        self.licensees = [self.add(ref) for ref in refs]
        self.publish()

    def add(self, ref: str) -> Licensee:
        row = licensee(ref, self.at)
        for name, value in moving.facts(self.random, moving.OF_LICENSEES, wrong=0.06).items():
            if name == "licensee.red_flags_open":
                for n in range(value if isinstance(value, int) else 0):
                    RedFlag.objects.create(licensee=row, number=n + 1, note="?", opened_at=self.at)
            elif name.startswith("licensee."):
                self.learn(name, value, licensee=row)
            elif value is not None:
                world.attest(row, name, value, at=self.at)
        return row

    def learn(self, attribute: str, value: Any, **of: Any) -> None:
        Fact.objects.filter(attribute=attribute, superseded_at=None, **of).update(
            superseded_at=self.at
        )
        Fact.objects.create(
            attribute=attribute, value=value, source="?", held=(self.at, None),
            learned_at=self.at, **of,
        )  # fmt: skip

    def publish(self) -> None:
        from accesscontrol import policy

        parsed = policy.parse_release(self.document)
        Release.objects.create(
            number=parsed.number, canonical=parsed.canonical, sha256=parsed.digest,
            published_at=self.at, because="?",
        )  # fmt: skip

    def change(self) -> ScreeningRun:
        """Something changes, and the run that this takes is started."""
        kind = self.random.choice(["rule", "rule", "rule", "model", "licensee", "time"])
        if kind == "rule":
            self.document = moving.edited(self.random, self.document)
            self.publish()
            return world.start(self.at, cause="rule")
        if kind == "model":
            name = self.random.choice(moving.OF_MODELS)
            value = self.random.choice(worlds.VALUES[name])
            self.learn(name, value, model=self.random.choice(self.models))
            return world.start(self.at, cause="fact")
        if kind == "licensee":
            row = self.random.choice(self.licensees)
            name = self.random.choice(["licensee.country", "licensee.sector"])
            self.learn(name, self.random.choice(worlds.VALUES[name]), licensee=row)
            return world.start(self.at, cause="fact", licensees=[row.pk])
        return world.start(self.at, cause="boundary")


def moved(seed: int) -> ScreeningRun:
    """A world through several changes, some of whose runs are cancelled, up to its last run."""
    register = Register(Random(seed))
    world.screened(register.at, cause="starter")
    for moment in moving.MOMENTS[1:-1]:
        register.at = datetime.fromisoformat(moment)
        run = register.change()
        end = register.random.choice(["work", "work", "cancel", "part", "leave"])
        if end == "work" or not run.full:
            world.work(register.at)
        elif end == "part":
            screening.next_chunk(at=register.at)
        if end in ("cancel", "part"):
            run.refresh_from_db()
            if run.state in (State.QUEUED, State.RUNNING):
                lifecycle.close_early(run, State.CANCELLED, by=None, at=register.at, because="?")
    register.at = datetime.fromisoformat(moving.UNTIL)
    run = world.screened(register.at, cause="boundary", chunk=5)
    assert wrong() == [], f"missed by the world {seed}"
    return run


def test_a_narrowed_run_leaves_what_looking_at_everybody_would() -> None:
    run = moved(3)
    assert run.state == State.DONE


@pytest.mark.slow
def test_narrowed_runs_leave_what_looking_at_everybody_would_in_many_worlds() -> None:
    from django.db import transaction

    narrowed = 0
    for seed in range(12):
        with transaction.atomic():
            run = moved(seed)
            narrowed += run.basis_id is not None and run.judged < run.total
            transaction.set_rollback(True)
    assert narrowed > 3


def changes_of(register: Register) -> tuple[Interval, frozenset[Marks]] | None:
    interval = Interval(
        tuple(releases.get(n).policy for n in Release.objects.values_list("number", flat=True)),
        datetime.fromisoformat(moving.SINCE), datetime.fromisoformat(moving.UNTIL),
        ({each.position: each.facts for each in one_by_one.offerings(register.at)},),
        moving.ENTAILS,
    )  # fmt: skip
    changes = touched(interval)
    return None if changes is None else (interval, changes)


def rows(where: fact_columns.Where) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.licensee_id FROM accesscontrol_currentfacts c WHERE {where.sql}",
            where.params,
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.slow
def test_the_rows_found_are_those_whom_the_changes_touch() -> None:
    from django.db import transaction

    from accesscontrol import facts

    left_out = 0
    for seed in range(20):
        with transaction.atomic():
            register = Register(Random(seed))
            for _ in range(2):
                register.document = moving.edited(register.random, register.document)
                register.publish()
            ids = [row.pk for row in register.licensees]
            current_facts.refresh(ids, at=register.at)
            found = changes_of(register)
            if found is not None:
                interval, changes = found
                about = facts.about_licensees(ids, at=register.at)
                plainly = {
                    pk for pk in ids if touches(changes, interval, about[pk].facts, papers=False)
                }
                where = marks_sql.where(changes, interval)
                assert (set(ids) if where is None else rows(where)) == plainly, seed
                left_out += len(ids) - len(plainly)
            transaction.set_rollback(True)
    assert left_out > 20
