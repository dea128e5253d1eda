"""Where a tool acts: the chats and groups that a run may reach, named as people and agents name them."""

from django.db.models import QuerySet

from apps.agents.models import Run
from apps.agents.toolkit.registry import ForbiddenError, ToolRefusedError
from apps.chats.models import Chat, Group

CHAT = "platform:id of another chat of this group; empty: where the run was called."
GROUP = "The main group only: the folder of another group; empty: this one."


def chat_named(run: Run, jid: str) -> Chat:
    """The run's own chat, or another one that its group may write to; raises ToolRefusedError."""
    if not jid:
        if run.chat is None:
            raise ToolRefusedError("This run was not called from a chat: name one.")
        return run.chat
    platform, _, external_id = jid.partition(":")
    found = list(reachable(run).filter(channel__platform=platform, external_id=external_id)[:10])
    own = [chat for chat in found if chat.group_id == run.group.pk]
    if not found:
        raise ForbiddenError(f"The group {run.group.folder} may not write to {jid[:200]}: it is no chat of this group.")
    if len(found) > 1 and len(own) != 1:
        raise ToolRefusedError(f"{jid[:200]} is a chat of several channels: which one is meant, cannot be said.")
    return own[0] if own else found[0]


def group_named(run: Run, folder: str) -> Group:
    """The run's own group, or any for the main one; raises ToolRefusedError."""
    if not folder or folder == run.group.folder:
        return run.group
    if not run.group.is_main:
        raise ForbiddenError(f"The group {run.group.folder} may not look into the group {folder[:64]}.")
    if group := Group.objects.in_folder(folder):
        return group
    raise ToolRefusedError(f"There is no group with the folder {folder[:64]!r}; list_groups names them.")


def reachable(run: Run) -> QuerySet[Chat]:
    """The chats that the run's group may write to: its own; the main group's are all that are registered."""
    registered = Chat.objects.filter(group__isnull=False) if run.group.is_main else Chat.objects.filter(group=run.group)
    return registered.select_related("channel", "group")
