import io
import json
import logging
import logging.config
import sys
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from nanogridbot import logs

SECRETS = {
    "Telegram": "bot123456789:AAF-abcdefghijklmnopqrstuvwxyz_12345",
    "Anthropic": "sk-ant-api03-abcdefghijklmnop",
    "OAuth": "sk-ant-oat01-abcdefghijklmnop",
    "Slack": "xoxb-1234567890-abcdef",
    "Slack's socket": "xapp-1-A0-123456-abcdef",
    "Discord": "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz1",
    "our own": "ngb_abcdefghijklmnopqrstuv",
}
Lines = Callable[[], list[str]]


@pytest.fixture
def configured() -> Iterator[Callable[[str], Lines]]:
    """Configures logging as the settings do, over a buffer; returns what reads its lines."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def configure(log_format: str) -> Lines:
        config = logs.logging_config(log_format, "INFO")
        stream = io.StringIO()
        config["handlers"]["stderr"]["stream"] = stream
        logging.config.dictConfig(config)
        return lambda: stream.getvalue().splitlines()

    yield configure
    root.handlers[:], root.level = before


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_secret_of_a_known_shape_never_comes_out(
    configured: Callable[[str], Lines], log_format: str, secret: str
) -> None:
    lines = configured(log_format)
    logger = logging.getLogger("apps.platforms")
    logger.warning("GET https://api.example.org/bot%s/getMe", secret)
    logger.warning("line\n%s", {"headers": [secret]})
    nested = {"deep": (secret, Exception(secret))}
    with structlog.contextvars.bound_contextvars(url=f"https://x/{secret}", nested=nested):
        try:
            raise ValueError(f"refused: {secret}")
        except ValueError:
            logger.exception("failed")
    assert len(lines()) >= 3
    assert secret not in "\n".join(lines())


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("headers {'x-api-key': 'abcdefgh'}", "abcdefgh"),
        ("password=hunter22", "hunter22"),
        ("postgres://ngb:hunter22@db/ngb", "hunter22"),
    ],
)
def test_secret_behind_a_telling_name_is_masked(text: str, hidden: str) -> None:
    assert hidden not in logs.mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "input_tokens=1234 output_tokens=56",
        "http://127.0.0.1:8000/chat/main/",
        "api_key=None",
        "run 12345678: done",
        "task-1234567890",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert logs.mask(text) == text


def test_bound_run_stands_on_every_line(configured: Callable[[str], Lines]) -> None:
    lines = configured("console")
    with structlog.contextvars.bound_contextvars(run=17):
        logging.getLogger("apps.agents").info("begins")
        logging.getLogger("some.library").warning("says something")
    logging.getLogger("apps.agents").info("after")
    assert ["run=17" in line for line in lines()] == [True, True, False]


def test_on_a_console_an_event_is_one_line_and_a_traceback_is_many(configured: Callable[[str], Lines]) -> None:
    lines = configured("console")
    logging.getLogger("some.library").warning("Cannot connect.\nTrying again in %s s\n", 2)
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("apps.agents").exception("it failed")
    first, second, *traceback = lines()
    assert "Cannot connect. Trying again in 2 s [" in first
    assert "it failed" in second
    assert traceback[0].startswith("Traceback")
    assert traceback[-1] == "ValueError: no"


def test_json_lines_parse_and_carry_run_and_traceback(configured: Callable[[str], Lines]) -> None:
    lines = configured("json")
    with structlog.contextvars.bound_contextvars(run=17, odd=object()):
        try:
            raise ValueError('with "quotes", \\ and password="hunter\\"22"')
        except ValueError:
            logging.getLogger("apps.agents").exception("it\nfailed 中文")
    (event,) = [json.loads(line) for line in lines()]
    assert event["run"] == 17
    assert event["event"] == "it\nfailed 中文"
    assert event["level"] == "error"
    assert "ValueError" in event["exception"]
    assert "hunter" not in event["exception"].splitlines()[-1]


def test_requests_with_whole_urls_are_quiet_unless_they_warn(configured: Callable[[str], Lines]) -> None:
    lines = configured("console")
    logging.getLogger("httpx").info("HTTP Request: GET https://api.example.org/x")
    assert lines() == []
    logging.getLogger("httpx").warning("slow")
    assert len(lines()) == 1


def test_warning_becomes_a_line(configured: Callable[[str], Lines]) -> None:
    lines = configured("console")
    logging.captureWarnings(False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "old ways" in lines()[0]


def test_uncaught_exception_is_logged_and_masked(
    configured: Callable[[str], Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = configured("console")
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    logs.capture_what_bypasses_logging()
    logging.captureWarnings(False)
    error = ValueError(f"no: {SECRETS['Anthropic']}")
    sys.excepthook(ValueError, error, None)
    assert "ValueError" in "\n".join(lines())
    assert SECRETS["Anthropic"] not in "\n".join(lines())
