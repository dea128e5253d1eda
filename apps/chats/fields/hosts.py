"""Names of hosts in their one form, and the rules by which a group names those that its agent may reach."""

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass

import idna
from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_PORT = 65535
LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
NUMBER = re.compile(r"^(0x[0-9a-f]*|[0-9]+)\Z")  # as a last label: some resolvers read 0x7f.1 as an address
PORT = re.compile(r"^(.*[^:\]]|\[.*\]):([0-9]{1,5})\Z")


class BadHostError(ValueError):
    """The sentence says what is no host."""


def normal_host(host: str) -> str:
    """Lower case, without a trailing dot or brackets, in IDNA's ASCII form; raises BadHostError."""
    if len(host) > 1000:  # the conversion below takes its time with long ones
        raise BadHostError(_("“%s” is no host name.") % f"{host[:100]}…")
    text = host.strip().removesuffix(".").removeprefix("[").removesuffix("]")
    if literal(text):
        return str(literal(text))
    try:
        # UTS 46 also turns full-width digits and dots into plain ones, so it comes before any look at the text.
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise BadHostError(_("“%s” is no host name.") % host[:100]) from error
    if literal(name):
        return str(literal(name))
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.match(label) for label in labels) or NUMBER.match(labels[-1]):
        raise BadHostError(_("“%s” is no host name.") % host[:100])
    return name


def literal(host: str) -> Address | None:
    """The address, where the text is one. A zone (`fe80::1%eth0`) is part of no address that is meant here."""
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        return None if "%" in host else address
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """`example.org`, `*.example.org` (which is not example.org itself), an address; each with `:port` or without."""

    host: str
    below: bool = False  # any name below it, not itself
    port: int | None = None  # None: the usual ports

    def permits(self, host: str, port: int, usual_ports: list[int]) -> bool:
        """`host` is in normal form."""
        if port != self.port and (self.port is not None or port not in usual_ports):
            return False
        return host.endswith(f".{self.host}") if self.below else host == self.host


def parse_rule(text: str) -> Rule:
    """Raises BadHostError."""
    said = text.strip()
    if "/" in said:
        raise BadHostError(_("“%s” is no host name: leave out https:// and the path.") % text[:100])
    port = None
    if not literal(said) and (with_port := PORT.match(said)):
        said, port = with_port[1], int(with_port[2])
        if not 0 < port <= MAX_PORT:
            raise BadHostError(_("%s is no port.") % port)
    below = said.startswith("*.")
    host = normal_host(said.removeprefix("*."))
    if below and ("." not in host or literal(host)):
        raise BadHostError(_("“%s” is too wide: name at least *.example.org.") % text[:100])
    return Rule(host, below, port)


def permitted(rules: list[str], host: str, port: int, usual_ports: list[int]) -> bool:
    """Whether one of the rules names this host (in normal form); a rule that cannot be read permits nothing."""
    for text in rules:
        with suppress(BadHostError):
            if isinstance(text, str) and parse_rule(text).permits(host, port, usual_ports):
                return True
    return False
