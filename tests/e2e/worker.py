"""The Celery app of the worker test: ``celery -A tests.e2e.worker worker``."""

from celery import Celery

app = Celery("worker_test")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
