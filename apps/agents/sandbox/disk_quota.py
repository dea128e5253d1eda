"""The disk quota of a group: looked at before, during and after its turns, without making any of them wait.

What is known of a group's folders is kept for a while in this process. Before a turn only that is asked (the first turn
in a process, and one after a turn that went too far, measure themselves); all other measuring happens in threads.
Over the quota only admins are served, so that their agent can tidy up; such a turn may take no more than there was.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents import authorization
from apps.agents.errors import PermanentAgentError, QuotaError
from apps.agents.models import BudgetNotice, Run
from apps.agents.sandbox.disk_usage import Size, largest, measure
from apps.agents.untrusted_text import line_of
from apps.chats import incidents
from apps.chats.models import Group
from apps.chats.workspace import folders as workspaces

logger = logging.getLogger(__name__)

MIB = 1024 * 1024
FRESH = 5.0  # seconds for which a measure is good enough after a turn
EVERY = 30.0  # seconds between measures during a turn, unless the disk fills faster
RESERVE = 256 * MIB  # bytes of the disk that no turn may take: the service itself lives on it
SLACK = 16 * MIB  # bytes that tidying up may take more than there was: what is said is written down too
PATIENCE = 20  # times as long as measuring took, before it is done again


@dataclass(frozen=True, slots=True)
class Measured:
    size: Size
    at: float  # monotonic
    took: float


_known: dict[int, Measured] = {}  # by group
_lock = threading.Lock()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="quota")


def measured(group: Group) -> Measured:
    """Measures now, at most for some seconds."""
    began = time.monotonic()
    folders = [workspaces.workspace(group), workspaces.session_directory(group)]
    if group.is_main:
        folders.append(settings.GROUPS_DIR / "global")
    found = Measured(measure(folders), time.monotonic(), time.monotonic() - began)
    with _lock:
        _known[group.pk] = found
    return found


def known(group: Group) -> Measured | None:
    """What was found last, by this process."""
    return _known.get(group.pk)


def excess(group: Group, size: Size) -> str:
    """In a sentence why this is too much, or an empty string."""
    if size.trouble:
        return _("The group's folder cannot be measured: %s. Somebody must tidy it up.") % size.trouble
    if size.bytes <= group.disk_quota_mb * MIB:
        return ""
    taken = f"{size.bytes / MIB:.0f}"
    return _(
        "The group's folder takes %(taken)s MiB, more than its quota of %(quota)d MiB: delete files, or have the quota"
        " raised."
    ) % {"taken": taken if size.whole else _("at least %s") % taken, "quota": group.disk_quota_mb}


def is_first_today(run: Run) -> bool:
    """Whether the run's chat was not told today, in the group's time zone, that the folder takes too much."""
    today = timezone.now().astimezone(ZoneInfo(run.group.timezone)).date()
    about = f"disk of group {run.group.pk} chat {run.chat_id}"
    _notice, created = BudgetNotice.objects.get_or_create(
        about=about, period=today.isoformat(), kind=BudgetNotice.Kind.HARD, defaults={"group": run.group}
    )
    return created


class Watch:
    """During one turn. `look` is called all the time, and costs a system call at most every second."""

    note = ""  # what the agent is told first

    def __init__(self, run: Run) -> None:
        self._run = run
        self._allowed = 0  # bytes, where the quota is exceeded already
        self._pending: Future[Measured] | None = None
        self._free = _free()
        self._looked = 0.0
        last = known(run.group)
        self._due = last.at + EVERY if last else 0.0

    def admit(self, callers: Iterable[int | None]) -> None:
        """Before the turn; raises QuotaError when the group takes too much already and no admin calls."""
        group = self._run.group
        last = known(group)
        if last and not excess(group, last.size):
            return
        size = measured(group).size
        if not (sentence := excess(group, size)):
            return
        sentence += _where(group)
        authorization.took(self._run, callers)
        # What cannot be measured whole cannot be held to what it was.
        if not size.whole:
            raise QuotaError(sentence)
        if not authorization.is_admins(self._run):
            raise QuotaError(f"{sentence} " + _("An admin may ask me to tidy up."))
        self._allowed = size.bytes + SLACK
        self.note = f"{sentence} This turn may go on because an admin calls: help to tidy up, and delete only what they"
        self.note += " agree to. It is ended when more is written than was there."

    def look(self) -> None:
        """Raises PermanentAgentError when the turn has to end."""
        now = time.monotonic()
        if now - self._looked < 1:
            return
        self._looked = now
        free = _free()
        if free < RESERVE:
            raise PermanentAgentError(
                _("The disk is nearly full (%d MiB are free), so the turn was ended.") % (free // MIB)
            )
        if self._pending and self._pending.done():
            self._hear(self._pending.result(), now, free)
        # Somebody writes much: it may be this turn.
        filling = self._free - free > self._run.group.disk_quota_mb * MIB // 4
        if self._pending is None and (now > self._due or filling):
            self._pending = _pool().submit(measured, self._run.group)

    def _hear(self, found: Measured, now: float, free: int) -> None:
        self._pending, self._free = None, free
        self._due = now + max(EVERY, PATIENCE * found.took)
        sentence = excess(self._run.group, found.size)
        if sentence and (found.size.trouble or found.size.bytes > self._allowed):
            incidents.record("disk quota", self._run.group.folder, sentence)
            raise PermanentAgentError(sentence)

    def close(self) -> None:
        """After the turn: unless it was done just now, it is measured in a thread, which tells when it was too much."""
        last = known(self._run.group)
        if last is None or time.monotonic() - last.at > max(FRESH, PATIENCE * last.took):
            _pool().submit(copy_context().run, _look_back, self._run)


def _look_back(run: Run) -> None:
    try:
        if sentence := excess(run.group, measured(run.group).size):
            incidents.record("disk quota", run.group.folder, sentence)
            seq = (run.steps.aggregate(last=Max("seq"))["last"] or 0) + 1
            run.steps.create(seq=seq, kind="quota", summary=sentence[:300])
    except Exception:
        logger.exception("the folder of %s could not be measured", run.group.folder)
    finally:
        close_old_connections()


def _where(group: Group) -> str:
    found = [f"{line_of(name[:60])} ({size / MIB:.0f} MiB)" for name, size in largest(workspaces.workspace(group))]
    return " " + _("The largest in it: %s.") % ", ".join(found) if found else ""


def _free() -> int:
    found = os.statvfs(settings.DATA_DIR)
    return found.f_bavail * found.f_frsize
