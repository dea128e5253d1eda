"""What changes more than one thing about chats."""

import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.chats import platforms
from apps.chats.models import Channel, Chat, Group, Message
from apps.chats.workspace.folders import create_workspace
from apps.events import hooks
from apps.events.pubsub import publish_on_commit

INTERNAL = re.compile(r"<internal>.*?(?:</internal>|\Z)", re.DOTALL | re.IGNORECASE)

SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")  # what every platform shows as a picture

CHANNELS_CHANGED = "channels"  # a channel was added, edited, enabled or disabled
OUTBOX_FILLED = "outbox"  # payload: channel


def visible(text: str) -> str:
    """The text without what the agent wrote for itself; an unclosed tag drops to the end."""
    return storable(INTERNAL.sub("", text)).strip()


def storable(text: str) -> str:
    """Without what PostgreSQL cannot keep in a text: NUL characters and halves of surrogate pairs."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def storable_within(given: Any) -> Any:
    """The same of every text in parsed JSON; raises RecursionError where it is nested too deep."""
    if isinstance(given, dict):
        return {name: storable_within(value) for name, value in given.items()}
    if isinstance(given, list):
        return [storable_within(value) for value in given]
    return storable(given) if isinstance(given, str) else given


@transaction.atomic
def create_group(*, folder: str, name: str = "", **fields: Any) -> Group:
    """A group with its workspace and its place on the chat page; raises ValidationError with nothing made."""
    group = Group(folder=folder, name=name or folder, **fields)
    group.full_clean()
    open_group(group)
    return group


@transaction.atomic
def open_group(group: Group) -> None:
    """Stores a new group that was validated, and makes what belongs to it."""
    group.save()
    web_chat(group)
    create_workspace(group)


@transaction.atomic
def delete_group(group: Group) -> None:
    """With its place on the chat page; its other chats are discovered ones again, its folder on disk stays."""
    pages_of([group]).delete()
    group.delete()


def pages_of(groups: Iterable[Group]) -> QuerySet[Chat]:
    """Their places on the chat page."""
    return Chat.objects.filter(group__in=list(groups), channel__platform=platforms.WEB)


def web_chat(group: Group) -> Chat:
    """The group's own place on the chat page."""
    channel = web_channel()
    chat, _ = Chat.objects.get_or_create(
        channel=channel, external_id=group.folder, defaults={"group": group, "title": group.name}
    )
    if chat.group_id != group.pk:
        chat.group = group
        chat.save(update_fields=["group"])
    return chat


def web_channel() -> Channel:
    """The chat page's channel; there is one, made at the first start."""
    channels = Channel.objects.filter(platform=platforms.WEB).order_by("pk")
    try:
        with transaction.atomic():
            return channels.first() or Channel.objects.create(platform=platforms.WEB, name="web")
    except IntegrityError:  # another process was faster
        return channels.get()


def add_channel(channel: Channel) -> None:
    """A valid new channel; the listeners connect it within seconds."""
    channel.save()
    publish_on_commit(CHANNELS_CHANGED, channel=channel.pk)


def register_chat(chat: Chat, *, group: Group) -> None:
    """From now on the group serves this chat."""
    chat.group = group
    chat.save(update_fields=["group"])


def take_free_chat(chat: Chat, *, group: Group) -> bool:
    """The same for a chat that belongs to nobody; False when somebody else was faster."""
    return Chat.objects.filter(pk=chat.pk, group=None).update(group=group) == 1


def send_message(
    chat: Chat,
    *,
    text: str,
    thread_id: str = "",
    reply_to: str = "",
    run_id: int | None = None,
    kind: Message.Kind = Message.Kind.TEXT,
    sender_name: str = "",
    choices: Sequence[Mapping[str, str]] = (),
) -> Message | None:
    """Puts a message into the outbox; None when nothing visible is left of it. Delivered by the listeners.

    choices: what may be answered, each with its `label` and the `token` that a button of it says.
    """
    text = visible(text)
    if not text:
        return None
    return _put_into_outbox(
        chat,
        text=text,
        thread_id=thread_id,
        reply_to=reply_to,
        run_id=run_id,
        kind=kind,
        sender_name=sender_name,
        choices=[dict(choice) for choice in choices],
    )


@transaction.atomic
def send_file(
    chat: Chat,
    *,
    path: str,
    name: str,
    size: int,
    caption: str = "",
    thread_id: str = "",
    run_id: int | None = None,
    sender_name: str = "",
) -> Message:
    """Puts a file of the chat's group into the outbox; the path was checked, and is opened again when it is sent."""
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = Message.Kind.IMAGE if mime in SHOWN else Message.Kind.FILE
    message = _put_into_outbox(
        chat, text=visible(caption), thread_id=thread_id, run_id=run_id, kind=kind, sender_name=sender_name
    )
    message.attachments.create(kind=kind, name=name[:255], mime=mime, size=size, path=path)
    return message


def _put_into_outbox(chat: Chat, **fields: Any) -> Message:
    """The listeners and the plugins hear of it on commit, when its files are rows too."""
    message = Message.objects.create(
        chat=chat,
        direction=Message.Direction.OUT,
        delivery=Message.Delivery.QUEUED,
        next_attempt_at=timezone.now(),
        **fields,
    )
    publish_on_commit(OUTBOX_FILLED, channel=chat.channel_id)
    transaction.on_commit(lambda: hooks.message_stored.fire(message=message))
    return message


def resend(message: Message) -> bool:
    """A failed message goes back to the outbox, from its first missing part."""
    if not message.resend():
        return False
    publish_on_commit(OUTBOX_FILLED, channel=message.chat.channel_id)
    return True


def channel_edited(channel: Channel) -> None:
    """The listeners take up the change without a restart."""
    channel.edited_at = timezone.now()
    channel.save(update_fields=["edited_at"])
    publish_on_commit(CHANNELS_CHANGED, channel=channel.pk)
