"""The one app of the product, and what it finds odd in its settings at the start."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks


class AccessControlConfig(AppConfig):
    name = "accesscontrol"
    verbose_name = "Export Gate"
    default_auto_field = "django.db.models.BigAutoField"


@checks.register
def unknown_variables(**_: Any) -> list[checks.CheckMessage]:
    """A mistyped EG_* variable would otherwise silently leave a default in place."""
    return [
        checks.Warning(
            f"{name} is not a setting of Export Gate, so it has no effect.",
            hint="README, section Settings, lists them.",
            id="export_gate.W001",
        )
        for name in settings.UNKNOWN_VARIABLES
    ]
