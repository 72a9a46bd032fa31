"""People, their roles, and the tokens of licensing systems."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Role(models.TextChoices):
    """What a person may do. A person has one role, so that separation of duty is visible."""

    VIEWER = "viewer", "Viewer"
    AUDITOR = "auditor", "Auditor"
    OFFICER = "officer", "Compliance officer"
    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Administrator"


class User(AbstractUser):
    """A person who signs in to the dashboard."""

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    theme = models.CharField(
        max_length=5,
        blank=True,
        choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")],
    )
    shortcuts = models.BooleanField(default=True, help_text="Single-key shortcuts")
    failed_sign_ins = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class ApiToken(models.Model):
    """A licensing system's bearer token, ``eg_<key_id>.<secret>``. Stored is the secret's HMAC."""

    name = models.CharField(max_length=200)
    key_id = models.CharField(max_length=32, unique=True)
    secret_hmac = models.BinaryField()
    scopes = ArrayField(models.CharField(max_length=40))
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_release = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="token_expires_after_creation",
                condition=models.Q(expires_at__gt=models.F("created_at")),
            )
        ]

    def __str__(self) -> str:
        return self.name
