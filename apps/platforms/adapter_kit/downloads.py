"""Fetches files from addresses that somebody else names: only public ones, whatever a name or a redirect says."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Collection, Mapping
from urllib.parse import urlsplit

import httpx
from django.utils.translation import gettext as _

from apps.agents.addresses import refusal
from apps.platforms.base import PlatformError

MOST_REDIRECTS = 5
TIMEOUT = httpx.Timeout(15, connect=10)
REDIRECTS = (301, 302, 303, 307, 308)
SECRET_HEADERS = ("authorization", "cookie")


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
        for _hop in range(MOST_REDIRECTS + 1):
            request = await _request(client, url, sent, trusted)
            try:
                response = await client.send(request, stream=True)
            except httpx.HTTPError as error:
                raise PlatformError(_("The file's server cannot be reached: %s.") % type(error).__name__) from error
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
    raise PlatformError(_("The file's address redirects without end."), permanent=True)


async def _request(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], trusted: Collection[str]
) -> httpx.Request:
    """To the address that was checked, under the name that was asked for."""
    host = host_of(url)
    if not url.startswith(("http://", "https://")) or not host:
        raise AddressRefusedError(_("The file's address is not one of the web."))
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
        raise PlatformError(_("The file's server is not known to the name service.")) from error
    # What an operator opens for the agents' errands is not open to whoever sends a file.
    public = [address for entry in found if not refusal(address := str(entry[4][0]), opened=())]
    if not public:
        raise AddressRefusedError(_("The file's address leads into a private network."))
    return public[0]


async def _content(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    status = response.status_code
    if status >= httpx.codes.BAD_REQUEST:
        raise PlatformError(_("The file's server answered %s.") % status, permanent=status < 500)
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    except httpx.HTTPError as error:
        raise PlatformError(_("The file broke off: %s.") % type(error).__name__) from error
