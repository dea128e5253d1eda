"""The Celery application; messages carry ids only."""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")

app = Celery("nanogridbot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def keep_django_logging(**_kwargs: Any) -> None:
    """A receiver is enough: Celery then leaves logging as Django's settings made it."""
