"""A real MCP server on 127.0.0.1 (streamable HTTP, the official package), in a thread of its own, behind a token.

with McpTeam("the-token") as server:
    ...                       # server.url, server.seen (headers of every request)
"""

import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from starlette.types import ASGIApp, Receive, Scope, Send


class McpTeam:
    """Tools: `weather(city)`, and `slowly(steps)`, which reports its progress."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.seen: list[dict[str, str]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        app = self._guarded(_server().streamable_http_app())
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        async def guard(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                self.seen.append(headers | {":method": scope["method"], ":path": scope["path"]})
                if headers.get("authorization") != f"Bearer {self.token}":
                    await _refuse(send)
                    return
            await app(scope, receive, send)

        return guard

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(20)
        self._socket.close()


def _server() -> MCPServer[Any]:
    server = MCPServer("team")

    @server.tool(description="WEATHERTOOL tells the weather of a city.")
    def weather(city: str) -> str:
        return f"Sunny in {city}"

    @server.tool(description="Works in steps.")
    async def slowly(steps: int, ctx: Context[Any, Any]) -> str:
        for step in range(steps):
            await ctx.report_progress(step, steps)
        return "done"

    return server


async def _refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"no token"})
