"""The web process: Daphne over a socket that the supervisor holds, so that a restart refuses no connection."""

import os
import socket
import sys

from django.conf import settings

from nanogridbot.env import split_bind
from nanogridbot.processes.child import say_ready


class CannotListenError(Exception):
    """The address is taken or not ours; the sentence says what to do."""


def listen(bind: str) -> socket.socket:
    """A listening socket; raises CannotListenError."""
    host, port = split_bind(bind)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotListenError(
            f"{bind} cannot be listened on ({reason}): "
            "end what uses it, or choose another address with NGB_BIND=host:port."
        ) from error


def url(listener: socket.socket) -> str:
    """Where a person opens the pages; the port is the socket's own when the setting says 0."""
    port = listener.getsockname()[1]
    return settings.BASE_URL.removesuffix(":0") + (f":{port}" if settings.BASE_URL.endswith(":0") else "") + "/"


def serve(listener: socket.socket) -> None:
    """Until SIGTERM."""
    # Installs Twisted's reactor with an event loop of its own, which forks must not share.
    from daphne.server import Server  # noqa: PLC0415

    from nanogridbot.asgi import application  # noqa: PLC0415 - loaded already; Django must be set up before it

    proxied = settings.SECURE_PROXY_SSL_HEADER is not None
    server = Server(
        application,
        endpoints=[_endpoint(listener)],
        ready_callable=say_ready,
        verbosity=2,  # Twisted's own errors reach our log; 1 would drop them
        application_close_timeout=5,
        proxy_forwarded_address_header="X-Forwarded-For" if proxied else None,
        proxy_forwarded_proto_header="X-Forwarded-Proto" if proxied else None,
    )
    server.run()
    if server.abort_start:
        sys.exit(1)


def _endpoint(listener: socket.socket) -> str:
    """Twisted's description of the socket; Daphne's `fd:` knows IPv4 only, so IPv6 is bound once more."""
    if listener.family == socket.AF_INET:
        return f"fd:fileno={listener.fileno()}"
    host, port = listener.getsockname()[:2]
    listener.close()
    escaped = host.replace(":", r"\:")
    return f"tcp6:port={port}:interface={escaped}"
