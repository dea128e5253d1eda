"""What people may ask of the timetable from the chat."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.agents.commands.registry import Call, command
from apps.schedules.models import ScheduledTask

MOST = 20
LONGEST = 60  # characters of a prompt's beginning


@command("tasks", gettext_lazy("what is on this group’s timetable"))
def tasks(call: Call) -> str:
    open_tasks = ScheduledTask.objects.open().filter(group=call.group).order_by("next_run_at", "pk")
    lines = [_line(task, ZoneInfo(call.group.timezone)) for task in open_tasks[:MOST]]
    more = open_tasks.count() - len(lines)
    return "\n".join([*lines, *(["- " + _("and %d more") % more] if more else [])]) or _("Nothing is scheduled.")


def _line(task: ScheduledTask, zone: ZoneInfo) -> str:
    when = task.get_status_display()
    if task.next_run_at:
        when = _("next %s") % f"{task.next_run_at.astimezone(zone):%Y-%m-%d %H:%M}"
    words = " ".join(task.prompt.split())
    start = words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
    return f"- {task.pk}: {start} ({task.schedule_type} {task.schedule_value}, {when})"
