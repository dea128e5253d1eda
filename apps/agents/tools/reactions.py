"""An emoji under somebody's message."""

from pydantic import BaseModel, Field

from apps.agents.models import Run
from apps.agents.toolkit.registry import ToolRefusedError, tool
from apps.agents.tools.targets import CHAT, chat_named
from apps.chats import platforms, services
from apps.chats.models import Chat, Message


class React(BaseModel):
    emoji: str = Field(min_length=1, max_length=32, pattern=r"^\S+$", description="One emoji, such as 👍.")
    message: str = Field(
        default="",
        max_length=255,
        description="The id of the message, as you were shown it; empty: the last that called.",
    )
    chat: str = Field(default="", max_length=300, description=CHAT)


@tool("react", "Put an emoji under a message, where a whole answer would be too much.", React)
def react(run: Run, given: React) -> str:
    chat = chat_named(run, given.chat)
    if not platforms.can_react(chat.channel.platform):
        raise ToolRefusedError(f"{chat.channel.get_platform_display()} has no reactions here: write a message instead.")
    message = _message(run, chat, given.message)
    done = Message.objects.outbound().filter(run=run, chat=chat, kind=Message.Kind.REACTION)
    if done.filter(text=given.emoji, reply_to=message.external_id).exists():
        return "It stands there already."
    services.send_message(
        chat,
        text=given.emoji,
        kind=Message.Kind.REACTION,
        reply_to=message.external_id,
        thread_id=message.thread_id,
        run_id=run.pk,
        sender_name=run.group.assistant_name,
    )
    return "Done."


def _message(run: Run, chat: Chat, external_id: str) -> Message:
    """Raises ToolRefusedError; a message of another chat does not exist here."""
    inbound = chat.messages.inbound().exclude(kind=Message.Kind.REACTION)
    if external_id:
        found = inbound.filter(external_id=external_id).first()
    else:
        here = inbound.filter(thread_id=run.thread_id) if chat == run.chat else inbound
        found = here.filter(calls_agent=True).order_by("-pk").first()
    if found is None:
        raise ToolRefusedError("There is no such message in this chat: give the id of one that people wrote.")
    return found
