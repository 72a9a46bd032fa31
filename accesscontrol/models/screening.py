"""Screening runs and their chunks; findings, sheets, standings and their changes."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Least

from accesscontrol.models.access import User
from accesscontrol.models.orders import Release
from accesscontrol.models.registry import Licensee

LAST = 2**63 - 2  # the last id that a range can have, since the range's end is exclusive


class ScreeningRun(models.Model):
    """One screening of every licensee, or of named ones, after a cause. Written with the cause."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Partly failed"
        CANCELLED = "cancelled", "Cancelled"
        OVERTAKEN = "overtaken", "Overtaken"

    cause = models.CharField(
        max_length=40, help_text="rule, order, list, fact, boundary, nightly, manual …"
    )
    subject = models.CharField(max_length=300, blank=True)
    because = models.TextField(blank=True)
    release = models.ForeignKey(Release, models.PROTECT, related_name="runs")
    from_release = models.ForeignKey(Release, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    full = models.BooleanField(default=True, help_text="Every licensee; false: only those named")
    basis = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The run over everyone whose standings this one starts from; null: none, or all "
        "are screened without narrowing",
    )
    total = models.PositiveIntegerField(help_text="Licensees that it answers for")
    judged = models.PositiveIntegerField(
        default=0, help_text="Of these, judged; the change cannot have touched the rest"
    )
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    outcome_changes = models.JSONField(
        default=dict, help_text="'permit>deny': licensees × offerings"
    )
    alarm = models.PositiveIntegerField(
        default=0, help_text="Changes that a nightly screening found and nothing explains"
    )
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    told = models.BigIntegerField(
        default=0, help_text="Place in the feed up to which messages told of it before a retry"
    )

    class Meta:
        ordering = ["-id"]
        # Each change of a licensee makes a run, so there are ever more of them.
        indexes = [
            models.Index("state", "id", name="run_by_state"),
            models.Index("cause", "id", name="run_by_cause"),
            models.Index("created_at", name="run_by_creation"),
            models.Index("id", name="run_over_everyone", condition=Q(full=True)),
        ]
        constraints = [
            models.CheckConstraint(
                name="run_reconciles",
                condition=~Q(state__in=["done", "failed"])
                | Q(total=F("changed") + F("unchanged") + F("failed")),
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def changes(self) -> "models.QuerySet[StandingChange]":
        """The changes that its chunks made."""
        return StandingChange.objects.filter(chunk__run=self)

    @property
    def untouched(self) -> int:
        """The licensees that it did not judge, since the change cannot have affected them."""
        return self.changed + self.unchanged - self.judged if self.basis_id else 0


class ScreeningChunk(models.Model):
    """A range of licensee ids of a run, screened once in one transaction."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.AutoField(primary_key=True)
    run = models.ForeignKey(ScreeningRun, models.PROTECT, related_name="chunks")
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField(), null=True, help_text="Only these of the range")
    licensees = models.PositiveIntegerField()
    judged = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    taken_at = models.DateTimeField(null=True, help_text="Last attempt, by the database's clock")
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    changes_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of its change rows, see StandingChange"
    )
    problem = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    feed = models.BigIntegerField(
        null=True,
        help_text="Its place among all chunks that changed a standing, in the order in which they "
        "were committed and without a gap: who follows the changes goes by it",
    )
    flipped = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="A few of its licensees whose outcome changed, for whoever watches the run",
    )

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index("id", name="chunk_waiting", condition=Q(state="waiting")),
            GistIndex(
                Func("first_id", Least("last_id", LAST), Value("[]"), function="int8range"),
                name="chunk_that_changed",
                condition=Q(changed__gt=0),
            ),
        ]
        constraints = [
            models.UniqueConstraint("run", "first_id", name="chunk_once"),
            models.UniqueConstraint(
                fields=["feed"], condition=Q(feed__isnull=False), name="chunk_place_in_feed"
            ),
        ]

    def __str__(self) -> str:
        return f"chunk {self.pk} of {self.run}"


class Finding(models.Model):
    """An outcome with its deciding and unknown rules. Stored once, never changed."""

    id = models.AutoField(primary_key=True)
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=20)
    verdict = models.JSONField(help_text="language.md §8, of a standing, without facts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="finding_once")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.digest[:8]}"


class Sheet(models.Model):
    """The findings for all offerings, by position; 0 is an offering not judged. Never changed."""

    id = models.AutoField(primary_key=True)
    digest = models.CharField(max_length=64)
    findings = ArrayField(models.IntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="sheet_once")]

    def __str__(self) -> str:
        return f"sheet {self.digest[:8]}"


class FactValue(models.Model):
    """A value of a fact. Its id is its number in CurrentFacts. Never changed."""

    id = models.AutoField(primary_key=True)
    text = models.TextField(unique=True, help_text="Canonical JSON")

    def __str__(self) -> str:
        return f"{self.id} = {self.text[:80]}"


class CurrentFacts(models.Model):
    """A licensee's facts now, as one narrow row of numbers, for screening.

    The transaction that changes a fact, match, attestation, red flag or paper rewrites the row from
    them. They stay the truth. A number is a FactValue's id; 0 is an absent fact. The row has a
    fixed width and is never null, so that one binary COPY reads a million rows.
    """

    licensee = models.OneToOneField(
        Licensee, models.PROTECT, primary_key=True, related_name="current"
    )
    country = models.IntegerField(default=0)
    hq_country = models.IntegerField(default=0)
    ultimate_parent_country = models.IntegerField(default=0)
    sector = models.IntegerField(default=0)
    end_user_type = models.IntegerField(default=0)
    data_center_countries = models.IntegerField(default=0)
    foreign_national_access = models.IntegerField(default=0)
    red_flags_open = models.IntegerField(default=0)
    statements_on_file = models.IntegerField(default=0)
    captured_ofac = models.IntegerField(default=0)
    captured_bis_affiliates = models.IntegerField(default=0)
    share_ofac = models.IntegerField(default=0)
    share_bis_affiliates = models.IntegerField(default=0)
    lists = models.BigIntegerField(
        default=0,
        help_text="Two bits for each restricted list, by its id from 1 to 31: absent, clear, "
        "possible, confirmed",
    )
    attested = models.IntegerField(default=0, help_text="An object: attested attribute → value")
    more = models.IntegerField(default=0, help_text="An object: every other attribute → value")
    statuses = models.IntegerField(
        default=0, help_text="An object: position of a granted offering → active or held"
    )
    papers = models.IntegerField(
        default=0, help_text="An object: numbers of its export licenses, refs of its dispositions"
    )

    class Meta:
        verbose_name_plural = "current facts"

    def __str__(self) -> str:
        return f"facts of licensee {self.licensee_id}"


class Standing(models.Model):
    """A licensee's forecast: its sheet, and the chunk of a run that last changed it.

    Only screening writes it, by ids that its transaction has just read. So the database does not
    check each of a million references again, which costs more than all the rest (measured).
    """

    licensee = models.OneToOneField(Licensee, models.PROTECT, primary_key=True, db_constraint=False)
    # No index on sheet: it makes the update take two to three times as long (measured).
    sheet = models.ForeignKey(
        Sheet, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    chunk = models.ForeignKey(
        ScreeningChunk, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )

    def __str__(self) -> str:
        return f"standing of {self.licensee}"

    @property
    def run(self) -> ScreeningRun:
        """The run that last changed it."""
        return self.chunk.run

    @property
    def since(self) -> datetime:
        """The instant of the judgment that last changed it."""
        assert self.chunk.finished_at is not None, "a standing of a chunk that has not ended"
        return self.chunk.finished_at


class StandingChange(models.Model):
    """A licensee's sheet changed in a chunk of a run. Rows are only added.

    A chunk's digest is the SHA-256 over its rows in order of licensee, each as 8 bytes licensee,
    4 old sheet (0: none), 4 new sheet, 1 outcome changed; integers big-endian. The chunk says when
    it was and by which run.
    """

    pk = models.CompositePrimaryKey("chunk_id", "licensee_id")
    licensee = models.ForeignKey(
        Licensee,
        models.PROTECT,
        related_name="standing_changes",
        db_constraint=False,
        db_index=False,
    )
    chunk = models.ForeignKey(
        ScreeningChunk, models.PROTECT, related_name="changes", db_constraint=False, db_index=False
    )
    old_sheet = models.ForeignKey(
        Sheet, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    new_sheet = models.ForeignKey(
        Sheet, models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    outcome_changed = models.BooleanField()

    class Meta:
        ordering = ["chunk_id", "licensee_id"]

    def __str__(self) -> str:
        return f"{self.licensee} in {self.chunk}"


class Boundary(models.Model):
    """An instant at which an answer can change. A worker starts the screening that it needs."""

    at = models.DateTimeField()
    what = models.CharField(max_length=300)
    licensee = models.ForeignKey(Licensee, models.PROTECT, null=True, related_name="+")
    run = models.ForeignKey(ScreeningRun, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index("at", name="boundary_due", condition=Q(run__isnull=True))]
        constraints = [
            models.UniqueConstraint(
                "at", "what", "licensee", name="boundary_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} at {self.at}"
