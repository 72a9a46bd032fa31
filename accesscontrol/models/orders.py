"""Orders, the rules that implement them, their terms, and the releases that put them in force."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from accesscontrol.models.access import User
from accesscontrol.models.common import SecondPerson, two_persons


class Order(models.Model):
    """A legal instrument: a letter, a rule, a denial order or the company's own directive."""

    class Kind(models.TextChoices):
        IS_INFORMED_LETTER = "is_informed_letter", "Is-informed letter"
        RULE = "rule", "Rule in the Federal Register"
        DENIAL_ORDER = "denial_order", "Denial order"
        INTERNAL = "internal", "Internal directive"

    reference = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    authority = models.CharField(max_length=200)
    citation = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    confidential = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    zone = models.CharField(max_length=50, default="America/New_York")
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()
    first_refusal_at = models.DateTimeField(
        null=True, blank=True, help_text="First answer that one of its rules refused"
    )

    class Meta:
        ordering = ["-received_at", "-id"]

    def __str__(self) -> str:
        return self.reference


class Amendment(models.Model):
    """A later instrument that changes the order, adds an annex of named parties, or lifts it."""

    class Kind(models.TextChoices):
        AMENDMENT = "amendment", "Amendment"
        ANNEX = "annex", "Annex of named parties"
        LIFT = "lift", "Lift"

    order = models.ForeignKey(Order, models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    received_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["received_at", "id"]

    def __str__(self) -> str:
        return f"{self.reference} ({self.get_kind_display().lower()})"


class NamedList(models.Model):
    """A list of parties that rules can name, such as the annex of a letter."""

    code = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=300)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="lists")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class NamedListEntry(SecondPerson):
    """One party of a named list, for a period. An unconfirmed one is in no release."""

    named_list = models.ForeignKey(NamedList, models.PROTECT, related_name="entries")
    value = models.CharField(max_length=200)
    valid = DateTimeRangeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            two_persons("named_list_entry"),
            ExclusionConstraint(
                name="named_list_entry_no_overlap",
                expressions=[
                    ("named_list", RangeOperators.EQUAL),
                    ("value", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} in {self.named_list}"


class CountryGroupMember(models.Model):
    """A country's membership in a country group (15 CFR 740 Supp. 1), for a period."""

    group = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    valid = DateTimeRangeField()
    citation = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="country_group_member_no_overlap",
                expressions=[
                    ("group", RangeOperators.EQUAL),
                    ("country", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} in {self.group}"


class Territory(models.Model):
    """A territory and the country whose rules it inherits (15 CFR 738.3)."""

    code = models.CharField(max_length=2, unique=True)
    parent = models.CharField(max_length=2)
    citation = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.code} of {self.parent}"


class EndUse(models.Model):
    """One value of the closed list of end uses."""

    code = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.label


class CustomAttribute(SecondPerson):
    """An attribute that the company added to the vocabulary. It counts when confirmed."""

    name = models.CharField(max_length=200, unique=True)
    definition = models.JSONField(help_text="The attribute as in a release's vocabulary")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [two_persons("custom_attribute")]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """A rule implements one clause of an order. Its versions have its content."""

    ref = models.CharField(max_length=100, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="rules")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["ref"]

    def __str__(self) -> str:
        return self.ref


class RuleVersion(models.Model):
    """The content of a rule. A trigger refuses changes once it is published."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Waiting for approval"
        APPROVED = "approved", "Approved"
        PUBLISHED = "published", "Published"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    title = models.CharField(max_length=300)
    effect = models.CharField(max_length=20)
    content = models.JSONField(help_text="The rule as in a release")
    canonical = models.TextField()
    digest = models.CharField(max_length=64)
    based_on = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    retires = models.BooleanField(default=False, help_text="Approving it ends the rule")
    emergency = models.BooleanField(
        default=False, help_text="Published by one officer, to be confirmed"
    )
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    because = models.TextField(blank=True)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_preview = models.ForeignKey(
        "Preview",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The impact that was put before the approvers",
    )
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_preview = models.ForeignKey(
        "Preview",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The impact as recalculated at approval",
    )
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rule", "-version"]
        constraints = [
            models.UniqueConstraint("rule", "version", name="rule_version_unique"),
            models.UniqueConstraint(
                "rule",
                name="rule_one_open_version",
                condition=Q(state__in=["draft", "submitted", "approved"]),
            ),
            models.CheckConstraint(
                name="rule_version_published_was_approved",
                condition=~Q(state="published")
                | Q(published_at__isnull=False)
                & (Q(approved_at__isnull=False) | Q(emergency=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"

    @property
    def state_in_words(self) -> str:
        """The state as a word of a sentence."""
        return self.get_state_display().lower()


class RuleEdit(models.Model):
    """A person edited this version. A trigger refuses their approval of it."""

    rule_version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="edits")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} edited {self.rule_version}"


class RuleComment(models.Model):
    """A remark on a version. A request for changes and a rejection are remarks too."""

    rule_version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="comments")
    kind = models.CharField(max_length=20, default="comment")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.rule_version}"


class RuleTestCase(models.Model):
    """Facts and the outcome they must have. Checked at every save and before every publication."""

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="test_cases")
    name = models.CharField(max_length=200)
    facts = models.JSONField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Term(models.Model):
    """The period in which a version is in force. Only the future of it may change."""

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="terms")
    rule_version = models.OneToOneField(RuleVersion, models.PROTECT, related_name="term")
    period = DateTimeRangeField()
    withdrawn = models.BooleanField(default=False)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="term_no_overlap",
                expressions=[
                    ("rule", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(withdrawn=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_version} {self.period}"


class Release(models.Model):
    """Everything that a decision depends on besides facts. It is numbered and never changes.

    Its digest is of its content.
    """

    number = models.PositiveIntegerField(unique=True)
    canonical = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    because = models.TextField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="release_number_positive", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"release {self.number}"
