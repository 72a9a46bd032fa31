"""Django's admin for a superuser, off by default. Policy and evidence can only be read in it."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import CompositePrimaryKey
from django.http import HttpRequest

from accesscontrol.models import User

admin.site.site_header = "Export Gate back office"
admin.site.site_title = "Export Gate"


class ReadOnly(admin.ModelAdmin[Any]):
    """An object that has verbs of its own. They change it; the back office does not."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonAdmin(UserAdmin[User]):
    """A person can be added and disabled, but not deleted, since the log names them."""

    list_display = ("username", "first_name", "last_name", "role", "is_active", "locked_until")
    list_filter = ("role", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "role")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "locked_until")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "role", "usable_password", "password1", "password2")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


admin.site.register(User, PersonAdmin)
for model in apps.get_app_config("accesscontrol").get_models():
    composed = isinstance(model._meta.pk, CompositePrimaryKey)  # the admin cannot show these
    if model is not User and model._meta.managed and not composed:
        admin.site.register(model, ReadOnly)
