"""The main group brings chats into service."""

import logging

from django.core.exceptions import ValidationError
from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field

from apps.agents.models import Run
from apps.agents.toolkit.registry import ToolRefusedError, tool
from apps.chats import services
from apps.chats.models import Chat, Group

logger = logging.getLogger(__name__)

MOST_CHATS = 50


class RegisterGroup(BaseModel):
    model_config = ConfigDict(extra="forbid")  # whoever asks for mounts or for main must hear that it gets none

    folder: str = Field(max_length=64, description="Its folder: letters, digits, _ and -; cannot be changed later.")
    name: str = Field(default="", max_length=200, description="What people call it; empty: the folder.")
    chats: list[str] = Field(
        default=[], max_length=MOST_CHATS, description="platform:id of the chats it serves, as list_chats names them."
    )
    trigger: str = Field(
        default="", max_length=100, description="The text that calls; empty: @ and the assistant's name."
    )
    engage: Group.Engage = Field(default=Group.Engage.MENTION, description="Which messages call.")


@tool(
    "register_group",
    "Register a new group with its folder, and the discovered chats that it serves from now on.",
    RegisterGroup,
    main_only=True,
    admin_only=True,
)
def register_group(run: Run, given: RegisterGroup) -> str:
    if run.begun_before and _was_made(run, given):
        return f"The group {given.folder} was registered already, by an earlier attempt of this run."
    chats = [_free_chat(jid) for jid in dict.fromkeys(given.chats)]
    try:
        group = _register(given, chats)
    except ValidationError as error:
        raise ToolRefusedError(" ".join(dict.fromkeys(error.messages))) from error
    logger.info("the group %s was registered by run %s", group.folder, run.pk)
    served = ", ".join(chat.jid for chat in chats) or "no chat but its page"
    return f"Registered: {group.folder}, called by {group.call_sign}, serving {served}."


@transaction.atomic
def _register(given: RegisterGroup, chats: list[Chat]) -> Group:
    """Never main, and with no mounts: what else it may have, a person says."""
    group = services.create_group(
        folder=given.folder, name=given.name, trigger=given.trigger, engage=given.engage, is_main=False
    )
    for chat in chats:
        if not services.take_free_chat(chat, group=group):
            raise ToolRefusedError(f"{chat.jid} was given to another group at this moment.")
    return group


def _free_chat(jid: str) -> Chat:
    """One that has written to us and belongs to nobody; raises ToolRefusedError."""
    platform, _, external_id = jid.partition(":")
    found = list(
        Chat.objects.filter(channel__platform=platform, external_id=external_id).select_related("channel", "group")[:2]
    )
    if not found:
        raise ToolRefusedError(f"No chat {jid[:200]} is known: somebody must write in it first. list_chats names them.")
    if len(found) > 1:
        raise ToolRefusedError(f"{jid[:200]} is a chat of several channels: register it in the admin.")
    if found[0].group:
        raise ToolRefusedError(f"The chat {jid[:200]} already belongs to the group {found[0].group.folder}.")
    return found[0]


def _was_made(run: Run, given: RegisterGroup) -> bool:
    """Since this run was asked for, under this name."""
    name = given.name or given.folder
    return Group.objects.filter(folder=given.folder, name=name, created_at__gte=run.created_at).exists()
