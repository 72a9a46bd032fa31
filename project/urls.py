"""All addresses of the product: probes, the API, the screens, and the back office if it is on."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from project import probes

urlpatterns = [
    path("livez", probes.livez, name="livez"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
    path(".well-known/security.txt", probes.security_txt, name="security-txt"),
    path("", include("accesscontrol.api.urls")),
    path("", include("accesscontrol.dashboard.urls")),
]

if settings.ADMIN_ENABLED:
    urlpatterns.insert(0, path("admin/", admin.site.urls))

handler403 = "accesscontrol.dashboard.shell.pages.forbidden"
handler404 = "accesscontrol.dashboard.shell.pages.not_found"
handler500 = "accesscontrol.dashboard.shell.pages.broken"
