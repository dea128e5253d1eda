"""A question of a run, what people write to it, and what became of both."""

import time
from typing import Any

from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Message
from apps.platforms.inbound.intake import accept

COLOURS = ["Red", "Dark blue"]


def ask(run: Run, choices: Any = COLOURS, *, kind: Any = Question.Kind.ASK, **fields: Any) -> Question:
    assert run.chat
    places = fields.pop("places", [questions.Place(run.chat)])
    return questions.ask(run, "Which colour?", choices=choices, kind=kind, places=places, **fields)


def write(text: str, **fields: Any) -> Message | None:
    fields = {
        "chat_id": "-1001",
        "sender_id": "42",
        "sender_name": "Ann",
        "external_id": f"{time.monotonic_ns()}",
    } | fields
    return accept(Channel.objects.get(name="bot"), InboundMessage(text=text, **fields))


def outcome(question: Question) -> tuple[str, str]:
    question.refresh_from_db()
    return question.status, question.answer


def notices() -> list[str]:
    return list(Message.objects.filter(kind=Message.Kind.NOTICE).values_list("text", flat=True))
