"""A question as a platform can show it: buttons where they say everything, numbered lines wherever they do not."""

from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.agents.models import Question
from apps.chats.models import Message
from apps.platforms.base import Button, Buttons, OutboundPart

CHOOSE = gettext_lazy("⬆ Please choose:")


def shown(message: Message, limits: Buttons | None) -> tuple[str, tuple[Button, ...]]:
    """The text in markdown, and the buttons; what is answered already says so, and has none."""
    question = _asked(message)
    if question is None or not question.is_open:
        return f"{message.text}\n\n{outcome(question)}" if question else message.text, ()
    labels = [question.in_words(str(choice["label"])) for choice in message.choices]
    tokens = [str(choice["token"]) for choice in message.choices]
    lines = "\n".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))
    if limits is None or len(labels) > limits.most:
        return f"{message.text}\n\n{lines}\n\n" + _("Answer with a number."), ()
    if all(len(label) <= limits.longest for label in labels):
        return message.text, tuple(map(Button, tokens, labels))
    short = [_shortened(f"{number}. {label}", limits.longest) for number, label in enumerate(labels, start=1)]
    return f"{message.text}\n\n{lines}", tuple(map(Button, tokens, short))


def written(part: OutboundPart) -> OutboundPart:
    """Without buttons, where the platform can show none this time: what they say stands in the text."""
    lines = [
        button.label if button.label.startswith(f"{number}. ") else f"{number}. {button.label}"
        for number, button in enumerate(part.buttons, start=1)
    ]
    words = "\n".join(["", "", *lines]) if lines else ""
    return replace(part, text=part.text + words, plain=part.plain + words, buttons=())


def became(message: Message) -> str:
    """What became of what the message asks."""
    question = _asked(message)
    return outcome(question) if question else ""


def _asked(message: Message) -> Question | None:
    return Question.objects.filter(messages=message).select_related("sender", "user").first()


def outcome(question: Question) -> str:
    """What became of it."""
    if question.status == Question.Status.EXPIRED:
        return "⌛ " + _("Nobody answered in time.")
    answer = question.in_words(question.answer)
    return f"✔ {answer} ({question.answered_by})" if question.answered_by else f"✔ {answer}"


def _shortened(label: str, longest: int) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"
