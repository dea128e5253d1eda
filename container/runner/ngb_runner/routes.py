"""Closes an open network's inner side: run for a moment, as root of a container's network alone, before its agent.

python -m ngb_runner.routes CLOSED[,CLOSED…] [OPENED[,OPENED…]]

What is closed answers “Permission denied” to everybody in that network; name servers (port 53) stay in reach, for they
are often inside. The agent has no right to change routes.
"""

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TABLE = 100  # looked into before the main table
NAMES_FIRST, THEN_CLOSED = 90, 100  # priorities of the rules
DNS_PORT = 53

# linux/rtnetlink.h, linux/fib_rules.h, linux/netlink.h
NEW_ROUTE, NEW_RULE, ERROR = 24, 32, 2
REQUEST_ACK_CREATE_REPLACE = 0x1 | 0x4 | 0x400 | 0x100
REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400
MAIN, STATIC, HOST, PROHIBIT, THROW, TO_TABLE = 254, 4, 254, 8, 9, 1
DESTINATION, PRIORITY, PROTOCOL, PORTS = 1, 6, 22, 24


def close(closed: list[Network], opened: list[Network]) -> None:
    """Raises OSError where the kernel refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        for family in _families():
            for message in _rules(family):
                _ask(kernel, NEW_RULE, REQUEST_ACK_CREATE, message)
        for network, kind in [*((each, PROHIBIT) for each in closed), *((each, THROW) for each in opened)]:
            if _family(network) in _families():
                _ask(kernel, NEW_ROUTE, REQUEST_ACK_CREATE_REPLACE, _route(network, kind))


def _families() -> list[int]:
    """Of the kernel: IPv6 may be left out."""
    return [socket.AF_INET, *([socket.AF_INET6] if Path("/proc/net/if_inet6").exists() else [])]


def _family(network: Network) -> int:
    return socket.AF_INET if network.version == 4 else socket.AF_INET6


def _rules(family: int) -> Iterator[bytes]:
    for protocol in (socket.IPPROTO_UDP, socket.IPPROTO_TCP):
        ports = struct.pack("HH", DNS_PORT, DNS_PORT)
        named = _attribute(PROTOCOL, struct.pack("B", protocol)) + _attribute(PORTS, ports)
        yield _rule(family, MAIN, NAMES_FIRST) + named
    yield _rule(family, TABLE, THEN_CLOSED)


def _rule(family: int, table: int, priority: int) -> bytes:
    head = struct.pack("BBBBBBBBI", family, 0, 0, 0, table, 0, 0, TO_TABLE, 0)
    return head + _attribute(PRIORITY, struct.pack("I", priority))


def _route(network: Network, kind: int) -> bytes:
    # The scope HOST holds sockets with SO_DONTROUTE as well, which look for neighbours only.
    head = struct.pack("BBBBBBBBI", _family(network), network.prefixlen, 0, 0, TABLE, STATIC, HOST, kind, 0)
    return head + _attribute(DESTINATION, network.network_address.packed)


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def _ask(kernel: socket.socket, kind: int, flags: int, message: bytes) -> None:
    kernel.send(struct.pack("IHHII", 16 + len(message), kind, flags, 1, 0) + message)
    _size, answered, _flags, _number, _port, error = struct.unpack_from("IHHIIi", kernel.recv(65536))
    if answered != ERROR or error:
        raise OSError(-error, f"the kernel refused a route or a rule: error {-error}")


def _networks(said: str) -> list[Network]:
    return [ipaddress.ip_network(word) for word in said.split(",") if word]


if __name__ == "__main__":
    close(_networks(sys.argv[1]), _networks(sys.argv[2] if len(sys.argv) > 2 else ""))
