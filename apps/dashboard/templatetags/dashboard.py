"""What the templates need to say about a message."""

from django import template
from django.utils.safestring import SafeString

from apps.agents.models import Question
from apps.chats.models import Attachment, Message
from apps.chats.services import SHOWN, visible
from apps.dashboard.markdown import to_html

register = template.Library()


@register.filter
def author(message: Message) -> str:
    """Who wrote it, as people call them."""
    if message.sender_name:
        return message.sender_name
    group = message.chat.group
    return group.assistant_name if group and message.direction == Message.Direction.OUT else "?"


@register.filter
def question(message: Message) -> Question | None:
    """What the message asks."""
    return Question.objects.filter(messages=message).select_related("sender", "user").first()


@register.filter
def visible_markdown(text: str) -> SafeString:
    return to_html(visible(text))


@register.filter
def is_picture(attachment: Attachment) -> bool:
    """What every browser shows as a picture."""
    return attachment.mime in SHOWN
