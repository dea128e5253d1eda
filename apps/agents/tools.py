"""The agent's own tools on the host."""

import os
from pathlib import PurePosixPath

from django.conf import settings
from pydantic import BaseModel, Field

from apps.agents import files
from apps.agents.models import Run
from apps.agents.toolbox import ToolRefusedError, tool
from apps.chats import incidents, services
from apps.chats.models import Chat, Message

MAX_TEXT = 32_000  # characters
CHAT = "platform:id of another chat of this group; empty: where the run was called."


class SendMessage(BaseModel):
    text: str = Field(min_length=1, max_length=MAX_TEXT, description="What to write, in CommonMark.")
    chat: str = Field(default="", description=CHAT)


@tool("send_message", "Write to the chat now, before the turn is over; the person sees it at once.", SendMessage)
def send_message(run: Run, given: SendMessage) -> str:
    chat = _chat(run, given.chat)
    thread_id = run.thread_id if chat == run.chat else ""
    text = services.visible(given.text)
    # A retried run may say again what its earlier attempt has said already.
    if run.attempt > 1 and Message.objects.outbound().filter(run=run, chat=chat, text=text).exists():
        return "This was sent already, by an earlier attempt of this run."
    sent = services.send_message(
        chat, text=text, thread_id=thread_id, run_id=run.pk, sender_name=run.group.assistant_name
    )
    return "Sent." if sent else "Nothing was sent: the text is empty once internal parts are removed."


class SendFile(BaseModel):
    path: str = Field(min_length=1, max_length=1000, description="A file of your folder.")
    caption: str = Field(default="", max_length=MAX_TEXT, description="What to write with it, in CommonMark.")
    chat: str = Field(default="", description=CHAT)


@tool("send_file", "Send a file or an image of your folder to the chat now.", SendFile)
def send_file(run: Run, given: SendFile) -> str:
    chat = _chat(run, given.chat)
    if chat.group is None:
        raise ToolRefusedError("The chat belongs to no group any more.")
    try:
        file, path = files.open_inside(run.group, given.path)
    except files.FileRefusedError as error:
        incidents.record("refused file", run.group.folder, str(error))
        raise ToolRefusedError(str(error)) from error
    with file:
        size = file.seek(0, os.SEEK_END)
    if not 0 < size <= settings.MEDIA_LIMIT:
        raise ToolRefusedError(
            f"The file has {size:,} bytes; it may have up to {settings.MEDIA_LIMIT:,}, and not none."
        )
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


def _chat(run: Run, jid: str) -> Chat:
    if not jid:
        if run.chat is None:
            raise ToolRefusedError("This run was not called from a chat: name one.")
        return run.chat
    platform, _, external_id = jid.partition(":")
    reachable = Chat.objects.filter(group__isnull=False) if run.group.is_main else Chat.objects.filter(group=run.group)
    found = reachable.filter(channel__platform=platform, external_id=external_id).first()
    if found is None:
        sentence = f"The group {run.group.folder} may not write to {jid}: it is no chat of this group."
        incidents.record("refused tool", run.group.folder, sentence)
        raise ToolRefusedError(sentence)
    return found
