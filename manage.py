#!/usr/bin/env python
import os
import sys

COMMON_OPTIONS = {
    "--version",
    "--verbosity",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
}
INTERRUPTED = 130  # as a shell says it of SIGINT


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - says what is missing, in words
        from django.core.management import BaseCommand, execute_from_command_line  # noqa: PLC0415
        from django.db import DatabaseError  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            f"Django cannot be imported ({error}). Run `make setup`, then use .venv/bin/python."
        ) from error
    # They work as ever; without them the help of a command shows what is its own.
    BaseCommand.suppressed_base_arguments = COMMON_OPTIONS
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        raise SystemExit(f"The settings are wrong: {error}") from error
    except DatabaseError as error:
        if sys.argv[1:2] == ["migrate"] or "--traceback" in sys.argv or not (sentence := _without_tables()):
            raise
        raise SystemExit(sentence) from error
    except KeyboardInterrupt as error:  # a person's own wish needs no traceback
        if "--traceback" in sys.argv:
            raise
        raise SystemExit(INTERRUPTED) from error


def _without_tables() -> str:
    """What to do about a database that does not answer or was never migrated; empty when it is something else."""
    from django.db import DatabaseError  # noqa: PLC0415

    from nanogridbot.processes.bootstrap import missing_migrations  # noqa: PLC0415

    try:
        missing = missing_migrations()
    except DatabaseError as error:
        return f"The database does not answer: {str(error).strip().splitlines()[0]}"
    return f"{len(missing)} migrations are missing: run `manage.py migrate` first." if missing else ""


if __name__ == "__main__":
    main()
