import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.agents.models import Question, Run, RunStep
from apps.agents.questions import questions
from apps.agents.services import announce, request_run
from apps.chats import services
from apps.chats.models import Channel, Chat, Group, Message
from apps.chats.workspace.folders import workspace
from tests.fakes.telegram_api import TOKEN, TelegramApi
from tests.waiting import until

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 5000


def telegram_channel(api: TelegramApi, name: str = "bot", **fields: Any) -> Channel:
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform="telegram", name=name, **fields)


def registered_chat(channel: Channel, external_id: str = "-1001", **fields: Any) -> Chat:
    """A chat that the group `team` serves."""
    group = Group.objects.filter(folder="team").first() or services.create_group(folder="team", **fields)
    return Chat.objects.create(channel=channel, external_id=external_id, group=group, title="Team")


def send(chat: Chat, text: str, **fields: Any) -> Message:
    """Into the outbox."""
    message = services.send_message(chat, text=text, **fields)
    assert message
    return message


def status(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status


def detail(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status_detail


def lost(name: str = "bot") -> str:
    """Why the connection was lost last, empty if it never was: it stays to be read when all is well again."""
    return Channel.objects.get(name=name).last_error


def until_quiet(look: Callable[[], Any], seconds: float) -> None:
    """Until what is looked at stayed the same for so long."""

    def is_quiet() -> bool:
        before = look()
        time.sleep(seconds)
        return bool(look() == before)

    until(is_quiet)


def outbound(delivery: str) -> int:
    return Message.objects.outbound().filter(delivery=delivery).count()


def age(message: Message, **by: float) -> None:
    Message.objects.filter(pk=message.pk).update(created_at=message.created_at - timedelta(**by))


def fall_silent(run: Run) -> Run:
    """As if it had begun long ago and said nothing since."""
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=40))
    return run


def step(run: Run, summary: str, kind: str = "tool") -> None:
    RunStep.objects.create(run=run, seq=run.steps.count() + 1, kind=kind, summary=summary)


def end(run: Run, text: str = "", state: str = "succeeded") -> Any:
    """Its last word, if it has one."""
    with transaction.atomic():  # as the worker does: a run that is over without its answer had nothing to say
        Message.objects.inbound().update(run=run)
        Run.objects.filter(pk=run.pk).update(status=state)
        final = send(run.chat, text, run_id=run.pk) if text and run.chat else None
    run.refresh_from_db()
    announce(run)
    return final


def shown(api: TelegramApi) -> list[str]:
    """The texts of the one message, one after the other."""
    return [call.text for call in [*api.sent, *api.calls_of("editMessageText")]]


def ask(
    chat: Chat, choices: Sequence[str] = ("Red", "Dark blue"), thread_id: str = "", text: str = "Which **colour**?"
) -> Question:
    """A run asks in the chat."""
    assert chat.group
    run = request_run(chat.group, chat=chat, cause=Run.Cause.REQUEST, prompt="go", thread_id=thread_id)
    assert run.claim("a worker of the tests")
    return questions.ask(run, text, choices=choices, kind=Question.Kind.ASK, places=[questions.Place(chat, thread_id)])


def answered(question: Question) -> str:
    return Question.objects.get(pk=question.pk).answer


def put(chat: Chat, name: str, content: bytes = b"hello", path: str = "") -> Message:
    """A file of the workspace, into the outbox."""
    assert chat.group
    target = workspace(chat.group) / (path or name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return services.send_file(chat, path=path or name, name=name, size=len(content), caption="**Here**")
