from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.telegram_api import TOKEN, TelegramApi
from tests.journeys.service import Service

KEY = "sk-ant-a-key-that-must-not-leak"


FAST = {
    "AGENT_RETRY_DELAYS": "1,1,1,1,1",
    "AGENT_MODEL_TIMEOUT": "5",
    "CHANNEL_BACKOFF_MIN": "0.2",
    "CHANNEL_BACKOFF_MAX": "1",
    "OUTBOX_RETRY_MIN": "0.5",
}


@contextmanager
def serving_a_team(folder: Path, telegram: TelegramApi, **settings: str) -> Iterator[Service]:
    """A service that runs, with one Telegram group (-1001) that always answers."""
    with Service.fresh(folder, **FAST, **settings) as one:
        one.manage("addchannel", "telegram", "--set", f"token={TOKEN}", "--set", f"api_base={telegram.url}")
        one.manage("addgroup", "team", "--chat", "telegram:-1001", "--engage", "always")
        yield one
