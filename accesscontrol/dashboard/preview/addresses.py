"""The addresses of the impact preview, below the address of its rule."""

from django.urls import path

from accesscontrol.dashboard.preview import export, views
from accesscontrol.dashboard.rules.addresses import RULE

urlpatterns = [
    path(f"{RULE}/preview", views.page, name="preview"),
    path(f"{RULE}/preview/live", views.live, name="preview-live"),
    path(f"{RULE}/preview/calculate", views.calculate, name="preview-calculate"),
    path(f"{RULE}/preview/cancel", views.cancel, name="preview-cancel"),
    path(f"{RULE}/preview/submit", views.submit, name="preview-submit"),
    path(f"{RULE}/preview/csv", export.as_csv, name="preview-csv"),
]
