"""Settings of processes that tests start: those of the test project, with what the test puts into the environment."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
DJANGO_RECS = json.loads(os.environ["TEST_DJANGO_RECS"])
CELERY_BROKER_URL = os.environ.get("TEST_BROKER_URL", "")
CELERY_TASK_ROUTES = {"django_recs.train": {"queue": "gpu"}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
