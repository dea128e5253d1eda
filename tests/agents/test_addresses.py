"""Which addresses and names an errand may go to; what is resolved here is resolved by this machine."""

import ipaddress
import socket
import threading

import pytest

from apps.agents import addresses
from apps.agents.addresses import AddressRefusedError, Network, UnreachableError, refusal, resolve_public

PRIVATE = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"), ipaddress.ip_network("0.0.0.0/0")]


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255",
     "2606:4700:4700::1111", "2001:4860:4860::8888", "2001:200::1"],
)  # fmt: skip
def test_public_addresses_may_be_reached(address):
    assert refusal(address, []) == ""


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"), ("127.255.255.254", "loopback"), ("::1", "loopback"),
        ("0.0.0.0", "no address of a host"), ("0.1.2.3", "no address of a host"), ("::", "no address of a host"),
        ("10.0.0.1", "private"), ("172.16.0.1", "private"), ("172.31.255.255", "private"), ("192.168.1.1", "private"),
        ("fc00::1", "private"), ("fd12:3456::1", "private"),
        ("169.254.169.254", "metadata"), ("169.254.170.2", "metadata"), ("100.100.100.200", "metadata"),
        ("192.0.0.192", "metadata"), ("168.63.129.16", "metadata"), ("fd00:ec2::254", "metadata"),
        ("169.254.1.1", "link-local"), ("fe80::1", "link-local"), ("fec0::1", "link-local"),
        ("100.64.0.1", "provider"), ("100.127.255.255", "provider"),
        ("224.0.0.1", "multicast"), ("239.1.1.1", "multicast"), ("ff02::1", "multicast"),
        ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"), ("198.18.0.1", "reserved"),
        ("192.88.99.1", "reserved"), ("192.0.2.1", "examples"), ("2001:db8::1", "examples"), ("3fff::1", "examples"),
        ("::ffff:127.0.0.1", "not an address of the public internet"),
        ("::ffff:8.8.8.8", "not an address of the public internet"),
        ("::ffff:169.254.169.254", "not an address of the public internet"),
        ("::127.0.0.1", "not an address of the public internet"),
        ("64:ff9b::7f00:1", "not an address of the public internet"),
        ("64:ff9b::a9fe:a9fe", "not an address of the public internet"),
        ("64:ff9b:1::1", "not an address of the public internet"), ("100::1", "not an address of the public internet"),
        ("2002:7f00:1::", "translation"), ("2001::1", "translation"), ("2001:0:a9fe:a9fe::", "translation"),
        ("fe80::1%eth0", "is no address"), ("0177.0.0.1", "is no address"), ("example.org", "is no address"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_kind(address, kind):
    assert kind in refusal(address, [])


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("10.1.2.3", False), ("fd00::5", False), ("192.168.1.1", False), ("127.0.0.1", True), ("169.254.1.1", True),
        ("169.254.169.254", True), ("100.100.100.200", True), ("fd00:ec2::254", True), ("224.0.0.1", True),
        ("fc00::1", True), ("::ffff:10.1.2.3", True),
    ],
)  # fmt: skip
def test_an_operator_opens_private_networks_and_never_the_machine_itself(address, refused):
    assert bool(refusal(address, PRIVATE)) is refused


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "169.254.169.254", "0x7f.1", "a b"])
def test_names_of_the_inside_are_refused_after_they_were_resolved(host):
    with pytest.raises(AddressRefusedError):
        resolve_public(host, 80)


def test_a_public_literal_is_its_own_answer():
    assert resolve_public("1.1.1.1", 443) == ("1.1.1.1",)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(AddressRefusedError, match="no port"):
        resolve_public("1.1.1.1", port)


def test_a_name_that_nobody_knows_is_said(monkeypatch):
    monkeypatch.setattr(addresses, "RESOLVE_TIMEOUT", 60)  # a name server that is away is no answer either
    with pytest.raises(UnreachableError, match="cannot be resolved"):
        resolve_public("no-such-host.invalid", 80)


def test_a_resolver_that_hangs_is_given_up(monkeypatch):
    hang = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: hang.wait(60))
    monkeypatch.setattr(addresses, "RESOLVE_TIMEOUT", 0.1)
    with pytest.raises(UnreachableError, match="not resolved within"):
        resolve_public("slow.example", 80)
    hang.set()


def test_only_the_public_ones_of_a_names_addresses_are_given(monkeypatch):
    """A name that answers with both, as a rebinding one does."""
    found = [(0, 0, 0, "", (address, 80)) for address in ("127.0.0.1", "1.1.1.1", "10.0.0.1", "1.1.1.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    assert resolve_public("both.example", 80) == ("1.1.1.1",)


def test_a_connection_reaches_an_opened_network_and_says_when_nobody_answers(settings, own_address):
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(own_address)]
    with socket.create_server((own_address, 0)) as server:
        port = server.getsockname()[1]
        with addresses.connect(own_address, port) as connection:
            assert connection.getpeername() == (own_address, port)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        addresses.connect(own_address, port)


def networks(*said: str) -> list[Network]:
    return [ipaddress.ip_network(one) for one in said]


def test_an_open_network_is_closed_to_what_is_inside_but_for_what_the_operator_opens():
    closed, opened = addresses.closed_to_open_networks(networks("10.1.0.0/16", "192.168.0.0/16", "8.0.0.0/8"))
    assert {"10.0.0.0/8", "172.16.0.0/12", "169.254.0.0/16", "169.254.169.254/32"} <= set(map(str, closed))
    assert not {"192.168.0.0/16", "127.0.0.0/8"} & set(map(str, closed))
    assert opened == networks("10.1.0.0/16")


def test_no_setting_opens_the_metadata_address_to_it():
    closed, opened = addresses.closed_to_open_networks(networks("0.0.0.0/0", "169.254.0.0/16"))
    assert networks("169.254.169.254/32")[0] in closed
    assert opened == []


def test_the_same_connection_is_refused_where_nothing_is_opened(own_address):
    with pytest.raises(AddressRefusedError, match=own_address):
        addresses.connect(own_address, 80)
