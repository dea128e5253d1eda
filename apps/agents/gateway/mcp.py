"""MCP servers of a group: programs in its container, and addresses that only the host calls, with the secrets.

In the container the SDK asks `/mcp/<name>` at the runner's loopback listener; what comes over the link is carried from
here to the one address that the group's row names. A stream that the far end would open by itself (GET) is not offered:
it would outlast the turn.
"""

import json
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import close_old_connections

from apps.agents import addresses
from apps.agents.gateway.redaction import Redactor
from apps.agents.link.link import Link
from apps.agents.models import McpServer
from apps.agents.models.mcp import groups_with_servers
from apps.agents.providers.call import Call
from apps.chats import incidents
from apps.chats.models import Group
from apps.chats.models.channel import CredentialError
from apps.chats.network_errors import why

logger = logging.getLogger(__name__)

PREFIX = "/mcp/"
METHODS = ("POST", "DELETE")
PASSED = ("content-type", "accept", "user-agent", "last-event-id")  # and everything that begins with mcp-
MAX_QUESTION = 4 * 1024 * 1024  # bytes
MAX_ANSWER = 32 * 1024 * 1024  # bytes
SILENCE = 300.0  # seconds without a byte from the server; the turn's own limits end it earlier


class McpRefusedError(Exception):
    """The call cannot be made; the sentence is for the agent and holds no secret."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def offered(group: Group, *, walled: bool) -> list[dict[str, Any]]:
    """For the start of an agent: a program only inside walls, an address by its name alone."""
    if group.pk not in groups_with_servers():
        return []
    servers = McpServer.objects.filter(group=group, enabled=True)
    if not walled:
        servers = servers.filter(kind=McpServer.Kind.HTTP)
    return [{"name": server.name, "command": server.command} for server in servers]


def carry(call: Call, link: Link, group_id: int | None) -> None:
    """The call and its answer; whatever goes wrong is an answer too. Raises LinkClosedError."""
    try:
        _carry(call, link, _server(call, group_id))
    except McpRefusedError as error:
        _refuse(call, link, error)
    finally:
        close_old_connections()


def _server(call: Call, group_id: int | None) -> McpServer:
    name = call.path.removeprefix(PREFIX)
    servers = McpServer.objects.select_related("group").filter(group=group_id, enabled=True)
    server = servers.filter(kind=McpServer.Kind.HTTP, name=name).first()
    if server is None:
        raise McpRefusedError(404, f"This group has no MCP server at {call.path[:100]}.")
    if call.method not in METHODS:
        raise McpRefusedError(405, f"{call.method[:20]} is not offered: answers come with what is asked.")
    if len(call.body) > MAX_QUESTION:
        raise McpRefusedError(413, f"The request is larger than {MAX_QUESTION} bytes.")
    return server


def _carry(call: Call, link: Link, server: McpServer) -> None:
    try:
        secrets = server.secret_headers()
        connection = _connection(server)
    except CredentialError as error:
        raise _unusable(server, 502, "is not set up", str(error)) from error
    except addresses.AddressRefusedError as error:
        raise _unusable(server, 403, "has an address that may not be reached", str(error)) from error
    except (addresses.UnreachableError, OSError) as error:
        raise _broken(server, error) from error
    call.let_go = lambda: _hang_up(connection)
    try:
        if not call.cancelled.is_set():
            _exchange(call, link, server, connection, secrets)
    except (OSError, HTTPException) as error:
        if not call.cancelled.is_set():
            raise _broken(server, error) from error
    finally:
        connection.close()


def _exchange(call: Call, link: Link, server: McpServer, connection: HTTPConnection, secrets: dict[str, str]) -> None:
    url = urlsplit(server.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection.request(call.method, target, bytes(call.body), _headers_up(call.headers, secrets))
    response = connection.getresponse()
    if 300 <= response.status < 400:
        raise McpRefusedError(502, f"The MCP server {server.name} answers from another address; that is not followed.")
    redactor = Redactor(secrets.values())
    call.answered = True
    link.send("http_response", id=call.id, status=response.status, headers=_headers_down(response, redactor))
    for data in _pieces(response, server):
        link.send_data("http_chunk", redactor.feed(data), id=call.id)
    link.send_data("http_chunk", redactor.close(), id=call.id)
    link.send("http_end", id=call.id)


def _pieces(response: HTTPResponse, server: McpServer) -> Iterator[bytes]:
    size = 0
    while data := response.read1(65536):
        size += len(data)
        if size > MAX_ANSWER:
            raise McpRefusedError(502, f"The MCP server {server.name} answered more than {MAX_ANSWER} bytes.")
        yield data


def _headers_up(given: dict[str, str], secrets: dict[str, str]) -> dict[str, str]:
    """Nothing that the container says can take the place of a secret header, or of what frames the request."""
    passed = {name: value for name, value in given.items() if name in PASSED or name.startswith("mcp-")}
    own = {name.lower() for name in secrets}
    return {name: value for name, value in passed.items() if name not in own} | {
        **secrets,
        "Accept-Encoding": "identity",  # what is not compressed can be searched for secrets
    }


def _headers_down(response: HTTPResponse, redactor: Redactor) -> dict[str, str]:
    """What the protocol needs; no cookies, and nothing about how to sign in."""
    kept = {name.lower(): value for name, value in response.getheaders()}
    return {
        name: redactor.cleaned(value)
        for name, value in kept.items()
        if name in ("content-type", "retry-after") or name.startswith("mcp-")
    }


def _connection(server: McpServer) -> HTTPConnection:
    """To an address that was checked; only a host that the operator named in the settings may be a private one."""
    url = urlsplit(server.url)
    host, port = url.hostname or "", _port(url)
    if f"{host}:{port}" in settings.MCP_PRIVATE_HOSTS:
        sock = socket.create_connection((host, port), timeout=addresses.CONNECT_TIMEOUT)
    else:
        sock = addresses.connect(host, port)
    connection = HTTPConnection(host, port, timeout=SILENCE)
    try:
        connection.sock = _tls().wrap_socket(sock, server_hostname=host) if url.scheme == "https" else sock
    except BaseException:
        sock.close()
        raise
    connection.sock.settimeout(SILENCE)
    return connection


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _hang_up(connection: HTTPConnection) -> None:
    """Wakes the thread that reads from it."""
    with suppress(OSError, AttributeError):  # AttributeError: it was closed meanwhile
        connection.sock.shutdown(socket.SHUT_RDWR)


def _unusable(server: McpServer, status: int, what: str, reason: str) -> McpRefusedError:
    """Somebody must change the server's row: the agent hears that, the admin also the reason."""
    incidents.record("MCP server", server.group.folder, f"The MCP server {server.name} {what}: {reason}")
    return McpRefusedError(status, f"The MCP server {server.name} {what}.")


def _broken(server: McpServer, error: Exception) -> McpRefusedError:
    logger.warning("the MCP server %s of group %s: %s", server.name, server.group_id, error)
    return McpRefusedError(504, f"The MCP server {server.name} cannot be reached: {why(error)}.")


def _refuse(call: Call, link: Link, error: McpRefusedError) -> None:
    if call.answered:
        link.send("http_end", id=call.id, error=str(error))
        return
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": str(error)}}).encode()
    link.send("http_response", id=call.id, status=error.status, headers={"content-type": "application/json"})
    link.send_data("http_chunk", body, id=call.id)
    link.send("http_end", id=call.id)
