"""A group's messages: read them page by page, or send one and wait for the answer."""

from datetime import datetime
from typing import Annotated

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field, StringConstraints

from apps.api import conversation
from apps.api.access import ASYNC_WRITE, Caller, caller_of
from apps.api.database import in_thread
from apps.api.errors import ApiError
from apps.api.models import Scope
from apps.api.resources.runs import RunOut
from apps.chats.models import Message

router = Router(tags=["messages"])

LONGEST_WAIT = 300
MOST = 200


class MessageOut(Schema):
    id: int
    chat: str
    direction: str
    sender_name: str
    text: str
    kind: str
    thread_id: str
    reply_to: str
    sent_at: datetime
    delivery: str
    error: str
    run_id: int | None

    @staticmethod
    def resolve_chat(message: Message) -> str:
        return message.chat.jid


class Page(Schema):
    """Messages in order. `before` leads to older ones, null at the beginning; `after` to newer ones, now or later."""

    items: list[MessageOut]
    before: int | None
    after: int


class Cursor(Schema):
    before: int | None = Field(None, ge=0, description="Only messages older than this id.")
    after: int | None = Field(None, ge=0, description="Only messages newer than this id.")
    limit: int = Field(50, ge=1, le=MOST)


class Question(Schema):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=conversation.MOST_CHARACTERS)]
    wait: float = Field(0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for the answer.")
    external_id: str = Field("", max_length=200, description="Yours; sent again with it, the message is stored once.")


class Reply(Schema):
    text: str


class Answer(Schema):
    message: MessageOut
    reply: Reply | None
    run: RunOut | None


@router.get(
    "/{folder}/messages", response=Page, summary="A group's messages, the newest unless a cursor says otherwise"
)
def list_messages(request: HttpRequest, folder: str, cursor: Query[Cursor]) -> object:
    """In all its chats. Without a cursor the newest; `before`: the newest of the older; `after`: what follows."""
    group = caller_of(request).group(folder)
    rows = Message.objects.filter(chat__group=group).select_related("chat__channel")
    if cursor.before is not None:
        rows = rows.filter(pk__lt=cursor.before)
    if cursor.after is not None:
        rows = rows.filter(pk__gt=cursor.after)
    forwards = cursor.after is not None and cursor.before is None
    found = list(rows.order_by("pk" if forwards else "-pk")[: cursor.limit + 1])
    items = sorted(found[: cursor.limit], key=lambda message: message.pk)
    return {
        "items": items,
        "before": (items[0].pk if items else None) if forwards or len(found) > cursor.limit else None,
        "after": items[-1].pk if items else cursor.after or 0,
    }


@router.post(
    "/{folder}/messages",
    response={200: Answer, 202: Answer},
    auth=ASYNC_WRITE,
    summary="Write to the group, and wait for the answer",
)
async def post_message(request: HttpRequest, folder: str, body: Question) -> object:
    """Stores the message on the group's place on the chat page. 200: its run has ended (see `run.status`);
    202: the wait has elapsed, and the run goes on."""
    message = await in_thread(_store, caller_of(request), folder, body)
    found = await conversation.settled(message, body.wait)
    return Status(200 if found.is_over else 202, await in_thread(_answer, found))


def _store(caller: Caller, folder: str, body: Question) -> Message:
    if not body.text.strip():
        raise ValidationError({"text": "The message is empty."})
    try:
        return conversation.post(
            caller.group(folder),
            body.text,
            sender_id=caller.sender_id,
            sender_name=caller.name,
            is_admin=Scope.ADMIN in caller.scopes,
            external_id=body.external_id,
        )
    except conversation.RefusedError as error:
        raise ApiError(409 if body.external_id else 403, str(error)) from error


def _answer(found: conversation.Outcome) -> Answer:
    return Answer.model_validate(
        {"message": found.message, "reply": {"text": found.reply} if found.reply else None, "run": found.run}
    )
