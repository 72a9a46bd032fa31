"""Celery wakes the workers; what is to be done, and what is left of it, is in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("export-gate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
