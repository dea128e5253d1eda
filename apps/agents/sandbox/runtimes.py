"""Where a run executes: in a sealed container, or, where no Docker engine answers, in a subprocess without tools."""

from apps.agents.sandbox.base import Runtime
from apps.agents.sandbox.docker import DockerRuntime
from apps.agents.sandbox.process import ProcessRuntime

_runtimes: dict[str, Runtime] = {runtime.name: runtime for runtime in (DockerRuntime(), ProcessRuntime())}


def runtime_named(name: str) -> Runtime:
    return _runtimes[name]
