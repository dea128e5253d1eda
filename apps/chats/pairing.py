"""A stranger gets a code; whoever approves it lets the sender in, and the first message is answered then."""

import secrets
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.chats import incidents
from apps.chats.access import TRUSTED
from apps.chats.models import Channel, Chat, Group, Message, Pairing, Sender
from apps.chats.services import register_chat, send_message
from apps.events import hooks

PAIRING_GROUP = "pairing_group"  # option of a channel: the folder of the group that serves paired direct chats
LIFE = timedelta(hours=1)
MOST_PENDING = 3  # of one channel
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without what looks alike
LENGTH = 8


class PairingError(Exception):
    """It cannot be approved; the sentence says why."""


@transaction.atomic
def offer(sender: Sender, chat: Chat, first: Message | None, *, reply_to: str, thread_id: str) -> bool:
    """Tells the stranger a code, once while it is valid; `first`, not stored yet, is kept for the approval.

    False: there is a code already, or too many strangers wait.
    """
    Channel.objects.select_for_update().get(pk=chat.channel_id)  # one at a time, so that nobody is counted wrongly
    now = timezone.now()
    pending = Pairing.objects.pending(now).filter(sender__channel=chat.channel_id)
    if pending.filter(sender=sender).exists():
        return False
    if pending.count() >= MOST_PENDING:
        sentence = _("%d strangers wait for approval already; another one was not answered.") % MOST_PENDING
        incidents.record("pairing", chat.channel, sentence)
        return False
    _drop(Pairing.objects.filter(sender=sender))
    if first:
        first.withheld, first.calls_agent = True, False
        first.save()
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    Pairing.objects.create(sender=sender, chat=chat, message=first, code=code, expires_at=now + LIFE)
    send_message(
        chat,
        text=_("I do not know you yet. Give this code to an admin, who can let you in within an hour: **%s**") % code,
        kind=Message.Kind.NOTICE,
        reply_to=reply_to,
        thread_id=thread_id,
        sender_name=chat.group.assistant_name if chat.group else settings.ASSISTANT_NAME,
    )
    return True


def find(code: str) -> Pairing:
    """Raises PairingError; case, spaces and dashes do not matter."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    found = Pairing.objects.pending(timezone.now()).filter(code=plain).select_related("chat__channel", "chat__group")
    if pairing := found.select_related("sender__channel").first():
        return pairing
    raise PairingError(_("There is no such code, or it has expired: the person only needs to write again."))


def pending(channel: Channel | None) -> list[Pairing]:
    """Who waits on this channel, or (None) on all."""
    found = Pairing.objects.pending(timezone.now()).select_related("sender", "chat__channel")
    return list(found.filter(sender__channel=channel) if channel else found)


@transaction.atomic
def approve(pairing: Pairing, *, group: Group | None = None) -> Group:
    """Lets the sender in and answers the first message; the group that serves the chat. Raises PairingError.

    `group` is needed where the chat belongs to none and the channel's `pairing_group` names none.
    """
    if not list(Pairing.objects.pending(timezone.now()).filter(pk=pairing.pk).select_for_update()):
        raise PairingError(_("The code has expired, or somebody else has used it."))
    pairing.refresh_from_db()
    if pairing.sender.access == Sender.Access.BLOCKED:
        raise PairingError(_("%s is blocked.") % pairing.sender)
    serving = _home(pairing.chat, group)
    if pairing.sender.access not in TRUSTED:
        pairing.sender.grant(Sender.Access.ALLOWED)
    message = pairing.message
    pairing.delete()
    if message:
        message.release()
        transaction.on_commit(partial(hooks.message_released.fire, message=message))
    else:
        with translation.override(settings.LANGUAGE_CODE):  # an admin's page has a language of its own
            welcome = _("You are let in: write to me now.")
        send_message(pairing.chat, text=welcome, kind=Message.Kind.NOTICE, sender_name=serving.assistant_name)
    return serving


def set_access(sender: Sender, access: str) -> None:
    """By an operator's hand."""
    if access == Sender.Access.BLOCKED:
        block(sender)
    elif access in TRUSTED:
        allow(sender, access)
    else:
        sender.grant(access)


@transaction.atomic
def allow(sender: Sender, access: str = Sender.Access.ALLOWED) -> None:
    """The first message is answered where it is clear which group answers."""
    sender.grant(access)
    pairing = Pairing.objects.pending(timezone.now()).filter(sender=sender).first()
    if pairing and (pairing.chat.group or default_group(pairing.chat.channel)):
        approve(pairing)


@transaction.atomic
def block(sender: Sender) -> None:
    """What the sender wrote for admission goes with the code."""
    sender.grant(Sender.Access.BLOCKED)
    _drop(Pairing.objects.filter(sender=sender))


@transaction.atomic
def register(chat: Chat, *, group: Group) -> None:
    """By an operator's hand; whoever asked to be let in directly there is let in with it."""
    register_chat(chat, group=group)
    if chat.kind == Chat.Kind.DIRECT:
        for waiting in Pairing.objects.pending(timezone.now()).filter(chat=chat):
            approve(waiting)


def default_group(channel: Channel) -> Group | None:
    """The group that serves paired direct chats of this channel, as its option says."""
    folder = str(channel.option(PAIRING_GROUP) or "")
    return Group.objects.filter(folder__iexact=folder).first() if folder else None


def drop_expired() -> None:
    """Codes whose hour is over, and the messages that waited for them."""
    _drop(Pairing.objects.expired(timezone.now()))


def _drop(pairings: QuerySet[Pairing]) -> None:
    found = list(pairings.values_list("pk", "message"))
    if found:
        Pairing.objects.filter(pk__in=[pk for pk, _ in found]).delete()
        Message.objects.filter(pk__in=[message for _, message in found if message], withheld=True).delete()


def _home(chat: Chat, group: Group | None) -> Group:
    """The group that serves the chat from now on; raises PairingError."""
    if chat.group:
        if group and group != chat.group:
            raise PairingError(_("The chat belongs to the group %s already.") % chat.group)
        return chat.group
    group = group or default_group(chat.channel)
    if group is None:
        raise PairingError(_("The chat belongs to no group yet: name the group’s folder behind the code."))
    register_chat(chat, group=group)
    return group
