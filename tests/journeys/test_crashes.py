"""Processes that die at the worst moment: every message is answered, and none twice."""

import time

import pytest

from tests.fakes.messages_api import MessagesApi, Text
from tests.fakes.stand_in import Hang
from tests.fakes.telegram_api import TelegramApi
from tests.journeys.service import CHILDREN, Service, is_alive, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.docker]

SLOW = Text("slow answer " * 10, pieces=30, delay=0.1)
ENDLESS = Text("slow answer " * 50, pieces=300, delay=0.1)  # nobody waits for its end


def said(telegram: TelegramApi, text: str) -> int:
    return sum(text in call.parameters["text"] for call in telegram.sent)


def settle(service: Service, telegram: TelegramApi) -> None:
    """The sweep has looked, and who wrote after it has an answer: what would be answered twice is answered by now."""
    service.manage("shell", "--no-imports", "-c", "from apps.agents.tasks import sweep; sweep()")
    telegram.say("is that all?")
    wait_until(lambda: said(telegram, "is that all?"), 60, "the answer to the last message")


@pytest.fixture
def warm(service: Service, telegram: TelegramApi, model: MessagesApi) -> Service:
    model.script(Text("I am warm."))
    telegram.say("warm up")
    wait_until(lambda: said(telegram, "I am warm."), 60)
    return service


def test_the_worker_killed_before_during_and_after_a_turn(
    warm: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    warm.kill("agents")
    model.script(Text("answer one"))
    telegram.say("before")
    wait_until(lambda: said(telegram, "answer one"), 60)

    model.script(ENDLESS, Text("answer two"))
    turns = len(model.turns)
    telegram.say("during")
    model.wait_for_turns(turns + 1, seconds=60)
    time.sleep(0.5)
    warm.kill("agents")
    wait_until(lambda: said(telegram, "answer two"), 60)

    model.script(Text("answer three"))
    telegram.say("after")
    wait_until(lambda: said(telegram, "answer three"), 60)
    warm.kill("agents")
    settle(warm, telegram)

    answers = ("slow answer", "answer one", "answer two", "answer three", "is that all?")
    assert [said(telegram, text) for text in answers] == [0, 1, 1, 1, 1]
    assert len(telegram.sent) == 5
    assert set(warm.rows("list(Run.objects.values_list('status', flat=True))")) == {"succeeded"}


def test_redis_restarted_empty(warm: Service, telegram: TelegramApi, model: MessagesApi) -> None:
    model.script(SLOW, Text("second answer"))
    turns = len(model.turns)
    telegram.say("first")
    model.wait_for_turns(turns + 1, seconds=60)
    warm.kill("redis")
    telegram.say("second")

    wait_until(lambda: said(telegram, "slow answer") and said(telegram, "second answer"), 60)
    settle(warm, telegram)
    assert (said(telegram, "slow answer"), said(telegram, "second answer")) == (1, 1)


def test_the_listeners_killed_between_sending_and_recording(
    warm: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    """The one window in which Telegram shows a message twice: it has no idempotency keys."""
    telegram.fail("sendMessage", Hang(12))  # then it is sent, and nobody is there any more to hear so
    model.script(Text("the answer"))
    telegram.say("hello")
    wait_until(lambda: not telegram.waiting("sendMessage"), 60, "the sending")
    warm.kill("listeners")

    wait_until(lambda: said(telegram, "the answer") == 2, 60)
    settle(warm, telegram)
    assert said(telegram, "the answer") == 2
    assert warm.rows("list(Message.objects.filter(direction='out').exclude(delivery='sent').values())") == []


def test_the_listeners_killed_while_an_answer_is_made(warm: Service, telegram: TelegramApi, model: MessagesApi) -> None:
    model.script(SLOW)
    turns = len(model.turns)
    telegram.say("hello")
    model.wait_for_turns(turns + 1, seconds=60)
    warm.kill("listeners")

    wait_until(lambda: said(telegram, "slow answer"), 60)
    settle(warm, telegram)
    assert said(telegram, "slow answer") == 1
    assert len(telegram.sent) == 3


def test_an_agent_killed_in_mid_turn(warm: Service, telegram: TelegramApi, model: MessagesApi) -> None:
    from apps.agents.sandbox.engine import engine

    container = warm.rows("Run.objects.latest('pk').container")
    model.script(ENDLESS, Text("the answer"))
    turns = len(model.turns)
    telegram.say("hello")
    model.wait_for_turns(turns + 1, seconds=60)
    engine().kill(container)

    wait_until(lambda: said(telegram, "the answer"), 60)
    assert len(telegram.sent) == 2
    assert warm.rows("Run.objects.latest('pk').attempt") == 2


def test_after_a_crash_of_everything_the_container_is_taken_over(
    warm: Service, telegram: TelegramApi, model: MessagesApi
) -> None:
    from apps.agents.sandbox.engine import engine

    container = warm.rows("Run.objects.latest('pk').container")
    warm.crash()
    assert engine().inspect_container(container)["State"]["Running"]
    model.script(Text("still here"))
    telegram.say("are you there?")
    warm.start()

    wait_until(lambda: said(telegram, "still here"), 60)
    assert warm.rows("Run.objects.latest('pk').container") == container
    assert len(telegram.sent) == 2


def test_nothing_is_left_after_a_clean_stop(warm: Service) -> None:
    from apps.agents.sandbox.engine import engine

    container = warm.rows("Run.objects.latest('pk').container")
    processes = [warm.pid(child) for child in CHILDREN]
    assert all(processes)
    warm.stop()

    living = [found["Id"][:12] for found in engine().containers(all=True)]
    assert container not in living
    assert not [pid for pid in processes if is_alive(pid)]
