"""Asking the people of the chat, and waiting for what they say."""

import json
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator

from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.toolkit.registry import ToolRefusedError, tool
from apps.agents.tools.targets import CHAT, chat_named

Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\r\n]+$")]


class AskUser(BaseModel):
    question: str = Field(min_length=1, max_length=2000, description="In CommonMark, without its options.")
    options: list[Option] = Field(
        default=[], max_length=8, description="2 to 8 short answers to choose from; none: people answer in their words."
    )
    chat: str = Field(default="", max_length=300, description=CHAT)

    @field_validator("options")
    @classmethod
    def _is_a_choice(cls, options: list[str]) -> list[str]:
        if len(options) == 1 or len({option.casefold() for option in options}) < len(options):
            raise ValueError("2 to 8 different options are expected, or none")
        return options


@tool("ask_user", "Ask the people of the chat a question, and wait for the answer.", AskUser)
def ask_user(run: Run, given: AskUser) -> str:
    chat = chat_named(run, given.chat)
    place = questions.Place(chat, run.thread_id if chat == run.chat else "")
    try:
        asked = questions.ask(run, given.question, choices=given.options, kind=Question.Kind.ASK, places=[place])
    except questions.QuestionRefusedError as error:
        raise ToolRefusedError(str(error)) from error
    question = questions.wait(asked)
    if question.status == Question.Status.EXPIRED:
        waited = (question.expires_at - question.created_at).total_seconds()
        return f"Nobody answered within {waited:.0f} seconds. Go on without an answer."
    # What a person wrote stays inside its quotes.
    return json.dumps({"answer": question.answer, "by": question.answered_by}, ensure_ascii=False)
