"""The agent has used up what its container may have: somebody hears of it, and the next turn gets a new one."""

from apps.agents.link import Frame
from apps.agents.models import Run
from apps.chats import incidents


def told(run: Run, frame: Frame) -> bool:
    """Whether a result tells of limits that were hit; an incident then."""
    group, hit = run.group, frame.get("exhausted") or []
    sentences = {
        "memory": f"The agent used up its {group.memory_mb} MiB of memory: something in its container was ended.",
        "processes": f"The agent used up its processes: up to {group.pids} may run at once.",
    }
    found = [sentence for name, sentence in sentences.items() if name in hit]
    for sentence in found:
        incidents.record("exhausted container", group.folder, sentence)
    return bool(found)
