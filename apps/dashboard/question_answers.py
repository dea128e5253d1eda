"""Questions that wait for people, on the pages: pressed in a chat, decided on the overview."""

from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.utils.translation import gettext as _

from apps.agents.models import Question
from apps.agents.models.question import QuestionQuerySet
from apps.agents.questions import questions
from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Sender
from apps.dashboard.transcript import sender_id
from apps.platforms.inbound.intake import accept


def press(chat: Chat, *, user: User, token: str) -> str:
    """Empty, or in a sentence why it does not count."""
    pressed = InboundMessage(
        external_id=str(uuid4()),
        chat_id=chat.external_id,
        chat_kind=Chat.Kind.DIRECT,
        chat_title=chat.title,
        sender_id=sender_id(user.pk),
        sender_name=user.get_username(),
        text="",
        pressed=token,
        access=Sender.Access.ADMIN if user.has_perm("chats.change_group") else Sender.Access.ALLOWED,
    )
    return "" if accept(chat.channel, pressed) else _("Nobody waits for that answer here.")


def to_decide(user: AbstractBaseUser | AnonymousUser) -> QuestionQuerySet:
    """What waits for this person's decision, the oldest first; nothing for who may not decide."""
    if not questions.may_approve(user):
        return Question.objects.none()
    waiting = Question.objects.waited_for().filter(kind=Question.Kind.APPROVAL)
    return waiting.select_related("run__session__group").order_by("pk")


def decide(question: Question, *, user: User, index: int) -> str:
    """Empty, or in a sentence why it does not count."""
    if not 0 <= index < len(question.choices):
        return _("That is no answer to this question.")
    return questions.answer(question, question.choices[index], user=user)
