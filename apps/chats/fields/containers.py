"""What may stand in a group's fields about its container; what only the host can judge is judged where it is built."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.chats.fields.hosts import BadHostError, parse_rule
from apps.events.secret_patterns import SECRET, SECRET_NAME

ENV_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
# What the container and its runner live by, and where the way out and the model are: not a group's to say.
ENV_OURS = re.compile(
    r"(?i)^(ANTHROPIC_.*|CLAUDE.*|NGB_.*|LD_.*|.*_PROXY|PATH|HOME|TZ|USER|SHELL|IFS|ENV|BASH_ENV|NODE_OPTIONS"
    r"|NODE_USE_ENV_PROXY|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP)\Z"
)
LONG_RANDOM = re.compile(r"(?=\S*[0-9])(?=\S*[A-Za-z])[A-Za-z0-9_+/=-]{32,}\Z")
MAX_VARIABLES = 50
MAX_VALUE = 4096  # characters
MAX_DOMAINS = 200
MAX_MOUNTS = 20


def check(*, env: Any, domains: Any, mounts: Any) -> None:
    """Raises ValidationError, with every sentence at its field."""
    found = {
        "env": list(_env_problems(env)),
        "allowed_domains": list(_domain_problems(domains)),
        "mounts": list(_mount_problems(mounts)),
    }
    if problems := {field: sentences for field, sentences in found.items() if sentences}:
        raise ValidationError(problems)


def usable_env(env: Any) -> dict[str, str]:
    """What of it a container gets, whatever stands in the row."""
    if not isinstance(env, dict):
        return {}
    good = {name: value for name, value in env.items() if not variable_problem(name, value)}
    return dict(list(good.items())[:MAX_VARIABLES])


def variable_problem(name: Any, value: Any) -> str:
    """Why this variable is not set, or an empty string."""
    if not isinstance(name, str) or not ENV_NAME.match(name):
        return _("“%s” is no name of a variable.") % str(name)[:100]
    if ENV_OURS.match(name):
        return _("%s is not a group's to set.") % name
    if not isinstance(value, str):
        return _("The value of %s must be text in quotation marks.") % name
    if len(value) > MAX_VALUE or {"\0", "\n", "\r"} & set(value):
        return _("The value of %(name)s is longer than %(most)d characters, or than one line.") % {
            "name": name,
            "most": MAX_VALUE,
        }
    return ""


def likely_secrets(env: Any) -> list[str]:
    """Names of variables whose value looks like a key: an agent can read, and be talked into telling, all of them."""
    return [name for name, value in usable_env(env).items() if value and _looks_secret(name, value)]


def _looks_secret(name: str, value: str) -> bool:
    return bool(SECRET_NAME.fullmatch(name) or SECRET.search(value) or LONG_RANDOM.match(value))


def _env_problems(env: Any) -> Iterator[str]:
    if not isinstance(env, dict):
        yield _("An object is expected, such as {“LANG”: “C.UTF-8”}.")
        return
    if len(env) > MAX_VARIABLES:
        yield _("More than %d variables.") % MAX_VARIABLES
    yield from filter(None, (variable_problem(name, value) for name, value in env.items()))


def _domain_problems(domains: Any) -> Iterator[str]:
    if not isinstance(domains, list) or not all(isinstance(domain, str) for domain in domains):
        yield _("A list of names is expected, such as [“pypi.org”, “*.example.org”].")
        return
    if len(domains) > MAX_DOMAINS:
        yield _("More than %d hosts.") % MAX_DOMAINS
    for domain in domains:
        try:
            parse_rule(domain)
        except BadHostError as error:
            yield str(error)


def _mount_problems(mounts: Any) -> Iterator[str]:
    """Their form alone: which folders may be mounted, the operator's allowlist says at each turn."""
    if not isinstance(mounts, list):
        yield _("A list is expected, such as [{“host”: “~/projects/site”, “write”: true}].")
        return
    if len(mounts) > MAX_MOUNTS:
        yield _("More than %d folders.") % MAX_MOUNTS
    for mount in mounts:
        if not isinstance(mount, dict) or mount.keys() - {"host", "container", "write"}:
            yield _("Each folder is an object with “host”, and perhaps “container” and “write”.")
        elif not isinstance(mount.get("host"), str) or not mount["host"].startswith(("/", "~")):
            yield _("“host” must be an absolute path: %s") % str(mount.get("host"))[:100]
        elif not isinstance(mount.get("write", False), bool) or not isinstance(mount.get("container", ""), str):
            yield _("“container” must be a name, “write” true or false: %s") % mount["host"][:100]
