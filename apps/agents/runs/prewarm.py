"""A lively chat will soon call: a warm-up of its agent is requested while people still write among themselves."""

from datetime import timedelta

from django.utils import timezone

from apps.agents import services
from apps.agents.billing import budgets
from apps.agents.models import Run
from apps.chats.models import Chat, Message

LIVELY = 3  # messages of people …
WITHIN = timedelta(minutes=2)  # … in this time


def consider(chat: Chat, thread_id: str) -> None:
    """Requests a warm-up when the chat is lively and its agent may have gone to sleep; in intake's transaction."""
    group = chat.group
    if group is None or not group.warm_early or not _is_lively(chat):
        return
    session = services.session_for(group, chat, thread_id)
    asleep_since = timezone.now() - timedelta(seconds=group.idle_timeout)
    if session.last_run_at and session.last_run_at > asleep_since:
        return
    recent = session.runs.filter(created_at__gt=asleep_since) | session.runs.filter(status__in=services.OPEN)
    if not recent.exists() and not budgets.exhausted(group):
        services.request_run(group, chat=None, cause=Run.Cause.WARM_UP, session=session)


def _is_lively(chat: Chat) -> bool:
    recent = Message.objects.inbound().filter(chat=chat, withheld=False, created_at__gt=timezone.now() - WITHIN)
    return len(recent.order_by().values_list("pk")[:LIVELY]) == LIVELY
