"""Which addresses an agent's errand may reach: public ones, judged after the name was resolved, by the host itself."""

import ipaddress
import logging
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerError
from functools import cache

from django.conf import settings

from apps.chats.fields.hosts import MAX_PORT, BadHostError, literal, normal_host

logger = logging.getLogger(__name__)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RESOLVE_TIMEOUT = 10.0  # seconds
CONNECT_TIMEOUT = 10.0  # seconds, for all addresses of a name together


def _table(*rows: tuple[str, str]) -> list[tuple[Network, str]]:
    return [(ipaddress.ip_network(network), kind) for networks, kind in rows for network in networks.split()]


# What no setting opens: the machine itself, its neighbours on the wire, and where clouds tell machines their secrets.
NEVER = _table(
    ("169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254", "a metadata address"),
    ("127.0.0.0/8 ::1", "a loopback address"),
    ("0.0.0.0/8 ::", "no address of a host"),
    ("169.254.0.0/16 fe80::/10 fec0::/10", "a link-local address"),
    ("224.0.0.0/4 ff00::/8", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
)
# IANA's registries of special-purpose addresses; NGB_EGRESS_ALLOW_PRIVATE can open parts of these.
INSIDE = _table(
    ("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7", "a private address"),
    ("100.64.0.0/10", "an address inside a provider's network"),
    ("192.0.0.0/24 192.88.99.0/24 198.18.0.0/15", "a reserved address"),
    ("192.0.2.0/24 198.51.100.0/24 203.0.113.0/24", "an address for examples"),
)
# IPv6 that carries an IPv4 address inside, or is otherwise not simply a host of the internet.
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
SPECIAL_V6 = _table(
    ("2001::/23 2002::/16", "an address of a translation or a tunnel"),
    ("2001:db8::/32 3fff::/20", "an address for examples"),
)


class AddressRefusedError(Exception):
    """The sentence says what is refused and why."""


class UnreachableError(Exception):
    """The name does not resolve, or nobody answers there."""


def refusal(address: str, opened: Sequence[Network] | None = None) -> str:
    """Why nobody may be sent to this address, or an empty string; `opened` defaults to NGB_EGRESS_ALLOW_PRIVATE."""
    found = literal(address)
    if found is None:
        return f"{address[:100]} is no address."
    if kind := _kind(found, NEVER):
        return f"{found} is {kind}."
    if kind := _kind(found, INSIDE):
        networks = settings.EGRESS_ALLOW_PRIVATE if opened is None else opened
        return "" if any(found in network for network in networks) else f"{found} is {kind}."
    if found.version == 6:
        kind = _kind(found, SPECIAL_V6) if found in PUBLIC_V6 else "not an address of the public internet"
    return f"{found} is {kind}." if kind else ""


def _kind(address: Address, table: list[tuple[Network, str]]) -> str:
    return next((kind for network, kind in table if address in network), "")


def closed_to_open_networks(allowed: Sequence[Network]) -> tuple[list[Network], list[Network]]:
    """What an agent with a network of its own may not reach all the same, and what the operator opens inside of that.

    Its own loopback is no concern of ours, and to whom no packet can be sent need not be closed.
    """
    none = {"a loopback address", "no address of a host", "a multicast address"}
    inside = [network for network, _what in INSIDE if not any(_holds(wide, network) for wide in allowed)]
    closed = [network for network, kind in NEVER if kind not in none] + inside
    return closed, [part for part in allowed if any(_holds(network, part) for network in inside)]


def _holds(wide: Network, narrow: Network) -> bool:
    first, last = narrow.network_address, narrow.broadcast_address
    return wide.version == narrow.version and first in wide and last in wide


def resolve_public(host: str, port: int) -> tuple[str, ...]:
    """The addresses of this host that may be reached, at least one, in the resolver's order.

    Connect to one of them, not to the name: asked again, it may answer otherwise.
    Raises AddressRefusedError when there is none but refused ones, UnreachableError when there is none at all.
    """
    try:
        name = normal_host(host)
    except BadHostError as error:
        raise AddressRefusedError(str(error)) from error
    if not 0 < port <= MAX_PORT:
        raise AddressRefusedError(f"{port} is no port.")
    found = [str(literal(name))] if literal(name) else _resolve(name, port)
    refusals = {address: refusal(address) for address in found}
    public = tuple(address for address in found if not refusals[address])
    if not public:
        what = refusals[found[0]] if literal(name) else f"{name} is refused: {refusals[found[0]]}"
        raise AddressRefusedError(what)
    return public


def _resolve(name: str, port: int) -> list[str]:
    """By the operating system, which alone knows no time-out that we could set."""
    try:
        found = _resolvers().submit(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM).result(RESOLVE_TIMEOUT)
    except NoAnswerError as error:
        raise UnreachableError(f"{name} was not resolved within {RESOLVE_TIMEOUT:g} seconds.") from error
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"{name} cannot be resolved.") from error
    addresses = [str(info[4][0]) for info in found]
    if not addresses:
        raise UnreachableError(f"{name} has no address.")
    return list(dict.fromkeys(addresses))


@cache
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolver")


def connect(host: str, port: int) -> socket.socket:
    """A connection to a checked address of this host; raises AddressRefusedError or UnreachableError."""
    deadline = time.monotonic() + CONNECT_TIMEOUT
    why, last = "nobody answers", None
    for address in resolve_public(host, port):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError as error:
            why, last = error.strerror or "nobody answers in time", error
            logger.debug("%s port %s cannot be reached at %s: %s", host, port, address, why)
    raise UnreachableError(f"{normal_host(host)} port {port} cannot be reached ({why}).") from last
