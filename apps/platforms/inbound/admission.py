"""What becomes of each message that arrived, before it is a row: who may call, and what is a command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from apps.agents.commands import dispatch, parser
from apps.agents.commands.parser import Written
from apps.chats import access, incidents, pairing
from apps.chats.access import Verdict
from apps.chats.engagement import trigger_before
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Message, Sender
from apps.chats.services import register_chat
from apps.platforms.registry import SPECS

MOST_LOOKED_AT = 200  # of our messages, among which the answered one is looked for


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message with what becomes of it; `command` only where its sender may call, and it was meant for us."""

    message: InboundMessage
    chat: Chat
    sender: Sender
    verdict: Verdict
    command: Written | None = None

    @property
    def calls_agent(self) -> bool:
        return self.verdict is Verdict.CALLS and self.command is None

    @property
    def is_withheld(self) -> bool:
        return self.command is not None or self.verdict in (Verdict.WITHHELD, Verdict.REFUSED, Verdict.STRANGER)

    @property
    def is_asked(self) -> bool:
        """Whether it may answer a question; a command never does."""
        return self.command is None and is_asked(self.chat)

    @property
    def stands_alone(self) -> bool:
        """What is not merely stored: nothing that came later may be stored before it was dealt with."""
        return self.command is not None or self.verdict in (Verdict.STRANGER, Verdict.REFUSED)


def admit(channel: Channel, chat: Chat, sender: Sender, message: InboundMessage) -> Admitted:
    if chat.group is None and sender.access in access.TRUSTED:
        _bring_home(channel, chat)
    if message.quoted_text and chat.group and chat.group.sender_policy != Group.SenderPolicy.OPEN:
        message = _without_strangers_words(chat, message)
    verdict = access.decide(chat.group, chat, sender, message)
    command = _command(channel, chat, message) if _is_meant_for_us(message, verdict) else None
    if command and access.may_call(chat.group, sender):
        verdict = Verdict.CALLS  # wherever an admin writes, codes can be approved
    elif command and verdict is not Verdict.STRANGER:
        verdict = Verdict.REFUSED
    return Admitted(message, chat, sender, verdict, command)


def parts(batch: Sequence[Admitted]) -> list[list[Admitted]]:
    """In order, cut behind each message that stands alone; usually one part."""
    cut: list[list[Admitted]] = [[]]
    for each in batch:
        cut[-1].append(each)
        if each.stands_alone:
            cut.append([])
    return [part for part in cut if part]


def may_be_heard(chat: Chat, sender: Sender | None, message: InboundMessage) -> bool:
    """False for a chat of nobody's, unless we asked something there, or its sender may ask to be let in."""
    if chat.group or is_asked(chat):
        return True
    return access.decide(None, chat, sender, message) is not Verdict.DROPPED


def is_asked(chat: Chat) -> bool:
    """As intake has read it together with the chat."""
    return bool(getattr(chat, "is_asked", False))


def settle(each: Admitted, row: Message) -> list[Message]:
    """Stores a message that stands alone, where it is kept, and answers it."""
    if each.verdict is Verdict.STRANGER:
        return _meet(each, row)
    if each.command is None:
        said = _("%(sender)s called in %(chat)s and may not: allow the sender to let them.")
        incidents.record("sender", each.chat.group, said % {"sender": each.sender, "chat": each.chat})
        return _keep_aside(each, row)
    row.save()
    if each.verdict is Verdict.REFUSED:
        dispatch.refuse_stranger(row)
    else:
        dispatch.serve(each.command, row, each.sender)
    return [row]


def _meet(each: Admitted, row: Message) -> list[Message]:
    """A command is not carried out later: only a message waits for the code."""
    first = None if each.command else row
    told = pairing.offer(
        each.sender, each.chat, first, reply_to=each.message.external_id, thread_id=each.message.thread_id
    )
    return [row] if told and first else _keep_aside(each, row)


def _keep_aside(each: Admitted, row: Message) -> list[Message]:
    if access.aside(each.chat.group) is Verdict.DROPPED:
        return []
    row.save()
    return [row]


def _without_strangers_words(chat: Chat, message: InboundMessage) -> InboundMessage:
    """Where only known people are heard, an answer carries nobody else's words along."""
    if message.reply_to and chat.messages.inbound().filter(external_id=message.reply_to, withheld=False).exists():
        return message
    newest = chat.messages.outbound().order_by("-pk").values_list("external_parts", flat=True)[:MOST_LOOKED_AT]
    if message.reply_to and any(message.reply_to in parts for parts in newest):
        return message
    return replace(message, quoted_sender="", quoted_text="")


def _is_meant_for_us(message: InboundMessage, verdict: Verdict) -> bool:
    if message.from_bot:
        return False
    return message.mentions_bot or verdict in (Verdict.CALLS, Verdict.STRANGER, Verdict.REFUSED)


def _command(channel: Channel, chat: Chat, message: InboundMessage) -> Written | None:
    spec = SPECS.get(channel.platform)
    return parser.read(
        message.text,
        names=_names(channel.identity, chat, message.text.lstrip()),
        mentioned=message.mentions_bot,
        prefixes=spec.command_prefixes if spec else "/",
    )


def _names(identity: Mapping[str, str], chat: Chat, text: str) -> list[str]:
    """What may stand before a command."""
    own = [f"@{identity[key]}" for key in ("name", "username") if identity.get(key)]
    trigger = trigger_before(chat.group, text) if chat.group else ""
    return [*own, trigger] if trigger else own


def _bring_home(channel: Channel, chat: Chat) -> None:
    """Somebody who was let in before writes directly: where it is clear which group serves that, it does."""
    if chat.kind == Chat.Kind.DIRECT and (group := pairing.default_group(channel)):
        register_chat(chat, group=group)
