"""One event a line: readable on a console, JSON for machines; what is bound (the run's id) stands on every line."""

import logging
import os
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from apps.events.secret_patterns import SECRET, SECRET_NAME

# Their INFO lines carry whole URLs, or say what we say ourselves. Platforms name theirs in their `spec.py`.
QUIET = (
    "asyncio",
    "celery.app.trace",
    "celery.apps.worker",
    "celery.beat",
    "celery.worker.consumer.connection",
    "celery.worker.consumer.consumer",
    "celery.worker.strategy",
    "daphne",
    "django.channels.server",
    "django.server",
    "django_celery_beat.schedulers",
    "docker",
    "httpcore",
    "httpx",
    "urllib3",
)

LINE_BREAKS = re.compile(r"\s*\n\s*")


def mask(text: str) -> str:
    return SECRET.sub(lambda found: f"{found['key'] or ''}***", text)


def _mask_event(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Just before the line is drawn: texts, tracebacks and other objects' descriptions alike."""
    return {name: "***" if SECRET_NAME.fullmatch(name) and value else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {mask(str(name)): _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_masked(one) for one in value]
    return value if value is None or isinstance(value, int | float) else mask(str(value))


def _name_last(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Our own loggers are named by what they do, not by where they live."""
    event["logger"] = str(event.get("logger", "")).removeprefix("nanogridbot.").removeprefix("apps.")
    return event


def _one_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Libraries break their sentences; a traceback stands apart and keeps its lines."""
    event["event"] = LINE_BREAKS.sub(" ", str(event["event"]).strip())
    return event


def _console_line(*, colours: bool) -> list[Processor]:
    return [
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _name_last,
        _one_line,
        structlog.dev.ConsoleRenderer(
            colors=colours, pad_event_to=0, pad_level=True, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _json_line() -> list[Processor]:
    return [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING for `console` or `json`; every line goes to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    last = _json_line() if log_format == "json" else _console_line(colours=_colours_wanted())
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _mask_event, *last],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Django hangs handlers of its own on its logger; ours alone speaks.
        "loggers": {"django": {"handlers": [], "level": "INFO"}, **{name: {"level": "WARNING"} for name in QUIET}},
    }


def capture_what_bypasses_logging() -> None:
    """Warnings, and exceptions nobody caught, become log lines: masked, and one format."""
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("uncaught").critical("%s", error, exc_info=(kind, error, trace))


def _colours_wanted() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
