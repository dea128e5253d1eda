"""Looking up what was said."""

from pydantic import BaseModel, Field

from apps.agents.models import Run
from apps.agents.toolkit.registry import tool
from apps.agents.tools.targets import GROUP, group_named
from apps.agents.turns import prompts
from apps.chats.search import search

MOST = 50
CUT = 1000  # characters of one message


class SearchMessages(BaseModel):
    words: str = Field(
        default="", max_length=500, description='Every one must occur, in any language; "in quotes" as they stand.'
    )
    sender: str = Field(default="", max_length=255, description="A part of the sender's name.")
    limit: int = Field(default=20, ge=1, le=MOST)
    before: int | None = Field(default=None, ge=1, description="Only older ones than this number of a message found.")
    group: str = Field(default="", max_length=64, description=GROUP)


@tool(
    "search_messages", "Find earlier messages of this group by their words or sender; the newest first.", SearchMessages
)
def search_messages(run: Run, given: SearchMessages) -> str:
    group = group_named(run, given.group)
    if not given.words.strip() and not given.sender.strip():
        return "Give words or a sender to look for."
    found = search(group, given.words, limit=given.limit, before=given.before, sender=given.sender)
    if not found:
        return "Nothing was found."
    lines = [prompts.found_message(message, group, most=CUT) for message in found]
    if len(found) == given.limit:
        lines.append(f"<note>There may be older ones: ask again with before={found[-1].pk}.</note>")
    return "\n".join(lines)
