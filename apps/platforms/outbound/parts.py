"""What one message becomes on its way out: parts that fit, and files where the platform takes them."""

from dataclasses import replace

from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.sandbox import workspace_files
from apps.chats.models import Attachment, Message
from apps.platforms import rendering
from apps.platforms.base import Adapter, OutboundFile, OutboundPart, PlatformError
from apps.platforms.outbound import question_parts

Piece = OutboundPart | OutboundFile


WITH_FILES = (Message.Kind.IMAGE, Message.Kind.FILE)  # of what goes out; nobody else need be asked for them


def pieces(message: Message, adapter: Adapter) -> list[Piece]:
    """In order; the same message always gives the same ones. Raises PlatformError: permanent."""
    if message.choices:
        return [*question(message, adapter)]
    attached = message.files() if message.kind in WITH_FILES else []
    if attached and not adapter.files:
        return [*_parts(message, adapter, _without_files(message, attached), first=0)]
    texts = rendering.parts(message.text, adapter.dialect) if attached and message.text else []
    captioned = len(texts) == 1 and _fits(texts[0], adapter)
    found: list[Piece] = [
        _file(message, attachment, number, caption=texts[0] if captioned and number == 0 else None)
        for number, attachment in enumerate(attached)
    ]
    if not captioned:
        found += _parts(message, adapter, message.text, first=len(found))
    if not found:
        raise PlatformError(_("There is nothing in it that could be shown."), permanent=True)
    return found


def question(message: Message, adapter: Adapter) -> list[OutboundPart]:
    """Its buttons stand under the last part; none once it is answered."""
    text, buttons = question_parts.shown(message, adapter.buttons)
    parts = _parts(message, adapter, text, first=0)
    if parts and buttons and _is_crowded(parts[-1], adapter):
        parts += _parts(message, adapter, str(question_parts.CHOOSE), first=len(parts))
    return [*parts[:-1], replace(parts[-1], buttons=buttons)] if parts else []


def settled(message: Message, adapter: Adapter) -> OutboundPart | None:
    """What takes the place of the part that had the buttons; None where it was cut elsewhere."""
    parts = question(message, adapter)
    if len(parts) == len(message.external_parts):
        return parts[-1]
    if parts and len(parts) + 1 == len(message.external_parts):  # they stood apart
        return _parts(message, adapter, question_parts.became(message), first=0)[0]
    return None


def _is_crowded(part: OutboundPart, adapter: Adapter) -> bool:
    dialect = rendering.dialect_named(adapter.dialect) or rendering.PLAIN
    most = adapter.buttons.text if adapter.buttons else 0
    return bool(most) and dialect.size(part.text) > most


def _parts(message: Message, adapter: Adapter, text: str, *, first: int) -> list[OutboundPart]:
    return [
        OutboundPart(
            chat_id=message.chat.external_id,
            text=part.text,
            plain=part.plain,
            thread_id=message.thread_id,
            reply_to=message.reply_to if number == 0 else "",
            idempotency_key=f"{message.idempotency_key}-{number}",
        )
        for number, part in enumerate(rendering.parts(text, adapter.dialect) if text else [], start=first)
    ]


def _fits(part: rendering.Part, adapter: Adapter) -> bool:
    dialect = rendering.dialect_named(adapter.dialect) or rendering.PLAIN
    return max(dialect.size(part.text), dialect.units(part.plain)) <= adapter.caption_limit


def _without_files(message: Message, attached: list[Attachment]) -> str:
    lines = [_("[%s: files cannot be sent here]") % attachment.name for attachment in attached]
    return "\n\n".join([message.text, *lines] if message.text else lines)


def _file(message: Message, attachment: Attachment, number: int, *, caption: rendering.Part | None) -> OutboundFile:
    group = message.run.group if message.run else message.chat.group
    if group is None:
        raise PlatformError(_("The group whose file it is is gone."), permanent=True)
    try:
        file, _size = workspace_files.open_inside(group, attachment.path)
    except workspace_files.FileRefusedError as error:
        raise PlatformError(str(error), permanent=True) from error
    with file:
        content = file.read(settings.MEDIA_LIMIT + 1)
    if len(content) > settings.MEDIA_LIMIT:  # the agent has made it larger since, perhaps by a hole of any size
        raise PlatformError(_("The file %s is too large by now.") % attachment.name, permanent=True)
    return OutboundFile(
        chat_id=message.chat.external_id,
        name=attachment.name,
        mime=attachment.mime,
        content=content,
        kind=Message.Kind(attachment.kind),
        caption=caption.text if caption else "",
        plain=caption.plain if caption else "",
        thread_id=message.thread_id,
        reply_to=message.reply_to if number == 0 else "",
        idempotency_key=f"{message.idempotency_key}-{number}",
    )
