"""Writing and sending files, before the turn is over."""

import os
from pathlib import PurePosixPath

from django.conf import settings
from pydantic import BaseModel, Field

from apps.agents.models import Run
from apps.agents.sandbox import workspace_files
from apps.agents.toolkit.registry import ToolRefusedError, tool
from apps.agents.tools.targets import CHAT, chat_named
from apps.chats import incidents, services
from apps.chats.models import Chat, Message
from apps.chats.models.message import MessageQuerySet

MAX_TEXT = 32_000  # characters
SENT_BEFORE = "This was sent already, by an earlier attempt of this run."


class SendMessage(BaseModel):
    text: str = Field(min_length=1, max_length=MAX_TEXT, description="What to write, in CommonMark.")
    chat: str = Field(default="", max_length=300, description=CHAT)


@tool("send_message", "Write to the chat now, before the turn is over; the person sees it at once.", SendMessage)
def send_message(run: Run, given: SendMessage) -> str:
    chat = chat_named(run, given.chat)
    thread_id = run.thread_id if chat == run.chat else ""
    text = services.visible(given.text)
    # A retried run may say again what its earlier attempt has said already.
    if text and _of_earlier_attempts(run, chat).filter(text=text).exists():
        return SENT_BEFORE
    sent = services.send_message(
        chat, text=text, thread_id=thread_id, run_id=run.pk, sender_name=run.group.assistant_name
    )
    return "Sent." if sent else "Nothing was sent: the text is empty once internal parts are removed."


class SendFile(BaseModel):
    path: str = Field(min_length=1, max_length=1000, description="A file of your folder.")
    caption: str = Field(default="", max_length=MAX_TEXT, description="What to write with it, in CommonMark.")
    chat: str = Field(default="", max_length=300, description=CHAT)


@tool("send_file", "Send a file or an image of your folder to the chat now.", SendFile)
def send_file(run: Run, given: SendFile) -> str:
    chat = chat_named(run, given.chat)
    if chat.group is None:
        raise ToolRefusedError("The chat belongs to no group any more.")
    path, size = _checked(run, given.path)
    # A file that was written anew with another size is another one.
    sent = _of_earlier_attempts(run, chat).filter(attachments__path=path, attachments__size=size)
    if sent.filter(text=services.visible(given.caption)).exists():
        return SENT_BEFORE
    services.send_file(
        chat,
        path=path,
        name=PurePosixPath(path).name,
        size=size,
        caption=given.caption,
        thread_id=run.thread_id if chat == run.chat else "",
        run_id=run.pk,
        sender_name=run.group.assistant_name,
    )
    return "Sent."


def _checked(run: Run, given: str) -> tuple[str, int]:
    """The path in the workspace and the size; raises ToolRefusedError."""
    try:
        file, path = workspace_files.open_inside(run.group, given)
    except workspace_files.FileRefusedError as error:
        incidents.record("refused file", run.group.folder, str(error))
        raise ToolRefusedError(str(error)) from error
    with file:
        size = file.seek(0, os.SEEK_END)
    if not 0 < size <= settings.MEDIA_LIMIT:
        raise ToolRefusedError(
            f"The file has {size:,} bytes; it may have up to {settings.MEDIA_LIMIT:,}, and not none."
        )
    return path, size


def _of_earlier_attempts(run: Run, chat: Chat) -> MessageQuerySet:
    """What they put into the outbox; no query at the first attempt."""
    if not run.begun_before or run.started_at is None:
        return Message.objects.none()
    return Message.objects.outbound().filter(run=run, chat=chat, created_at__lt=run.started_at)
