"""The whole service with its real parts, between a fake of Telegram's Bot API and a stub of the model without delay."""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.messages_api import MessagesApi
from tests.fakes.telegram_api import TOKEN, Call, TelegramApi
from tests.journeys.service import Service, wait_until

ANSWER_TIMEOUT = 60.0
CROWDED_TIMEOUT = 180.0
# All in one process: twenty of `addgroup` take half a minute.
SETUP = """
import json, sys
from apps.chats.models import Channel, Chat
from apps.chats.services import create_group
channel = Channel.objects.get(name="bench")
for folder, chat_ids in json.load(sys.stdin).items():
    group = create_group(folder=folder)
    for chat_id in chat_ids:
        Chat.objects.create(channel=channel, external_id=str(chat_id), group=group)
"""


@dataclass(frozen=True, slots=True)
class Rig:
    """A running service whose channel is online."""

    service: Service
    telegram: TelegramApi
    model: MessagesApi

    def turn_in(self, chat_id: int, text: str = "@Andy hello") -> float:
        """The same while other chats are answered too."""
        before = len(self._answers(chat_id))
        began = time.monotonic()
        self.telegram.say(text, chat_id=chat_id)
        assert self.telegram.wait_for(lambda: len(self._answers(chat_id)) > before, CROWDED_TIMEOUT), "no answer"
        return self._answers(chat_id)[before].at - began

    def _answers(self, chat_id: int) -> list[Call]:
        return [call for call in self.telegram.sent if call.parameters["chat_id"] == str(chat_id)]

    def turn(self, chat_id: int, text: str = "@Andy hello") -> float:
        """Seconds from the message's hand-over to the Bot API until the answer is there."""
        sent = len(self.telegram.sent)
        began = time.monotonic()
        self.telegram.say(text, chat_id=chat_id)
        answer = self.telegram.wait_for_sent(sent + 1, ANSWER_TIMEOUT)[sent]
        assert "hello" in answer.text, f"this is no answer: {answer.text}\n{self.service.log[-4000:]}"
        return answer.at - began


@contextmanager
def running(groups: Mapping[str, Sequence[int]], **environment: str) -> Iterator[Rig]:
    """`groups`: folder → the ids of its Telegram chats; `environment` is added to the service's own."""
    with tempfile.TemporaryDirectory(prefix="ngb-bench-") as folder, TelegramApi() as telegram, MessagesApi() as model:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        key = {"ANTHROPIC_API_KEY": "sk-ant-of-the-bench", "ANTHROPIC_BASE_URL": model.url, "PROGRESS_AFTER": "600"}
        service = Service(data_dir, AGENT_RUNTIME="docker", **key, **environment)
        service.manage("migrate", "--verbosity", "0")
        with service:
            credentials = ["--set", f"token={TOKEN}", "--set", f"api_base={telegram.url}"]
            service.manage("addchannel", "telegram", "--name", "bench", *credentials)
            service.manage("shell", "--no-imports", "-c", SETUP, stdin=json.dumps(dict(groups), default=list))
            wait_until(lambda: telegram.calls_of("getUpdates"), 30, "the first poll")
            yield Rig(service, telegram, model)
