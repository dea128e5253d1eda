"""Which chats and groups there are."""

from django.db.models import Count, Max
from pydantic import BaseModel, Field

from apps.agents.models import Run
from apps.agents.toolkit.registry import Nothing, tool
from apps.agents.tools.targets import GROUP, group_named, reachable
from apps.chats.models import Chat, Group

MOST = 200


class ListChats(BaseModel):
    group: str = Field(default="", max_length=64, description=GROUP)


@tool(
    "list_chats",
    "List the chats you may write to; the main group also sees those that wait to be registered.",
    ListChats,
)
def list_chats(run: Run, given: ListChats) -> str:
    chats = reachable(run).order_by("group__folder", "-last_message_at", "pk")
    if given.group:
        chats = chats.filter(group=group_named(run, given.group))
    lines = [_chat_line(chat, run) for chat in chats[:MOST]]
    if run.group.is_main and not given.group:
        lines += [_chat_line(chat, run) for chat in Chat.objects.discovered().select_related("channel")[:MOST]]
    if len(lines) >= MOST:
        lines.append(f"Not more than {MOST} are listed.")
    return "\n".join(lines) or "There are none."


def _chat_line(chat: Chat, run: Run) -> str:
    """The title is what people call it, and may say anything: it stands in quotes, on the same line."""
    owner = f"group {chat.group.folder}" if chat.group else "not registered"
    here = "; you were called here" if chat.pk == run.chat_id else ""
    return f"{chat.jid}: {_quoted(chat.title)}, {chat.kind}, {owner}{here}"


@tool("list_groups", "List all groups: their folders, names, and how they are called.", Nothing, main_only=True)
def list_groups(run: Run, given: Nothing) -> str:
    groups = Group.objects.annotate(served=Count("chats", distinct=True), latest=Max("sessions__last_run_at"))
    return "\n".join(_group_line(group) for group in groups[:MOST])


def _group_line(group: Group) -> str:
    latest = getattr(group, "latest", None)
    seen = f"last run {latest:%Y-%m-%d %H:%M} UTC" if latest else "no run yet"
    main = ", main" if group.is_main else ""
    chats = getattr(group, "served", 0)
    return f"{group.folder}: {_quoted(group.name)}{main}, trigger {_quoted(group.call_sign)}, {chats} chats, {seen}"


def _quoted(words: str) -> str:
    return f"“{' '.join(words.split())[:100]}”"
