"""The Celery app. Celery only wakes workers; the work and its progress are in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("export-gate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
