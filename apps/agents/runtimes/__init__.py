"""Where a run executes: in a sealed container, or, where no Docker engine answers, in a subprocess without tools."""

from apps.agents.runtimes.base import Runtime
from apps.agents.runtimes.docker import DockerRuntime
from apps.agents.runtimes.process import ProcessRuntime

_runtimes: dict[str, Runtime] = {runtime.name: runtime for runtime in (DockerRuntime(), ProcessRuntime())}


def runtime_named(name: str) -> Runtime:
    return _runtimes[name]
