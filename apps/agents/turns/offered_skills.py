"""Which skills an agent is shown, and where they lie in its container."""

from apps.agents.sandbox.base import Place
from apps.agents.sandbox.container_config import SKILLS, WORKSPACE
from apps.agents.toolkit import sdk_permissions
from apps.chats.models import Group
from apps.chats.workspace import skills


def offered(group: Group, place: Place) -> list[str]:
    """Folders as the agent sees them; none without walls, where it has no tools to follow a skill with.

    A skill may bring hooks and permissions along: an agent that must ask for its tools gets none of its own writing.
    """
    if place.builtin_tools == "none":
        return []
    own = set() if sdk_permissions.reads_no_settings(group, place) else set(skills.own(group))
    return [
        f"{WORKSPACE}/{skills.FOLDER}/{name}" if name in own else f"{SKILLS}/{name}"
        for name in skills.chosen(group, own.union(skills.shared()))
    ]
