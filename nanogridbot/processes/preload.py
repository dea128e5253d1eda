"""Loads once what every child needs: after the fork the pages are shared."""

import gc
import importlib

from django.urls import get_resolver

from nanogridbot.celery import app

# Nothing here may open a connection, a thread or an event loop: a fork would share it, and break it.
MODULES = (
    "nanogridbot.asgi",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "django_celery_beat.schedulers",
    "kombu.transport.redis",
    "redis.asyncio",
    "daphne.endpoints",
    "daphne.http_protocol",
    "daphne.ws_protocol",
)


def preload() -> None:
    for module in MODULES:
        importlib.import_module(module)
    _ = get_resolver().url_patterns  # the pages and what they import
    app.loader.import_default_modules()
    app.finalize()
    gc.collect()
    gc.freeze()  # the collector would otherwise write into every shared page
