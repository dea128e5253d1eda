"""The runner's proxy for the outside, and a client of it."""

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable

from ngb_runner.link.link import listen, open_link
from ngb_runner.proxies import egress as runner_egress

PROXY_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
    *("NO_PROXY", "no_proxy", "NODE_USE_ENV_PROXY"),
)


def curl(proxy: str, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["curl", "-sS", "--noproxy", "", "--max-time", "50", "--proxy", proxy, *arguments, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Runner:
    """The runner's half in a thread of its own, with a real link."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.proxy = ""
        self._incoming, self._outgoing = incoming, outgoing
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._hung_up = asyncio.Event()
        link = await open_link(self._outgoing)
        self.egress = runner_egress.Egress(link)
        await listen(self._incoming, self.egress.receive, self._hung_up)  # type: ignore[arg-type]
        await self.egress.listen()
        self.proxy, self.egress.opened = os.environ["HTTP_PROXY"], True
        self._ready.set()
        await self._stop.wait()
        await self.egress.close()
        link.close()
        await asyncio.wait_for(self._hung_up.wait(), 30)
        await asyncio.sleep(0)

    def call(self, function: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        self.call(self._stop.set)

    def join(self) -> None:
        self._thread.join(30)
