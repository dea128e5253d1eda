"""The whole way out, from a client beside the runner to the host's side."""

import os
import subprocess

from apps.agents.egress.egress import FRAMES, Egress
from apps.agents.link.link import BadLine, Frame, Link
from apps.agents.models import Run
from tests.runner.proxies.support import Runner, curl


class Pipes:
    """A link's byte stream over two pipes."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def read(self) -> bytes:
        return os.read(self._incoming, 65536)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._outgoing, rest) :]

    def close(self) -> None:
        """The test closes the pipes, from the runner's end on."""


class Way:
    """What a test holds of the whole way."""

    def __init__(self, run: Run, port: int, address: str) -> None:
        (hosts_input, runners_output), (runners_input, self._hosts_output) = os.pipe(), os.pipe()
        self._hosts_input = hosts_input
        self.runner = Runner(runners_input, runners_output)
        self.link = Link(Pipes(hosts_input, self._hosts_output), self._take)
        self.host = Egress(self.link, run)
        self.address, self.port = address, port

    def _take(self, frame: Frame | BadLine | None) -> None:
        if isinstance(frame, dict) and frame["type"] in FRAMES:
            self.host.take(frame)

    def curl(self, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return curl(self.runner.proxy, url, *arguments)

    def get(self, path: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.curl(f"http://{self.address}:{self.port}{path}", *arguments)

    def close(self) -> None:
        self.host.close()
        self.runner.stop()
        os.close(self._hosts_output)
        self.runner.join()
        self.link.close()
        os.close(self._hosts_input)
