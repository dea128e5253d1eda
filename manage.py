#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - says what is missing, in words
        from django.core.management import execute_from_command_line  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            f"Django cannot be imported ({error}). Run `make setup`, then use .venv/bin/python."
        ) from error
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        raise SystemExit(f"The settings are wrong: {error}") from error


if __name__ == "__main__":
    main()
