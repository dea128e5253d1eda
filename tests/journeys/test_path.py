"""The whole path: a message in a chat reaches a sealed agent, and the answer comes back."""

import pytest

from tests.fakes.messages_api import Failure, MessagesApi, Text, ToolUse
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.service import Service, wait_until
from tests.journeys.support import KEY

pytestmark = [pytest.mark.journey, pytest.mark.docker]


def texts(telegram: TelegramApi) -> list[str]:
    return [call.parameters["text"] for call in telegram.sent]


def answered(telegram: TelegramApi, text: str) -> bool:
    return any(text in said for said in texts(telegram))


def test_two_turns_share_a_container_and_a_memory(service: Service, telegram: TelegramApi, model: MessagesApi) -> None:
    model.script(Text("I am **here**."), ToolUse("mcp__ngb__send_message", {"text": "One moment."}), Text("Done."))
    telegram.say("hello")
    wait_until(lambda: answered(telegram, "I am <b>here</b>."), 60)
    telegram.say("again")
    wait_until(lambda: answered(telegram, "Done."), 60)

    assert texts(telegram) == ["I am <b>here</b>.", "One moment.", "Done."]
    runs = service.rows("list(Run.objects.order_by('pk').values('status', 'container', 'runtime', 'agent'))")
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]
    assert runs[0] == runs[1] | {"status": "succeeded"}
    assert (runs[0]["runtime"], runs[0]["agent"]) == ("docker", "claude")
    assert "hello" in str(model.turns[-1].body["messages"])
    assert KEY not in service.log
    assert all(request.headers["x-api-key"] == KEY for request in model.turns)


def test_a_wrong_key_is_said_in_the_chat_within_ten_seconds(
    service: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    telegram.say("warm up")
    wait_until(lambda: telegram.sent, 60)
    model.answer = lambda _request: Failure(401, "invalid x-api-key")
    telegram.say("hello")

    wait_until(lambda: answered(telegram, "invalid x-api-key"), 10)
    assert len(telegram.sent) == 2


def test_a_restarted_service_remembers(service: Service, telegram: TelegramApi, model: MessagesApi) -> None:
    telegram.say("my name is Zoe")
    wait_until(lambda: telegram.sent, 60)
    service.stop()
    telegram.say("who am I?")  # while nobody listens
    service.start()

    wait_until(lambda: len(telegram.sent) == 2, 60)
    assert "my name is Zoe" in str(model.turns[-1].body["messages"])
