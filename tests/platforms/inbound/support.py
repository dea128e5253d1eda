from typing import Any

from apps.agents import services
from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.inbound import intake


def prompt(run: Run) -> str:
    composed = prompts.compose(run)
    assert composed
    return composed.text


def photo(file_id: str = "small", size: int = 100) -> list[dict[str, Any]]:
    return [{"file_id": file_id, "file_unique_id": file_id, "width": size, "height": size, "file_size": size}]


def document(name: str, file_id: str = "doc", size: int = 10) -> dict[str, Any]:
    return {
        "file_id": file_id,
        "file_unique_id": file_id,
        "file_name": name,
        "mime_type": "text/plain",
        "file_size": size,
    }


_number = iter(range(1, 10_000))


def write(chat: Chat, text: str, *, sender: str = "42", **fields: Any) -> InboundMessage:
    arrived = InboundMessage(
        external_id=f"m{next(_number)}",
        chat_id=chat.external_id,
        sender_id=sender,
        sender_name="Ann",
        text=text,
        **fields,
    )
    intake.accept(chat.channel, arrived)
    return arrived


def answers(chat: Chat) -> list[str]:
    return list(chat.messages.outbound().filter(kind=Message.Kind.NOTICE).values_list("text", flat=True))


def the_answer(chat: Chat, text: str, **fields: Any) -> str:
    write(chat, text, **fields)
    (answer,) = answers(chat)
    return answer


def running(chat: Chat, **fields: Any) -> Run:
    assert chat.group
    run = services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE, **fields)
    assert run.claim("w:1:1")
    return run
