"""The agent has used up what its container may have: somebody hears of it, and the next turn gets a new one."""

from django.utils.translation import gettext as _

from apps.agents.link.link import Frame
from apps.agents.models import Run
from apps.chats import incidents


def told(run: Run, frame: Frame) -> bool:
    """Whether a result tells of limits that were hit; an incident then."""
    group, hit = run.group, frame.get("exhausted")
    sentences = {
        "memory": _("The agent used up its %d MiB of memory: something in its container was ended.") % group.memory_mb,
        "processes": _("The agent used up its processes: up to %d may run at once.") % group.pids,
    }
    found = [sentence for name, sentence in sentences.items() if isinstance(hit, list) and name in hit]
    for sentence in found:
        incidents.record("exhausted container", group.folder, sentence)
    return bool(found)
