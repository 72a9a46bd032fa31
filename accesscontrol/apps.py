"""The one app of the product."""

from django.apps import AppConfig


class AccessControlConfig(AppConfig):
    name = "accesscontrol"
    verbose_name = "Export Gate"
    default_auto_field = "django.db.models.BigAutoField"
