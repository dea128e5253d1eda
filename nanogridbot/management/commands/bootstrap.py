"""`manage.py bootstrap`: what the first `up` makes, for installations that run without `up`."""

from typing import Any

from django.core.management.base import BaseCommand

from nanogridbot.processes.bootstrap import first_start, greeting


class Command(BaseCommand):
    help = "Make what must exist after the first start: an admin user, the group `main`, the chat page's channel."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(greeting(first_start()) or "Everything exists already.")
