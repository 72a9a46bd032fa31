"""The project around the one app: settings, web and worker entry points, embedded servers."""

from project.celery import app as celery_app

__all__ = ["celery_app"]
