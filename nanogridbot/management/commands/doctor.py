"""`manage.py doctor`: what is there and what is missing, in words."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from nanogridbot.doctor import Verdict, examine


class Command(BaseCommand):
    help = "Say what is there and what is missing. Exit code 1 when something that is needed is broken."
    requires_system_checks: list[str] = []  # they are part of what it says

    def handle(self, *args: Any, **options: Any) -> None:
        styles = {Verdict.GOOD: self.style.SUCCESS, Verdict.HINT: self.style.WARNING, Verdict.BAD: self.style.ERROR}
        broken = False
        for finding in examine():
            word = styles[finding.verdict](f"{finding.verdict.value:<5}")
            self.stdout.write(f"{word}{finding.sentence}")
            broken = broken or finding.verdict is Verdict.BAD
        if broken:
            sys.exit(1)
