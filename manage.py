#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - says what is missing, in words
    except ImportError as error:
        raise SystemExit(
            f"Django cannot be imported ({error}). Run `make setup`, then use .venv/bin/python."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
