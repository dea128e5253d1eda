"""MCP servers: the host's own tools, programs in the container, and addresses behind the host's gateway."""

from typing import Any

from ngb_runner.proxies.model_calls import MCP_PREFIX
from ngb_runner.spec import Server, Spec
from ngb_runner.tools import SERVER, ToolCalls, mcp_server


def mcp_servers(spec: Spec, tools: ToolCalls, base_url: str) -> dict[str, Any]:
    """What the SDK is told; a server with an address is asked for at the loopback listener, without any secret."""
    own = {SERVER: mcp_server(spec.tools, tools)} if spec.tools else {}
    return {server.name: _configured(server, base_url) for server in spec.servers} | own


def _configured(server: Server, base_url: str) -> dict[str, Any]:
    # Beside the built-in tools the command line would hide theirs behind its tool search.
    if server.command:
        program, *arguments = server.command
        return {"type": "stdio", "command": program, "args": arguments, "alwaysLoad": True}
    return {"type": "http", "url": f"{base_url}{MCP_PREFIX}{server.name}", "alwaysLoad": True}
