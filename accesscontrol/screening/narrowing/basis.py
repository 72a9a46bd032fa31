"""Chooses the earlier run whose standings a full run can start from, and all that changed since.

A full run that ended done, without a failed chunk, answers for every licensee: those that it did
not judge were proven to be answered as before. The next change is compared with that run. What is
compared is not two points but the whole time in between, since standings are not all of one moment:

- Full runs that were cancelled, overtaken or failed in between moved some licensees to a release in
  between. So every release since then is compared with the next, and the licensees that any of them
  could affect are judged.
- Runs over named licensees judge by the newest release and instant, which lie in between too. One
  of them that failed or was cancelled has left licensees of which nothing is known: from then on
  every licensee is judged, until a full run has ended done.
- Transactions of changes commit later than the instant that they are given, and clocks of hosts
  differ. A release counts as seen by the earlier run only if that run came with it, or if it is
  older by more than clocks can be apart; a model's facts only if the run that came with their
  change has ended done.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Min, Q, QuerySet

from accesscontrol import releases
from accesscontrol.decisions.persons import NATIONALITIES, STATUSES, US_PERSON
from accesscontrol.models import Offering, Release, ScreeningRun, Sheet, Standing
from accesscontrol.policy import Interval, Offerings
from accesscontrol.screening.judge import one_by_one

State = ScreeningRun.State

# How far clocks may be apart, or a transaction lie between its instant and its commit.
CLOCKS_APART = timedelta(hours=1)
MOST_RELEASES = 6  # a process keeps eight
MOST_CHANGES_OF_MODELS = 20

# What changes in these is all in releases, instants, or dated facts of models.
COMPARED = ("rule", "order", "annex", "boundary", "fact", "incident")
CHANGES_NOTHING = ("nightly", "manual")
# An answer that names invalid facts names these too where rules read the first, see
# decisions/persons.py.
ENTAILS = {US_PERSON: frozenset({NATIONALITIES, *STATUSES})}

SELECT_CHANGES_OF_MODELS = """
    SELECT DISTINCT at FROM (
        SELECT unnest(ARRAY[learned_at, superseded_at, lower(held), upper(held)])
        FROM accesscontrol_fact WHERE model_id IS NOT NULL
        UNION ALL
        SELECT unnest(ARRAY[opened_at, confirmed_at]) FROM accesscontrol_modelincident
    ) AS changes(at)
    WHERE at > %(since)s AND at <= %(until)s ORDER BY at LIMIT %(most)s
"""


def choose(*, cause: str) -> ScreeningRun | None:
    """The run whose standings a run of this cause starts from; None: every licensee is judged."""
    if cause not in COMPARED:
        return None
    done = ScreeningRun.objects.filter(full=True, state=State.DONE, failed=0)
    basis = done.order_by("-id").first()
    if basis is None or _a_licensee_was_left_out(basis) or _something_else_changed(basis):
        return None
    return basis


def interval(basis: ScreeningRun, loaded: releases.Loaded, *, at: datetime) -> Interval | None:
    """All that was in force since the basis; None: every licensee is judged."""
    numbers = _numbers(basis, loaded.number)
    offerings = _offerings(_models_since(basis), at)
    if at < basis.created_at or numbers is None or offerings is None:
        return None
    between = tuple(releases.get(number).policy for number in numbers)
    return Interval(between, basis.created_at, at, offerings, ENTAILS)


def _a_licensee_was_left_out(basis: ScreeningRun) -> bool:
    """Whether a run over named licensees has failed, even in part, or was cancelled."""
    failed = Q(state__in=[State.FAILED, State.CANCELLED]) | Q(
        state__in=[State.QUEUED, State.RUNNING], failed__gt=0
    )
    since = Q(finished_at=None) | Q(finished_at__gte=basis.created_at - CLOCKS_APART)
    return ScreeningRun.objects.filter(failed, since, full=False).exists()


def _something_else_changed(basis: ScreeningRun) -> bool:
    """Whether a run has not ended that came with a change that is not compared, as a new model."""
    causes = (*COMPARED, *CHANGES_NOTHING)
    return _not_done(basis).exclude(cause__in=causes).exists() or not _same_offerings()


def _not_done(basis: ScreeningRun) -> QuerySet[ScreeningRun]:
    """Full runs that came after the basis, or about when it did, and are not done."""
    since = basis.created_at - CLOCKS_APART
    return ScreeningRun.objects.filter(full=True, created_at__gte=since).exclude(state=State.DONE)


def _same_offerings() -> bool:
    """Whether the sheets of the first and the last licensee are of the offerings that there are."""
    standing = Standing.objects.order_by("licensee_id")
    ends = [each for each in (standing.first(), standing.last()) if each is not None]
    offered = set(Offering.objects.values_list("position", flat=True))
    sheets = Sheet.objects.filter(id__in=[each.sheet_id for each in ends])
    return all(
        {n for n, finding in enumerate(findings) if finding} == offered
        for findings in sheets.values_list("findings", flat=True)
    )


def _numbers(basis: ScreeningRun, newest: int) -> list[int] | None:
    """The release that the basis began under, and those after it; None: too many to compare."""
    first = basis.release.number
    if basis.release.published_at != basis.created_at:
        surely = Release.objects.filter(published_at__lte=basis.created_at - CLOCKS_APART)
        seen = surely.filter(number__lte=first).order_by("-number").first()
        first = seen.number if seen else 0
    between = Release.objects.filter(number__gte=first, number__lte=newest).order_by("number")
    numbers = list(between.values_list("number", flat=True)[: MOST_RELEASES + 1])
    return numbers if len(numbers) <= MOST_RELEASES else None


def _models_since(basis: ScreeningRun) -> datetime:
    """The instant up to which the basis surely knew the facts of models.

    A change that it cannot have seen has a run of its own, of the same instant, not done yet.
    """
    before = _not_done(basis).filter(created_at__lte=basis.created_at)
    first = before.aggregate(first=Min("created_at"))["first"]
    return first - timedelta(seconds=1) if first else basis.created_at


def _offerings(since: datetime, until: datetime) -> tuple[Offerings, ...] | None:
    """What was known of the offerings at each change of their models, the newest last."""
    with connection.cursor() as cursor:
        cursor.execute(
            SELECT_CHANGES_OF_MODELS,
            {"since": since, "until": until, "most": MOST_CHANGES_OF_MODELS + 1},
        )
        changes = [row[0] for row in cursor.fetchall()]
    if len(changes) > MOST_CHANGES_OF_MODELS:
        return None
    moments = dict.fromkeys((since, *changes, until) if changes else (until,))
    return tuple(
        {each.position: each.facts for each in one_by_one.offerings(moment)} for moment in moments
    )
