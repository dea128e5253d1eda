import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Mapping
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from apps.chats import services
from apps.chats.models import Channel
from apps.chats.validation_errors import sentence
from apps.platforms.registry import SPECS
from apps.platforms.spec import REFERENCES, Field, PlatformSpec

NEXT = (
    "{channel} is added; a running service connects it within seconds (manage.py doctor says how it stands).\n"
    "Chats show up in the admin once somebody writes. Or name one now: manage.py addgroup FOLDER --chat {name}/ID"
)


class Command(BaseCommand):
    help = "Adds a channel: one account on a chat platform. Prints the channel's id; takes effect within seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _known_keys()
        platforms = [str(platform) for platform in SPECS]
        parser.add_argument("platform", choices=platforms, metavar="PLATFORM", help=f"one of {', '.join(platforms)}")
        parser.add_argument("--name", default="", help="what you call it; default: the platform's name")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="a credential or an option, as often as needed; a credential may be env:NAME or file:/path, and KEY=-"
            " reads standard input (what stands on a command line is seen by everybody on the machine)",
        )
        parser.add_argument("--disabled", action="store_true", help="add it, but do not connect yet")

    def handle(self, *args: Any, **options: Any) -> None:
        spec = SPECS[options["platform"]]
        values = _values(options["set"], options["platform"], spec)
        channel = Channel(
            platform=options["platform"],
            name=options["name"] or _free_name(options["platform"]),
            enabled=not options["disabled"],
            credentials={field.name: values[field.name] for field in spec.credentials if field.name in values},
            options={field.name: values[field.name] for field in spec.options if field.name in values},
        )
        try:
            channel.full_clean()
        except ValidationError as error:
            raise CommandError(sentence(error)) from error
        services.add_channel(channel)
        self.stdout.write(str(channel.pk))
        if channel.enabled:
            print(NEXT.format(channel=channel, name=channel.name), file=sys.stderr)


def _known_keys() -> str:
    """What all platforms ask for is told once, at the end."""
    having = {platform: spec for platform, spec in SPECS.items() if spec.keys}
    first, *others = having.values()
    shared = [field for field in first.options if all(field in spec.options for spec in others)]
    lines = []
    for platform, spec in having.items():
        lines += [f"keys of {platform}:"]
        lines += [f"  {each.name}: {_told(each)}" for each in (*spec.credentials, *spec.options) if each not in shared]
    lines += ["keys of each of them:", *(f"  {each.name}: {_told(each)}" for each in shared)]
    return "\n".join(lines)


def _told(field: Field) -> str:
    return f"{field.help} [{'|'.join(field.choices)}]" if field.choices else str(field.help)


def _values(settings: Iterable[str], platform: str, spec: PlatformSpec) -> dict[str, str]:
    """Raises CommandError for what the platform does not know, and for what it misses."""
    values: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise CommandError(f"--set {key}: KEY=VALUE is expected.")
        if key not in spec.keys:
            raise CommandError(f"{platform} has no key {key!r}; it knows: {', '.join(spec.keys) or 'none'}.")
        values[key] = sys.stdin.readline().strip() if value == "-" else value
    if sys.stdin.isatty():
        _ask(spec, values)
    _check(spec, values)
    missing = [field.name for field in spec.credentials if field.required and not values.get(field.name)]
    if missing:
        raise CommandError(f"{platform} needs --set {missing[0]}=VALUE.")
    return values


def _check(spec: PlatformSpec, values: Mapping[str, str]) -> None:
    for field in (*spec.credentials, *spec.options):
        value = values.get(field.name, "")
        refers = field in spec.credentials and value.startswith(REFERENCES)
        if not refers and (problem := field.problem(value)):
            raise CommandError(f"--set {field.name}: {problem}")


def _ask(spec: PlatformSpec, values: dict[str, str]) -> None:
    """For what is needed and was not given; a secret is not shown while it is typed."""
    if all(values.get(field.name) for field in spec.credentials if field.required):
        return
    for field in spec.credentials:
        if field.name in values:
            continue
        choices = f" [{'/'.join(field.choices)}]" if field.choices else ""
        question = f"{field.title}{choices}{'' if field.required else ' (optional)'}: "
        print(field.help, file=sys.stderr)
        answer = (getpass(question) if field.secret and not field.choices else _line(question)).strip()
        if answer or field.choices:
            values[field.name] = answer or field.choices[0]


def _line(question: str) -> str:
    """Asked on standard error: standard output carries the channel's id alone."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def _free_name(platform: str) -> str:
    names = set(Channel.objects.values_list("name", flat=True))
    numbered = (f"{platform}-{number}" for number in range(2, len(names) + 3))
    return next(name for name in (platform, *numbered) if name not in names)
