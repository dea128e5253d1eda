"""Files from addresses that somebody else names."""

import asyncio
from typing import Any

import pytest

from apps.platforms.adapter_kit import downloads
from apps.platforms.base import PlatformError
from tests.fakes.telegram_api import TOKEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://localhost:8000/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data",
        "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://0.0.0.0/", "http://100.64.0.1/", "http://[fd00::1]/",
        "http://2130706433/", "http://0x7f.1/", "file:///etc/passwd", "ftp://example.org/x", "http://", "nonsense",
        "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[64:ff9b:1::a00:1]/", "http://[fec0::1]/",
        "http://[::7f00:1]/", "http://[::]/", "http://168.63.129.16/",
    ],
)  # fmt: skip
def test_no_private_address_is_asked(url):
    with pytest.raises(downloads.AddressRefusedError):
        fetched(url)


def test_a_trusted_host_may_be_private_but_not_lead_elsewhere(api):
    api.files = {"doc": b"text"}
    url = f"{api.url}/file/bot{TOKEN}/things/doc"
    assert fetched(url, trusted=[downloads.host_of(api.url)]) == b"text"
    with pytest.raises(PlatformError, match="private network"):
        fetched(url)


def fetched(url: str, **options: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in downloads.download(url, **options)])

    return asyncio.run(read())
