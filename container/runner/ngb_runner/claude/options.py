"""How the SDK and its command line are set up inside the container."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngb_runner.agent import AgentUnavailableError, Reporter
from ngb_runner.claude.archive import before_compaction
from ngb_runner.claude.mcp_servers import mcp_servers
from ngb_runner.claude.skills import skill_options
from ngb_runner.permissions import before_tools, settings_read
from ngb_runner.spec import Spec
from ngb_runner.tools import SERVER, ToolCalls

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

MAX_LINE = 64 * 1_048_576
MAX_INSTRUCTIONS = 100_000
"""Bytes; they travel as one argument of a command line, which Linux limits to 128 KiB."""

CLI_ENVIRONMENT = {
    # A placeholder: the host's gateway replaces it by the real key, which never enters the container.
    "ANTHROPIC_API_KEY": "placeholder",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_AUTOUPDATER": "1",
    # The host retries whole runs; the command line alone would go on for minutes.
    "CLAUDE_CODE_MAX_RETRIES": "1",
    # A broken stream would be asked for again without streaming, and the words streamed twice.
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK": "1",
    # A container may be removed right after a result: what was said is on the disk by then, not some moments later.
    "CLAUDE_CODE_EAGER_FLUSH": "1",
    # Between turns nothing may run: the loopback listener refuses model calls then.
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD": "1",
    # What it remembers stands in the group's CLAUDE.md, where people see it, not in notes of the command line's own.
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_AGENT_SDK_SKIP_VERSION_CHECK": "1",
}


def build_options(
    spec: Spec,
    tools: ToolCalls,
    base_url: str,
    *,
    reporter: Reporter,
    resume: str | None,
    new: str | None,
    stderr: Callable[[str], Any],
) -> "ClaudeAgentOptions":
    """The SDK's options for a spec; raises AgentUnavailableError when the spec cannot be met."""
    # The SDK takes most of a second to import and is absent where only the demo agent runs.
    from claude_agent_sdk import ClaudeAgentOptions  # noqa: PLC0415

    if len(spec.instructions.encode()) > MAX_INSTRUCTIONS:
        raise AgentUnavailableError(f"the instructions are longer than {MAX_INSTRUCTIONS} bytes")
    return ClaudeAgentOptions(
        resume=resume,
        session_id=None if resume else new,
        model=spec.model,
        cwd=spec.cwd,
        add_dirs=list(spec.add_dirs),
        max_turns=spec.max_turns,
        mcp_servers=mcp_servers(spec, tools, base_url),
        strict_mcp_config=True,
        disallowed_tools=list(spec.disallowed_tools),
        include_partial_messages=True,
        # Chat text is not typed at a prompt: no @file mentions, no slash commands.
        verbatim_prompts=True,
        # Prompts carry uuids and come back when they are taken in; that is what `accepted` rests on.
        extra_args={"replay-user-messages": None},
        max_buffer_size=MAX_LINE,
        stderr=stderr,
        env=cli_environment(base_url),
        hooks={
            "PreCompact": before_compaction(spec.cwd, spec.assistant_name, reporter),
            **before_tools(spec, tools.permissions),
        },
        **(_all_tools(spec) if spec.builtin_tools == "all" else _no_tools(spec)),
    )


def _all_tools(spec: Spec) -> dict[str, Any]:
    """Everything the command line can do: the container is the fence."""
    prompt = {"type": "preset", "preset": "claude_code", "append": spec.instructions, "snapshot": False}
    return {
        "tools": {"type": "preset", "preset": "claude_code"},
        "permission_mode": "bypassPermissions",
        "system_prompt": prompt,
        **settings_read(spec),
        **skill_options(spec.skills),
    }


def _no_tools(spec: Spec) -> dict[str, Any]:
    """The host's tools only. Settings files are not read: their hooks would run commands outside any container."""
    return {
        "tools": [],
        "allowed_tools": [
            *(f"mcp__{SERVER}__{tool.name}" for tool in spec.tools),
            *(f"mcp__{server.name}" for server in spec.servers),
        ],
        "permission_mode": "dontAsk",
        "system_prompt": {"type": "custom", "prompt": spec.instructions, "snapshot": False},
        "setting_sources": [],
    }


def cli_environment(base_url: str) -> dict[str, str]:
    """What the command line sees on top of this process's environment."""
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"]))
    places = {"ANTHROPIC_BASE_URL": base_url, "CLAUDE_CONFIG_DIR": str(home())}
    return CLI_ENVIRONMENT | places | {"NO_PROXY": direct, "no_proxy": direct}


def home() -> Path:
    """Where the agent keeps its sessions: NGB_RUNNER_HOME, in the image the user's `.claude`, which is mounted."""
    return Path(os.environ.get("NGB_RUNNER_HOME") or Path.home() / ".claude")


def scrub_environment() -> None:
    """Forget credentials and settings of another Claude that this process may have inherited."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "CLAUDE_", "CLAUDECODE")):
            del os.environ[name]
