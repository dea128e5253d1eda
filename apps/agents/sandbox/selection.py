"""Which runtime and which agent serve runs, and why: said by `up`, the pages and /readyz."""

from dataclasses import dataclass, replace
from functools import cache

from django.conf import settings
from django.utils.translation import gettext_noop
from docker.errors import DockerException

from apps.agents.providers import pool
from apps.agents.sandbox.engine import ENGINE_ERRORS, fresh_engine

# The sentences that most installations meet; the pages translate them, logs and the API do not.
KEY_SET = gettext_noop("ANTHROPIC_API_KEY is set.")
TOKEN_SET = gettext_noop("CLAUDE_CODE_OAUTH_TOKEN is set.")
NO_KEY = gettext_noop(
    "There is no key: set ANTHROPIC_API_KEY in .env and restart, or add a model provider in the admin,"
    " and Claude answers."
)
DOCKER_SERVES = gettext_noop("A Docker engine answers and has the agent image.")
NO_ENGINE = gettext_noop("No Docker engine answers.")
PLAIN_PROCESS = gettext_noop("Agents run without a container, and without tools of their own.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A name, the reason in a sentence, and what is wrong with it just now (empty: nothing)."""

    name: str
    why: str
    trouble: str = ""


def agent_for_a_run() -> Choice:
    """As `chosen_agent`; with a key in the environment no row can make it another, and none is asked."""
    if settings.ANTHROPIC_API_KEY or settings.CLAUDE_CODE_OAUTH_TOKEN:
        return Choice("claude", "A key is set.")
    return chosen_agent()


def chosen_agent() -> Choice:
    """`claude` where a model provider can be used or a key is set, else `demo`; looks at the rows every two seconds."""
    pool.refresh()
    asked, trouble = pool.enabled(), ""
    if able := [provider.name for provider in asked if provider.pk and not provider.trouble]:
        return Choice("claude", f"Model providers: {', '.join(able)}.")
    if asked and asked[0].trouble:
        trouble = f"{asked[0].trouble} "
    if settings.ANTHROPIC_API_KEY:
        return Choice("claude", f"{trouble}{KEY_SET}")
    if settings.CLAUDE_CODE_OAUTH_TOKEN:
        return Choice("claude", f"{trouble}{TOKEN_SET}")
    return Choice("demo", f"{trouble}{NO_KEY}")


@cache
def chosen_runtime() -> Choice:
    """`docker` where an engine answers and has the image, else `process`.

    Decided once for each process (`up` decides before it forks): an engine that goes away later makes runs wait,
    it never moves a sealed agent out of its container.
    """
    if settings.AGENT_RUNTIME == "process":
        return Choice("process", "AGENT_RUNTIME=process.")
    missing = docker_missing()
    if settings.AGENT_RUNTIME == "docker":
        return Choice("docker", missing or "AGENT_RUNTIME=docker.")
    if missing:
        return Choice("process", f"{missing} {PLAIN_PROCESS}")
    return Choice("docker", DOCKER_SERVES)


def current_runtime() -> Choice:
    """The chosen one, with what keeps it from serving now; asks the engine each time."""
    chosen = chosen_runtime()
    return replace(chosen, trouble=docker_missing() or oci_runtime_missing()) if chosen.name == "docker" else chosen


def docker_missing() -> str:
    """Why containers cannot be started now, or an empty string; asks the engine each time."""
    try:
        engine = fresh_engine()
    except ENGINE_ERRORS:
        return NO_ENGINE
    try:
        engine.inspect_image(settings.AGENT_IMAGE)
    except DockerException:
        return f"The image {settings.AGENT_IMAGE} is not built: run `manage.py buildagent`."
    except OSError:
        return NO_ENGINE
    finally:
        engine.close()
    return ""


def oci_runtime_missing() -> str:
    """Why containers cannot be started with AGENT_OCI_RUNTIME, or an empty string; asks the engine each time."""
    wanted = settings.AGENT_OCI_RUNTIME
    if not wanted:
        return ""
    try:
        engine = fresh_engine()
    except ENGINE_ERRORS:
        return NO_ENGINE
    try:
        known = sorted(engine.info().get("Runtimes") or {})
    except ENGINE_ERRORS:
        return NO_ENGINE
    finally:
        engine.close()
    if wanted in known:
        return ""
    return f"The Docker engine has no OCI runtime {wanted} (AGENT_OCI_RUNTIME); it has {', '.join(known)}."
