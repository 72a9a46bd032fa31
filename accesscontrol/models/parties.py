"""Restricted-party lists, their versions and parties, and the matches of licensees with them."""

from django.db import models
from django.db.models import Q

from accesscontrol.models.common import (
    Dated,
    DatedQuerySet,
    SecondPerson,
    in_force_sql,
    two_persons,
)
from accesscontrol.models.registry import Licensee


class RestrictedList(models.Model):
    """One list of a file of parties (SDN, EL, DPL, …). The attribute's name ends with its code."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300)
    stale_after_days = models.PositiveIntegerField(default=7)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Last import that held it")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ListVersion(models.Model):
    """The state of one list after one import. It is kept for ever."""

    restricted_list = models.ForeignKey(RestrictedList, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=300)
    file_sha256 = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["restricted_list", "-number"]
        constraints = [
            models.UniqueConstraint("restricted_list", "number", name="list_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.restricted_list} v{self.number}"


class ListedParty(models.Model):
    """A party as it is in a range of list versions. A changed entry is a new row."""

    restricted_list = models.ForeignKey(RestrictedList, models.PROTECT, related_name="parties")
    source_id = models.CharField(max_length=100)
    name = models.TextField()
    kind = models.CharField(max_length=40, blank=True)
    content = models.JSONField(help_text="The 29 columns that are not empty")
    digest = models.CharField(max_length=64)
    first_version = models.PositiveIntegerField()
    last_version = models.PositiveIntegerField(null=True, help_text="NULL: in the newest version")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "restricted_list",
                "source_id",
                name="listed_party_current_once",
                condition=Q(last_version__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ListedName(models.Model):
    """A name or alias of a listed party, as printed and normalized."""

    party = models.ForeignKey(ListedParty, models.CASCADE, related_name="names")
    name = models.TextField()
    normalized = models.TextField(db_index=True)
    alias = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class Match(models.Model):
    """The result of matching a licensee with a list. Without a row the fact is absent."""

    class Status(models.TextChoices):
        CLEAR = "clear", "Clear"
        POSSIBLE = "possible", "Possible match"
        CONFIRMED = "confirmed", "Confirmed match"

    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="matches")
    restricted_list = models.ForeignKey(RestrictedList, models.PROTECT, related_name="matches")
    party = models.ForeignKey(ListedParty, models.PROTECT, null=True, related_name="matches")
    status = models.CharField(max_length=12, choices=Status.choices)
    evidence = models.JSONField(default=dict)
    list_version = models.PositiveIntegerField()
    matcher_version = models.CharField(max_length=40)
    learned_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("licensee", "restricted_list", name="match_by_licensee"),
            # Few matches are possible ones, and screening asks for them in every chunk.
            models.Index(
                "licensee",
                name="match_possible",
                condition=Q(status="possible", superseded_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "licensee",
                "restricted_list",
                "party",
                name="match_current_once",
                condition=Q(superseded_at__isnull=True),
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.licensee}: {self.get_status_display()} on {self.restricted_list}"


class Clearance(SecondPerson, Dated):
    """The confirmed finding that a licensee is *not* the listed party.

    It expires, and it counts only while the licensee's facts stay the same.
    """

    match = models.ForeignKey(Match, models.PROTECT, related_name="clearances")
    because = models.TextField()
    facts = models.JSONField(default=dict)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [two_persons("clearance")]

    def __str__(self) -> str:
        return f"clearance of {self.match}"


def answered_sql(match: str, *, at_sql: str, known_sql: str) -> str:
    """The condition that a clearance in force answers a match.

    ``match`` is the alias of its table. ``at_sql`` and ``known_sql`` are instants in SQL.
    """
    in_force = in_force_sql("answer", at_sql=at_sql, known_sql=known_sql)
    return (
        "EXISTS (SELECT FROM accesscontrol_clearance answer"
        f" WHERE answer.match_id = {match}.id AND {in_force})"
    )
