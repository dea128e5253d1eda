"""Groups: list, create, read, change."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from apps.api.access import ADMIN, caller_of
from apps.chats.models import Chat, Group
from apps.chats.services import create_group

router = Router(tags=["groups"])


class ChatOut(Schema):
    id: int
    jid: str
    channel: str
    kind: str
    title: str

    @staticmethod
    def resolve_channel(chat: Chat) -> str:
        return chat.channel.name


class GroupOut(Schema):
    folder: str
    name: str
    is_main: bool
    assistant_name: str
    trigger: str
    trigger_is_pattern: bool
    engage: str
    unaddressed: str
    sender_policy: str
    session_scope: str
    timezone: str
    model: str
    memory_mb: int
    cpus: float
    pids: int
    turn_timeout_s: int | None
    idle_timeout_s: int | None
    created_at: datetime
    chats: list[ChatOut]


class GroupsOut(Schema):
    items: list[GroupOut]


class GroupChange(Schema):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    assistant_name: str | None = None
    trigger: str | None = None
    trigger_is_pattern: bool | None = None
    engage: Group.Engage | None = None
    unaddressed: Group.Unaddressed | None = None
    sender_policy: Group.SenderPolicy | None = None
    session_scope: Group.SessionScope | None = None
    timezone: str | None = None
    model: str | None = None
    memory_mb: int | None = None
    cpus: Decimal | None = None
    pids: int | None = None
    turn_timeout_s: int | None = None
    idle_timeout_s: int | None = None


class GroupIn(GroupChange):
    folder: str = Field(min_length=1)


@router.get("", response=GroupsOut, summary="The groups you may see")
def list_groups(request: HttpRequest) -> object:
    return {"items": caller_of(request).groups().prefetch_related("chats__channel")}


@router.post("", response={201: GroupOut}, auth=ADMIN, summary="Register a group")
def create(request: HttpRequest, body: GroupIn) -> object:
    """Makes its folder and its place on the chat page. Not for tokens that are restricted to groups."""
    caller = caller_of(request)
    caller.require_everything()
    caller.require_permission("chats.add_group")
    return create_group(**_given(body))


@router.get("/{folder}", response=GroupOut, summary="One group")
def read(request: HttpRequest, folder: str) -> object:
    return caller_of(request).group(folder)


@router.patch("/{folder}", response=GroupOut, auth=ADMIN, summary="Change a group")
@transaction.atomic
def change(request: HttpRequest, folder: str, body: GroupChange) -> object:
    group, given = caller_of(request).group(folder), _given(body)
    for name, value in given.items():
        setattr(group, name, value)
    group.full_clean()
    group.save(update_fields=list(given))
    return group


def _given(body: GroupChange) -> dict[str, Any]:
    """Where null has no meaning it is as good as left out."""
    nullable = {"turn_timeout_s", "idle_timeout_s"}
    return {
        name: value for name, value in body.dict(exclude_unset=True).items() if value is not None or name in nullable
    }
