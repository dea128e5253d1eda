import uuid
from collections.abc import Callable

from apps.agents import services
from apps.agents.models import Run
from apps.chats.models import Chat, Message

Inside = Callable[..., str]


def call(chat: Chat, text: str = "hello") -> Run:
    """A message that calls the agent of that chat's group."""
    Message.objects.create(chat=chat, direction="in", external_id=uuid.uuid4().hex, text=text, calls_agent=True)
    assert chat.group
    return services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE)
