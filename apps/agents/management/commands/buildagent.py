"""Builds the agent image."""

import os
import shutil
import subprocess
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

SCRIPT = settings.BASE_DIR / "container" / "build.sh"


class Command(BaseCommand):
    help = "Builds the image in which agents run: Debian, the Claude Agent SDK, git, ripgrep, curl, jq."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base", help="the Debian image to build on (default: debian:bookworm-slim)")
        parser.add_argument("--extra-ca", help="a bundle of CA certificates, for networks that inspect TLS")
        parser.add_argument("--full", action="store_true", help="with Chromium and fonts, for browsing")
        parser.add_argument("--tag", default=settings.AGENT_IMAGE, help="default: %(default)s (AGENT_IMAGE)")

    def handle(self, *, base: str | None, extra_ca: str | None, tag: str, full: bool, **_options: Any) -> None:
        if shutil.which("docker") is None:
            raise CommandError("The docker command is not installed: it builds the image.")
        chosen = {"TAG": tag, "BASE": base, "EXTRA_CA": extra_ca, "FULL": "1" if full else ""}
        environment = os.environ | {name: value for name, value in chosen.items() if value}
        status = subprocess.run([SCRIPT], env=environment, check=False).returncode  # noqa: S603 - our own script
        if status:
            raise CommandError(f"The image was not built; what Docker said stands above (exit code {status}).")
        self.stdout.write(f"{tag} is built. A running service uses it after its next start.")
