"""A command that was stored is carried out and answered, in the transaction that stored it."""

import logging

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.agents.commands.parser import Written
from apps.agents.commands.registry import Call, CommandRefusedError
from apps.chats.models import Message, Sender
from apps.chats.services import send_message

logger = logging.getLogger(__name__)


def serve(written: Written, message: Message, sender: Sender) -> None:
    """The answer stands under the command, in its chat and thread."""
    call = Call(message, sender, written.argument)
    logger.info("/%s by %s in chat %s", written.command.name, sender.pk, message.chat_id)
    # Whoever writes on a page has a language of their own; the chat has the installation's.
    with translation.override(settings.LANGUAGE_CODE):
        reply(message, _answer(written, call))


def refuse_stranger(message: Message) -> None:
    reply(message, _("You may not use this assistant here: an admin must allow you first."))


def reply(message: Message, text: str) -> None:
    group = message.chat.group
    send_message(
        message.chat,
        text=text,
        thread_id=message.thread_id,
        reply_to=message.external_id,
        kind=Message.Kind.NOTICE,
        sender_name=group.assistant_name if group else settings.ASSISTANT_NAME,
    )


def _answer(written: Written, call: Call) -> str:
    if written.command.admins_only and not call.is_admin:
        return _("Only an admin may use /%s here.") % written.command.name
    try:
        with transaction.atomic():
            return written.command.answer(call)
    except CommandRefusedError as error:
        return str(error)
    except DatabaseError:
        raise  # the platform delivers again
    except Exception:
        # A defect of one command must not keep the message, and those beside it, from being stored.
        logger.exception("the command /%s failed", written.command.name)
        return _("/%s failed; the service's log says why.") % written.command.name
