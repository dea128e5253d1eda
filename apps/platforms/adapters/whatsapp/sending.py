"""Sends texts and files to WhatsApp, and templates where nothing else is taken any more."""

import re

from django.utils.translation import gettext as _
from pywa.types.callback import Button as ReplyButton
from pywa.types.callback import Section, SectionList, SectionRow
from pywa.types.templates import TemplateLanguage
from pywa_async.client import WhatsApp

from apps.chats.models import Message
from apps.platforms import error_messages
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError
from apps.platforms.outbound.question_parts import written

MB = 1024 * 1024
IMAGES = ("image/jpeg", "image/png")  # others go as documents
MOST_IMAGE = 5 * MB
MOST_DOCUMENT = 100 * MB
MOST_BUTTONS = 3
PERSON = re.compile(r"\d+|[A-Z]{2}\.\w+", re.ASCII)  # a number, or a user's id; what else there is are groups
MOST_TEMPLATE = 1024  # characters of a template's body
LANGUAGES = {language.value: language for language in TemplateLanguage}


async def send_text(wa: WhatsApp, part: OutboundPart) -> str:
    if not PERSON.fullmatch(part.chat_id):
        part = written(part)  # "Groups API": no interactive messages there
    sent = await wa.send_message(
        part.chat_id, part.text, reply_to_message_id=part.reply_to or None, buttons=_buttons(part)
    )
    return sent.id


def _buttons(part: OutboundPart) -> list[ReplyButton] | SectionList | None:
    """Up to three as buttons, up to ten as a list ("Interactive messages")."""
    if not part.buttons:
        return None
    if len(part.buttons) <= MOST_BUTTONS:
        return [ReplyButton(title=button.label, callback_data=button.token) for button in part.buttons]
    rows = [SectionRow(title=button.label, callback_data=button.token) for button in part.buttons]
    choose = _("Choose")
    return SectionList(button_title=choose, sections=[Section(title=choose, rows=rows)])


async def send_template(wa: WhatsApp, part: OutboundPart, *, name: str, language: str) -> str:
    """The text is the template's one variable, which may have neither line ends nor runs of spaces."""
    line = " ".join(part.plain.split())
    if len(line) > MOST_TEMPLATE:
        said = _("Nobody wrote for 24 hours, and for WhatsApp's template the text is too long (%d characters).")
        raise PlatformError(said % len(line), permanent=True)
    if language not in LANGUAGES:
        said = _("The option template_language is no language that WhatsApp knows.")
        raise PlatformError(said, permanent=True)
    body = {"type": "body", "parameters": [{"type": "text", "text": line}]}
    sent = await wa.send_template(part.chat_id, name, LANGUAGES[language], params=[body])
    return sent.id


async def send_file(wa: WhatsApp, part: OutboundFile) -> str:
    if len(part.content) > MOST_DOCUMENT:
        raise PlatformError(error_messages.files_up_to("WhatsApp", MOST_DOCUMENT), permanent=True)
    caption, reply_to = part.caption or None, part.reply_to or None
    if part.kind == Message.Kind.IMAGE and part.mime in IMAGES and len(part.content) <= MOST_IMAGE:
        image = await wa.send_image(
            part.chat_id, part.content, caption, mime_type=part.mime, reply_to_message_id=reply_to
        )
        return image.id
    document = await wa.send_document(
        part.chat_id,
        part.content,
        part.name,
        caption,
        mime_type=_mime(part.mime),
        reply_to_message_id=reply_to,
    )
    return document.id


def _mime(mime: str) -> str:
    """Of texts WhatsApp knows only the plain one; the name keeps its ending."""
    is_text = mime.startswith("text/") or mime in ("application/json", "application/xml")
    return "text/plain" if is_text or not mime else mime
