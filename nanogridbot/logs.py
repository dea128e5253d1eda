"""One event a line: readable on a console, JSON for machines; what is bound (the run's id) stands on every line."""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET = re.compile(r"bot\d{3,}:[\w-]{20,}|sk-ant-[\w-]{8,}|Bearer\s+[\w.~+/-]{8,}=*")


def mask_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The last line of defence: tokens of known shapes leave no log, wherever they came from."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRET.sub("***", value)
    return event


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if log_format == "json"
        else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        last += [
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        last += [
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.dev.ConsoleRenderer(colors=True, pad_event_to=0),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": shared, "processors": last},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Their INFO lines carry whole URLs, and a Telegram URL carries the token.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "django.server": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "django_celery_beat": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "docker": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }
