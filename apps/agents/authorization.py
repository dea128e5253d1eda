"""Who may make the agent do what: decided on the host, by the run's group and by who called.

A run has the standing of an admin only if everybody who called it is an admin sender (on the chat page and at the API
those who may change groups become one, with each message anew). One other caller is enough to lose it, because the
agent cannot tell in whose name it acts. Runs that nobody called have no admin's standing: a timetable outlives the
person who wrote it, and would lend his rights to everybody who can have a task made.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from apps.agents.models import Run
from apps.chats.models import Group, Sender

PREFIX = "mcp__ngb__"  # how the SDK calls the host's own tools
MANAGES = "chats.change_group"  # the permission that makes a person of this installation an admin

_main_only: set[str] = set()
_admin_only: set[str] = set()


def declare(name: str, *, main_only: bool, admin_only: bool) -> None:
    """What a tool of the host says of itself."""
    if main_only:
        _main_only.add(name)
    if admin_only:
        _admin_only.add(name)


def is_offered(group: Group, name: str) -> bool:
    """Whether this group may use the tool at all; the same for every caller, so that a warm agent stays warm."""
    return group.is_main or name not in _main_only


def refusal(run: Run, tool_name: str) -> str:
    """Why this run may not use the tool, the host's or the agent's own (`Bash`); empty: it may."""
    name = tool_name.removeprefix(PREFIX)
    if not is_offered(run.group, name):
        return f"The tool {name} belongs to the main group; the group {run.group.folder} may not use it."
    if (name in _admin_only or is_named(name, run.group.admin_tools)) and not is_admins(run):
        return f"The tool {name} is for admins: everybody who called must be one. {_callers(run)}"
    return ""


def took(run: Run, callers: Iterable[int | None]) -> None:
    """The run has read messages of these senders (None: nobody known) that call it."""
    run.callers = run.callers | frozenset(callers)


def is_admins(run: Run) -> bool:
    """Whether the run acts for admins only; the senders are looked up now: rights may have changed meanwhile."""
    if run.cause != Run.Cause.MESSAGE or not run.callers or None in run.callers:
        return False
    senders = _known_callers(run)
    return len(senders) == len(run.callers) and all(sender.access == Sender.Access.ADMIN for sender in senders)


def is_named(tool_name: str, names: Iterable[object] | str) -> bool:
    """Whether a list of tools holds this one, in any case; `mcp__github__*` stands for all that begin so."""
    plain = tool_name.removeprefix(PREFIX).casefold()
    names = [names] if isinstance(names, str) else names  # one name, written without its brackets
    return any(fnmatchcase(plain, str(name).strip().removeprefix(PREFIX).casefold()) for name in names)


def _known_callers(run: Run) -> list[Sender]:
    known = [pk for pk in run.callers if pk is not None]
    return list(Sender.objects.filter(pk__in=known))


def _callers(run: Run) -> str:
    """Who is no admin, in words."""
    if run.cause != Run.Cause.MESSAGE:
        return "Nobody called this run."
    names = sorted(str(sender)[:60] for sender in _known_callers(run) if sender.access != Sender.Access.ADMIN)
    return f"No admin: {', '.join(names[:5])}." if names else "It is not known who called."
