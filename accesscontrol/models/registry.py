"""The register: AI models, licensees, their facts with sources and dates, owners, papers."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from accesscontrol.models.access import User
from accesscontrol.models.common import Dated, DatedQuerySet, SecondPerson, two_persons


class AIModel(models.Model):
    """An AI model that the company licenses. Its attributes are facts."""

    ref = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["ref"]

    def __str__(self) -> str:
        return self.name


class Offering(models.Model):
    """A model for an activity. Its position in a sheet is never reused."""

    class Activity(models.TextChoices):
        USE_API = "use_api", "Use by API"
        FINE_TUNE = "fine_tune", "Fine-tune"
        HOSTED = "hosted", "Use hosted"
        DOWNLOAD_WEIGHTS = "download_weights", "Download weights"
        SOURCE_ACCESS = "source_access", "Source access"
        TRANSFER_IN_COUNTRY = "transfer_in_country", "Transfer in country"

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="offerings")
    activity = models.CharField(max_length=30, choices=Activity.choices)
    position = models.PositiveIntegerField(unique=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint("model", "activity", name="offering_unique")]

    def __str__(self) -> str:
        return f"{self.model}: {self.get_activity_display().lower()}"


class Licensee(models.Model):
    """A customer of the company. Four of its current facts are columns too, for the screens.

    An empty country or a share of -1 means *unknown*, which never permits.
    """

    ref = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=400)
    normalized_name = models.CharField(max_length=400, db_index=True)
    registration_number = models.CharField(max_length=100, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    country = models.CharField(max_length=2, default="", blank=True)
    hq_country = models.CharField(max_length=2, default="", blank=True)
    ultimate_parent_country = models.CharField(max_length=2, default="", blank=True)
    foreign_national_access = models.IntegerField(default=-1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, help_text="For stale edits")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index("name", "id", name="licensee_by_name"),
            models.Index("country", "id", name="licensee_by_country"),
        ]

    def __str__(self) -> str:
        return self.name


class Fact(SecondPerson):
    """The value of one attribute of a licensee or a model.

    ``held`` is when it was so, ``learned_at`` is when the product learned it. The judge never reads
    a row that ``waits`` for a second person.
    """

    licensee = models.ForeignKey(Licensee, models.PROTECT, null=True, related_name="facts")
    model = models.ForeignKey(AIModel, models.PROTECT, null=True, related_name="facts")
    attribute = models.CharField(max_length=200)
    value = models.JSONField(null=True, help_text="null: known to be withdrawn, the fact is absent")
    source = models.CharField(max_length=300)
    held = DateTimeRangeField()
    learned_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    waits = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index("licensee", "attribute", name="fact_by_licensee")]
        constraints = [
            two_persons("fact"),
            models.CheckConstraint(
                name="fact_of_one",
                condition=Q(licensee__isnull=False, model__isnull=True)
                | Q(licensee__isnull=True, model__isnull=False),
            ),
            ExclusionConstraint(
                name="fact_licensee_no_overlap",
                expressions=[
                    ("licensee", RangeOperators.EQUAL),
                    ("attribute", RangeOperators.EQUAL),
                    ("held", RangeOperators.OVERLAPS),
                ],
                condition=Q(superseded_at__isnull=True, waits=False, licensee__isnull=False),
            ),
            ExclusionConstraint(
                name="fact_model_no_overlap",
                expressions=[
                    ("model", RangeOperators.EQUAL),
                    ("attribute", RangeOperators.EQUAL),
                    ("held", RangeOperators.OVERLAPS),
                ],
                condition=Q(superseded_at__isnull=True, waits=False, model__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attribute} = {self.value}"


class Party(models.Model):
    """An outside party that owns a licensee or another party. It may be listed or not."""

    name = models.CharField(max_length=400)
    normalized_name = models.CharField(max_length=400, db_index=True)
    country = models.CharField(max_length=2, default="", blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Owner(SecondPerson, Dated):
    """An edge owner → owned. ``share_bp`` is in basis points; NULL is unknown."""

    owned = models.ForeignKey(Licensee, models.PROTECT, null=True, related_name="owners")
    owned_party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="owners")
    owner_licensee = models.ForeignKey(Licensee, models.PROTECT, null=True, related_name="holdings")
    owner_party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="holdings")
    share_bp = models.PositiveIntegerField(null=True)
    source = models.CharField(max_length=300)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            two_persons("owner"),
            models.CheckConstraint(
                name="owner_of_one_owned",
                condition=Q(owned__isnull=False) ^ Q(owned_party__isnull=False),
            ),
            models.CheckConstraint(
                name="owner_is_one",
                condition=Q(owner_licensee__isnull=False) ^ Q(owner_party__isnull=False),
            ),
            models.CheckConstraint(
                name="owner_share_in_basis_points",
                condition=Q(share_bp__isnull=True) | Q(share_bp__lte=10000),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner_licensee or self.owner_party} owns {self.owned or self.owned_party}"


class OwnershipDeclaration(SecondPerson, Dated):
    """A dated statement that the owners on record are all of them."""

    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="ownership_declarations")
    source = models.CharField(max_length=300)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [two_persons("ownership_declaration")]

    def __str__(self) -> str:
        return f"owners of {self.licensee} are complete"


class Attestation(SecondPerson, Dated):
    """A licensee's word about users, place or end use. It answers if a request is silent."""

    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="attestations")
    attribute = models.CharField(max_length=200)
    value = models.JSONField()
    evidence = models.CharField(max_length=500)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            two_persons("attestation"),
            ExclusionConstraint(
                name="attestation_no_overlap",
                expressions=[
                    ("licensee", RangeOperators.EQUAL),
                    ("attribute", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=Q(revoked_at__isnull=True, confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licensee} attests {self.attribute} = {self.value}"


class ExportLicense(SecondPerson, Dated):
    """The government's permission. It lifts ``license_required``, never ``deny``.

    A part of the scope that is NULL covers any.
    """

    number = models.CharField(max_length=100, unique=True)
    licensees = ArrayField(models.CharField(max_length=200))
    orders = ArrayField(models.CharField(max_length=100), null=True, blank=True)
    models_covered = ArrayField(models.CharField(max_length=200), null=True, blank=True)
    activities = ArrayField(models.CharField(max_length=30), null=True, blank=True)
    countries = ArrayField(models.CharField(max_length=2), null=True, blank=True)
    end_uses = ArrayField(models.CharField(max_length=60), null=True, blank=True)
    conditions = ArrayField(models.TextField(), default=list, blank=True)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [two_persons("export_license")]

    def __str__(self) -> str:
        return self.number


class LicenseUse(models.Model):
    """One unit of an export license, used by one decision."""

    export_license = models.ForeignKey(ExportLicense, models.PROTECT, related_name="uses")
    decision_id = models.CharField(max_length=50)
    idempotency_key = models.CharField(max_length=200, blank=True)
    used_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.export_license} for {self.decision_id}"


class Disposition(SecondPerson, Dated):
    """A decided review. It lifts one version of one ``review`` rule for one licensee.

    It does so while the licensee's facts stay the same.
    """

    ref = models.CharField(max_length=100, unique=True)
    rule = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="dispositions")
    models_covered = ArrayField(models.CharField(max_length=200), null=True, blank=True)
    activities = ArrayField(models.CharField(max_length=30), null=True, blank=True)
    facts = models.JSONField(default=dict)
    because = models.TextField()
    case = models.ForeignKey("Case", models.PROTECT, null=True, related_name="dispositions")

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            two_persons("disposition"),
            models.CheckConstraint(
                name="disposition_expires", condition=Q(valid__endswith__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class Concern(models.Model):
    """A concern: one person resolves it with evidence, and a second one confirms the resolution."""

    note = models.TextField()
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)
    resolved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def _concern_checks(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"{name}_two_persons",
        condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
        | Q(confirmed_at__isnull=False, confirmed_by__isnull=False, resolved_by__isnull=False)
        & ~Q(confirmed_by=models.F("resolved_by")),
    )


class RedFlag(Concern):
    """A red flag of 15 CFR 732 Supp. 3 (1-29). It is open until a second person confirms."""

    licensee = models.ForeignKey(Licensee, models.PROTECT, related_name="red_flags")
    number = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            _concern_checks("red_flag"),
            models.CheckConstraint(
                name="red_flag_number", condition=Q(number__gte=1, number__lte=29)
            ),
        ]

    def __str__(self) -> str:
        return f"red flag {self.number} on {self.licensee}"


class ModelIncident(Concern):
    """An incident of a model, such as a jailbreak. It is open until a second person confirms."""

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=40, default="jailbreak")

    class Meta:
        constraints = [_concern_checks("model_incident")]

    def __str__(self) -> str:
        return f"{self.kind} on {self.model}"
