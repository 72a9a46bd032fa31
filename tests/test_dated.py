"""What counts and what is in force, said once for the ORM and once in SQL: both agree on any row."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accesscontrol.models import Clearance, Licensee, Match, RestrictedList, User
from accesscontrol.models.common import EVERYTHING, counting_sql, in_force_sql
from accesscontrol.models.parties import answered_sql

DAYS = [datetime(2026, 6, day, tzinfo=UTC) for day in range(1, 7)]
LONG_AFTER = DAYS[-1] + timedelta(days=365)
AT, KNOWN = "%(at)s::timestamptz", "%(known)s::timestamptz"

pytestmark = pytest.mark.django_db


@pytest.fixture(params=range(3))
def rows(request: pytest.FixtureRequest) -> list[Clearance]:
    """Clearances of forty matches with instants drawn from a few days, also contradictory ones."""
    draw = random.Random(request.param)
    list_ = RestrictedList.objects.create(code="SDN", name="SDN")
    jonas = User.objects.create_user("jonas", password="x", role="approver")
    matches = [matched(list_, f"l{n}") for n in range(40)]
    return Clearance.objects.bulk_create(
        Clearance(match=draw.choice(matches), because="", **drawn(draw, jonas)) for _ in range(200)
    )


def matched(list_: RestrictedList, ref: str) -> Match:
    licensee = Licensee.objects.create(
        ref=ref, name=ref, normalized_name=ref, created_at=DAYS[0], changed_at=DAYS[0]
    )
    return Match.objects.create(
        licensee=licensee, restricted_list=list_, status="possible", list_version=1,
        matcher_version="1", learned_at=DAYS[0],
    )  # fmt: skip


def drawn(draw: random.Random, jonas: User) -> dict[str, Any]:
    begins, ends = sorted(draw.sample(DAYS, 2))
    confirmed_at = draw.choice([None, *DAYS])
    return {
        "recorded_at": draw.choice(DAYS),
        "confirmed_at": confirmed_at,
        "confirmed_by": confirmed_at and jonas,
        "revoked_at": draw.choice([None, None, *DAYS]),
        "valid": (draw.choice([None, begins]), draw.choice([None, ends])),
    }


def instants() -> Iterator[tuple[datetime, datetime]]:
    """Every pair of an instant that is asked about and one at which something is known."""
    return itertools.product(DAYS, DAYS)


def found(condition: str, table: str = "clearance", **values: Any) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.id FROM accesscontrol_{table} m WHERE {condition}", values)
        return {pk for (pk,) in cursor.fetchall()}


def ids(rows: Any) -> set[int]:
    return set(rows.values_list("pk", flat=True))


def test_what_counts_is_the_same_in_sql(rows: list[Clearance]) -> None:
    for known in DAYS:
        orm = ids(Clearance.objects.counting(known))
        assert orm == found(counting_sql("m", known_sql=KNOWN), known=known)
    assert ids(Clearance.objects.counting()) == found(counting_sql("m", known_sql=EVERYTHING))
    assert 0 < len(orm) < len(rows)


def test_what_is_in_force_is_the_same_in_sql(rows: list[Clearance]) -> None:
    told = set()
    for at, known in instants():
        orm = ids(Clearance.objects.in_force(at, known))
        assert orm == found(in_force_sql("m", at_sql=AT, known_sql=KNOWN), at=at, known=known)
        told |= orm
    assert 0 < len(told) < len(rows)


def test_everything_known_is_what_nobody_has_revoked(rows: list[Clearance]) -> None:
    for at in [*DAYS, LONG_AFTER]:
        plain = "m.confirmed_at IS NOT NULL AND m.revoked_at IS NULL AND m.valid @> %(at)s"
        assert found(in_force_sql("m", at_sql=AT, known_sql=EVERYTHING), at=at) == found(
            plain, at=at
        )


def test_a_match_is_answered_by_a_clearance_in_force(rows: list[Clearance]) -> None:
    answer = answered_sql("m", at_sql=AT, known_sql=KNOWN)
    for at, known in instants():
        answered = set(Clearance.objects.in_force(at, known).values_list("match_id", flat=True))
        assert found(answer, "match", at=at, known=known) == answered


def test_what_waits_is_neither_confirmed_nor_revoked(rows: list[Clearance]) -> None:
    waits = {row.pk for row in rows if row.confirmed_at is None and row.revoked_at is None}
    assert ids(Clearance.objects.waiting()) == waits
