"""`manage.py up`: everything on this machine, in one process tree."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.agents.sandbox.selection import chosen_runtime
from nanogridbot.processes import lock, output, web
from nanogridbot.processes.embedded_redis import RedisMissingError
from nanogridbot.processes.preload import preload
from nanogridbot.processes.service import run
from nanogridbot.processes.supervisor import Supervisor

HELP = """\
Run NanoGridBot on this machine until Ctrl-C.

Starts, in one process tree with one prefixed log:
  redis      an own Redis on a private socket, when REDIS_URL is empty
  web        pages, API and websockets on NGB_BIND (default 127.0.0.1:8000)
  agents     the Celery worker that runs the agents
  worker     the Celery worker for the timetable and small work
  listeners  the connections to the chat platforms, and the outbox

A child that dies is started again. Ctrl-C (or SIGTERM) lets turns in progress finish for at most
AGENT_SHUTDOWN_GRACE seconds, delivers what was answered, and removes this installation's containers;
a second Ctrl-C stops at once. Needs a migrated database: `manage.py migrate`.

Exit codes: 0 stopped as asked, 1 could not start (a sentence says why).
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        settings.RUN_DIR.mkdir(mode=0o700, exist_ok=True)
        try:
            with lock.held(settings.RUN_DIR / "up.lock"), web.listen(settings.BIND) as listener:
                preload()
                chosen_runtime()  # before the fork: every child decides the same, also one that is started again
                supervisor = Supervisor(output.console(as_json=settings.LOG_FORMAT == "json"))
                started = run(supervisor, listener)
        except (lock.AlreadyRunningError, web.CannotListenError, RedisMissingError) as error:
            raise CommandError(str(error)) from error
        if not started:
            raise CommandError("The service could not be started; the lines above say why.")
