"""Files from addresses that somebody else names: only public ones are asked, whatever a name or a redirect says."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncGenerator, Collection, Mapping
from urllib.parse import urlsplit

import httpx

from apps.platforms.base import PlatformError

MOST_REDIRECTS = 5
TIMEOUT = httpx.Timeout(15, connect=10)
REDIRECTS = (301, 302, 303, 307, 308)
SECRET_HEADERS = ("authorization", "cookie")
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an address of IPv4
# Private too, though Python calls them global: NAT64 of one's own (RFC 8215), site-local, IPv4 in its oldest dress.
PRIVATE = tuple(map(ipaddress.ip_network, ("64:ff9b:1::/48", "fec0::/10", "::/96")))


class AddressRefusedError(PlatformError):
    """The address leads into a private network, or nowhere."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, permanent=True)


def host_of(url: str) -> str:
    """`host:port` of an address, as `trusted` takes it; empty for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""


async def download(
    url: str, *, headers: Mapping[str, str] | None = None, trusted: Collection[str] = ()
) -> AsyncGenerator[bytes, None]:
    """The bytes; raises PlatformError. `trusted`: hosts (see `host_of`) that the operator set and that may be private.

    What is connected to is the address that was checked, at every redirect anew; secrets stay with the first host.
    """
    sent = dict(headers or {})
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        for _ in range(MOST_REDIRECTS + 1):
            request = await _request(client, url, sent, trusted)
            try:
                response = await client.send(request, stream=True)
            except httpx.HTTPError as error:
                raise PlatformError(f"The file's server cannot be reached: {type(error).__name__}.") from error
            try:
                if response.status_code not in REDIRECTS:
                    async for chunk in _content(response):
                        yield chunk
                    return
                target = str(httpx.URL(url).join(response.headers.get("location", "")))
            finally:
                await response.aclose()
            if host_of(target) != host_of(url):
                sent = {name: value for name, value in sent.items() if name.lower() not in SECRET_HEADERS}
            url = target
    raise PlatformError("The file's address redirects without end.", permanent=True)


async def _request(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], trusted: Collection[str]
) -> httpx.Request:
    """To the address that was checked, under the name that was asked for."""
    host = host_of(url)
    if not url.startswith(("http://", "https://")) or not host:
        raise AddressRefusedError("The file's address is not one of the web.")
    if host in trusted:
        return client.build_request("GET", url, headers=headers)
    target = httpx.URL(url)
    address = await _public_address(target.host, int(host.rpartition(":")[2]))
    request = client.build_request("GET", target.copy_with(host=address), headers=headers)
    request.headers["Host"] = target.netloc.decode()
    request.extensions["sni_hostname"] = target.host  # also what the certificate must name
    return request


async def _public_address(host: str, port: int) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PlatformError("The file's server is not known to the name service.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_is_public(address) for address in addresses):
        raise AddressRefusedError("The file's address leads into a private network.")
    return addresses[0]


def _is_public(address: str) -> bool:
    """Neither private, loopback, link-local (where clouds keep their secrets), shared, nor any of these in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if any(ip in network for network in PRIVATE):
        return False
    embedded = _ipv4_within(ip) if ip.version == 6 else None
    return all(each.is_global and not each.is_multicast for each in (ip, embedded) if each)


def _ipv4_within(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Where a packet to it may come out at last."""
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]


async def _content(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    status = response.status_code
    if status >= httpx.codes.BAD_REQUEST:
        raise PlatformError(f"The file's server answered {status}.", permanent=status < 500)
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except httpx.HTTPError as error:
        raise PlatformError(f"The file broke off: {type(error).__name__}.") from error
