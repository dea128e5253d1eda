"""The Docker engine: one client for each process, its errors in words, and an attached container's byte stream."""

import logging
import os
import socket
import struct
from functools import cache
from typing import Any
from urllib.parse import urlencode

import docker
from django.utils.translation import gettext as _
from docker.errors import APIError, DockerException, NotFound
from docker.utils import parse_host
from requests.exceptions import RequestException

logger = logging.getLogger(__name__)

ENGINE_ERRORS = (DockerException, RequestException, OSError)
ANSWER_TIMEOUT = 30.0  # seconds
STDOUT = 1
WRITE_TIMEOUT = 30.0  # seconds until a runner that reads nothing counts as dead
STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
ATTACH = "POST /v{}/containers/{}/attach?{} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
MAX_HEAD = 65536  # bytes
HEADER = struct.Struct(">BxxxL")  # of the multiplexed stream: which stream, how many bytes


@cache
def engine() -> docker.APIClient:
    """One client for each process; every call has a time-out; raises DockerException when no engine answers."""
    client = docker.DockerClient.from_env(timeout=ANSWER_TIMEOUT).api
    client.trust_env = False  # no proxy stands before an engine; looking for one takes as long as asking it
    return client


def fresh_engine() -> docker.APIClient:
    """For one question, before a fork too; the caller closes it."""
    return docker.DockerClient.from_env(timeout=5).api


_cores: list[int] = []  # asked once


def cores() -> float:
    """How many CPUs the engine has to give; without end while it cannot be asked."""
    if not _cores:
        try:
            _cores.append(int(engine().info()["NCPU"]))
        except ENGINE_ERRORS as error:
            logger.debug("the engine does not say how many CPUs it has: %s", error)
            return float("inf")
    return _cores[0]


def sentence(error: BaseException) -> str:
    """The engine's own words, without its URLs."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation)
    return _("the Docker engine does not answer.")


def remove(name: str) -> None:
    """Kills and removes; a container that is gone already is fine."""
    try:
        engine().remove_container(name, force=True, v=True)
    except NotFound:
        logger.debug("the container %s is gone already", name)
    except APIError as error:
        if error.status_code != 409:  # its removal is in progress already
            raise


def _attached(name: str) -> tuple[Any, socket.socket, bytes]:
    response = engine().attach_socket(name, params=STREAMS)
    return response, getattr(response, "_sock", response), b""


def _attached_here(name: str) -> tuple[Any, socket.socket, bytes] | None:
    """The same at this machine's own socket, without the library's layers: they take longer than the engine.

    None where the engine is elsewhere, and where it does not agree: the library then finds out why.
    """
    kind, _, path = parse_host(os.environ.get("DOCKER_HOST")).partition("://")
    if kind != "http+unix":
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_TIMEOUT)
    try:
        connection.connect(path)
        connection.sendall(ATTACH.format(engine().api_version, name, urlencode(STREAMS)).encode())
        head, received = _head(connection)
    except BaseException:
        connection.close()
        raise
    if head.split(b" ")[1:2] == [b"101"]:
        return connection, connection, received
    connection.close()
    return None


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    """Of the engine's answer, and what came behind it."""
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < MAX_HEAD:
        received = connection.recv(MAX_HEAD)
        if not received:
            break
        answer += received
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head, rest


class AttachedStream:
    """A container's stdin and stdout; letting go leaves the container alive."""

    def __init__(self, name: str) -> None:
        self._response, self._socket, received = _attached_here(name) or _attached(name)
        self._socket.settimeout(WRITE_TIMEOUT)
        self._received = bytearray(received)

    def read(self) -> bytes:
        """The next piece of stdout; stderr is the runner's log."""
        while True:
            for kind, data in iter(self._next_piece, None):
                if kind == STDOUT:
                    return data
                logger.debug("runner: %s", data.decode(errors="replace").rstrip())
            try:
                received = self._socket.recv(65536)
            except TimeoutError:  # the time-out is there for writing; silence is no fault
                continue
            if not received:
                return b""
            self._received += received

    def _next_piece(self) -> tuple[int, bytes] | None:
        if len(self._received) < HEADER.size:
            return None
        kind, size = HEADER.unpack_from(self._received)
        end = HEADER.size + size
        if len(self._received) < end:
            return None
        data = bytes(self._received[HEADER.size : end])
        del self._received[:end]
        return kind, data

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            logger.debug("the attached stream was closed already")
        self._response.close()
        self._socket.close()
