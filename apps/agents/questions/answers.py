"""Is what somebody wrote or pressed the answer to an open question? Then it answers it, and calls nobody."""

import logging
import re
from collections.abc import Sequence

from django.conf import settings
from django.utils import translation

from apps.agents.models import Question
from apps.agents.questions import questions
from apps.chats import access
from apps.chats.engagement import calls_agent
from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message
from apps.chats.services import send_message, storable

logger = logging.getLogger(__name__)

TOKEN = re.compile(r"q(\d{1,18}):(\d{1,2})\Z", re.ASCII)
NUMBER = re.compile(r"#?(\d{1,2})[.)]?\Z", re.ASCII)
MENTIONS = re.compile(r"^(?:<?@\S+\s+)+")  # before the answer itself, where only mentions reach the bot


def take(row: Message, arrived: InboundMessage, *, asked: bool) -> bool:
    """True when it was an answer: the row, not stored yet, is then handled by the run that asked.

    asked: a question is open in this chat; only then anything is looked up, unless a button was pressed.
    """
    if arrived.from_bot or arrived.is_reaction or not (asked or arrived.pressed):
        return False
    found = _pressed(row.chat, arrived) if arrived.pressed else _written(row, arrived)
    if found is None:
        if arrived.pressed:
            logger.info("what was pressed in %s is no button of ours there", row.chat)
        return False
    question, text = found
    if question.kind == Question.Kind.ASK and not access.may_call(row.chat.group, row.sender):
        return False  # whose words may not reach the agent cannot answer it either
    row.text, row.calls_agent, row.run = text, False, question.run
    with translation.override(settings.LANGUAGE_CODE):  # it is told to the chat, whatever page it was pressed on
        sentence = questions.answer(question, text, sender=row.sender)
    if sentence:
        _tell(row, question, sentence)
    return True


def _pressed(chat: Chat, arrived: InboundMessage) -> tuple[Question, str] | None:
    """Only what was offered in this very chat."""
    token = TOKEN.match(arrived.pressed)
    question = token and Question.objects.in_chat(chat).select_related("run__session").filter(pk=token[1]).first()
    if not token or not question or int(token[2]) >= len(question.choices):
        return None
    return question, str(question.choices[int(token[2])])


def _written(row: Message, arrived: InboundMessage) -> tuple[Question, str] | None:
    """A reply to the question, or plain words in its thread while exactly one is open there."""
    asking = row.chat.messages.filter(direction=Message.Direction.OUT, questions__status=Question.Status.OPEN)
    messages = list(asking.filter(thread_id=row.thread_id).prefetch_related("questions__run__session"))
    replied = [message for message in messages if row.reply_to and row.reply_to in message.external_parts]
    chosen = replied or messages
    if len(chosen) != 1:
        return None
    question = chosen[0].questions.all()[0]
    if question.kind == Question.Kind.APPROVAL and not replied and chosen[0].delivery != Message.Delivery.SENT:
        return None  # nobody has seen it yet: the words were meant for something else
    given = _words(row)
    if question.choices:
        shown = {question.in_words(choice): choice for choice in question.choices}
        choice = matching(given, question.choices) or shown.get(matching(given, [*shown]))
        return (question, choice) if choice else None
    is_meant = bool(replied) or arrived.chat_kind == Chat.Kind.DIRECT or _calls(row, arrived)
    return (question, given) if given and is_meant else None


def matching(given: str, choices: Sequence[str]) -> str:
    """The choice that is named by its words, in any case, or by its number; an empty string: none."""
    by_words = [choice for choice in choices if choice.casefold() == given.casefold()]
    if by_words:
        return by_words[0]
    number = NUMBER.match(given)
    index = int(number[1]) - 1 if number else -1
    return choices[index] if 0 <= index < len(choices) else ""


def _words(row: Message) -> str:
    """Without the mention or the trigger before it."""
    given = MENTIONS.sub("", storable(row.text).strip()).strip()
    sign = row.chat.group.call_sign if row.chat.group else ""
    if sign and given.casefold().startswith(f"{sign} ".casefold()):
        given = given[len(sign) :].strip()
    return given


def _calls(row: Message, arrived: InboundMessage) -> bool:
    return row.chat.group is not None and calls_agent(row.chat.group, arrived)


def _tell(row: Message, question: Question, sentence: str) -> None:
    """Once: whoever presses a hundred times hears it one time."""
    text = f"{row.sender_name}: {sentence}" if row.sender_name else sentence
    told = Message.objects.outbound().filter(chat=row.chat, run=question.run, kind=Message.Kind.NOTICE, text=text)
    if not told.exists():
        send_message(row.chat, text=text, thread_id=row.thread_id, run_id=question.run_id, kind=Message.Kind.NOTICE)
