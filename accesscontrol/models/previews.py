"""Impact previews: what a drafted rule would change, and for which licensees."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accesscontrol.models.access import User
from accesscontrol.models.orders import Release, RuleVersion
from accesscontrol.models.registry import Licensee
from accesscontrol.models.screening import Sheet


class Group(models.IntegerChoices):
    """The group of a licensee, by its entitlements: the first that applies, strictest first."""

    LOSE_ACCESS = 1, "Lose access"
    TO_REVIEW = 2, "Go to review or license"
    CANT_DECIDE = 3, "Can't decide"
    PER_REQUEST = 4, "Now per request"
    REGAIN_ACCESS = 5, "Regain access"
    NO_CHANGE = 6, "No change"

    @property
    def key(self) -> str:
        """The group's name in columns, in the API and in the log: ``lose_access``."""
        return self.name.lower()


class Preview(models.Model):
    """Every licensee judged under the release in force and under the draft.

    A preview that has ended never changes.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    OPEN = (State.QUEUED, State.RUNNING)

    version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="previews")
    content_digest = models.CharField(
        max_length=64, help_text="The version's digest when it was asked for"
    )
    rules = models.JSONField(
        help_text="The rule, all its terms, as the release would hold it after publication"
    )
    release = models.ForeignKey(
        Release,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="In force when it was asked for; null: none was published yet",
    )
    judged_at = models.DateTimeField(
        help_text="The instant that both sides are judged at: when the draft would first bite"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)

    lose_access = models.PositiveIntegerField(default=0)
    to_review = models.PositiveIntegerField(default=0)
    cant_decide = models.PositiveIntegerField(default=0)
    per_request = models.PositiveIntegerField(default=0)
    regain_access = models.PositiveIntegerField(default=0)
    no_change = models.PositiveIntegerField(default=0)
    by_country = models.JSONField(
        default=dict, help_text="Country ('' unknown) → group → licensees"
    )
    entitlements = models.JSONField(
        default=dict, help_text="Group → entitlements in force that change so"
    )
    ask_for = models.JSONField(
        default=dict, help_text="Missing fact → licensees that can't be decided for lack of it"
    )
    matched = models.PositiveIntegerField(
        default=0, help_text="Licensees that the rule, before or after, is true or open for"
    )
    matched_not_granted = models.PositiveIntegerField(
        default=0, help_text="Of the unchanged: it matches only what they were not granted"
    )
    matched_denied = models.PositiveIntegerField(
        default=0, help_text="Of the unchanged: denied already whatever it matches"
    )
    not_evaluated = ArrayField(
        models.BigIntegerField(), default=list, help_text="Licensees that could not be judged"
    )
    affected_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 over the affected licensees, see AffectedLicensee",
    )

    up_to = models.BigIntegerField(default=-1, help_text="Licensees up to this id are done")
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Of the part in work; five end it"
    )
    taken_at = models.DateTimeField(null=True, help_text="Last attempt, by the database's clock")
    problem = models.TextField(blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0.0, help_text="Worked on it, in seconds")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                "version", name="preview_one_open", condition=Q(state__in=["queued", "running"])
            ),
            models.CheckConstraint(
                name="preview_adds_up",
                condition=~Q(state="done")
                | Q(
                    total=F("lose_access")
                    + F("to_review")
                    + F("cant_decide")
                    + F("per_request")
                    + F("regain_access")
                    + F("no_change"),
                    done=F("total"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"preview {self.pk} of {self.version}"

    @property
    def groups(self) -> dict[str, int]:
        """The six counts by group. While it runs, they count the licensees judged so far."""
        return {group.key: getattr(self, group.key) for group in Group}

    @property
    def affected(self) -> int:
        """The number of licensees in a group of change."""
        return sum(self.groups.values()) - self.no_change


class AffectedLicensee(models.Model):
    """A licensee for which the draft changes something. Rows are added while the preview runs.

    A preview's digest is the SHA-256 over its rows in order of licensee, each as 8 bytes licensee
    and 1 byte group, big-endian. It covers who is affected and how, not the reasons.
    """

    preview = models.ForeignKey(
        Preview, models.PROTECT, related_name="licensees", db_constraint=False, db_index=False
    )
    licensee = models.ForeignKey(
        Licensee, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    group = models.PositiveSmallIntegerField(choices=Group.choices)
    country = models.CharField(max_length=2, blank=True, help_text="Empty: unknown")
    before = models.ForeignKey(
        Sheet,
        models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
        help_text="Null, like after: it could not be judged",
    )
    after = models.ForeignKey(
        Sheet, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    position = models.PositiveIntegerField(
        help_text="The first granted offering that puts it in its group"
    )
    granted = models.PositiveIntegerField(help_text="Its entitlements in force")

    class Meta:
        ordering = ["preview", "licensee"]
        indexes = [
            models.Index("preview", "group", "licensee", name="affected_by_group"),
        ]
        constraints = [
            models.UniqueConstraint("preview", "licensee", name="affected_once_a_preview"),
            models.CheckConstraint(
                name="affected_in_a_group_of_change", condition=Q(group__gte=1, group__lte=5)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licensee} in {self.preview}"
